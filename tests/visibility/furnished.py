"""Boards that many tests begin with: made once, then copied."""

from __future__ import annotations

import atexit
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy.orm import Session

from app import clock
from app.db.base import db

T = TypeVar("T")

LASTS = timedelta(minutes=1)
"""How long a copy is as good as a new board: some minutes later its workers would be silent."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A board in memory, and what was told of its rows."""

    made_at: datetime
    file: sqlite3.Connection
    told: Any


_kept: dict[Callable[[Session], Any], Kept] = {}


def begin_with(app: Flask, furnish: Callable[[Session], T]) -> T:
    """Let a function make its rows on an empty board; gives what it tells of them. On SQLite all
    but the first board are copies, which take a hundredth of the time."""
    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            return _made(furnish)
        kept = _kept.get(furnish)
        if kept is None or clock.now() - kept.made_at > LASTS:
            told = _made(furnish)
            kept = _kept[furnish] = Kept(clock.now(), _in_memory(), told)
            with closing(db.engine.raw_connection()) as connection:
                _file(connection).backup(kept.file)
            return told
        with closing(db.engine.raw_connection()) as connection:
            kept.file.backup(_file(connection))
        told_before: T = kept.told
        return told_before


def _made(furnish: Callable[[Session], T]) -> T:
    told = furnish(db.session())
    db.session.commit()
    return told


def _in_memory() -> sqlite3.Connection:
    file = sqlite3.connect(":memory:", check_same_thread=False)
    atexit.register(file.close)
    return file


def _file(connection: Any) -> sqlite3.Connection:
    file: sqlite3.Connection = connection.dbapi_connection
    return file
