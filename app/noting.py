"""Small notes beside a request's own work: when a token or a session was used last."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import engine
from app.extensions import db

PATIENCE_SECONDS = 0.05


def note_apart(write: Callable[[Session], None]) -> None:
    """Write in a transaction of its own, or not at all: never at the request's expense."""
    try:
        with (
            engine.reading(False),
            engine.patience(PATIENCE_SECONDS),
            Session(db.engine) as apart,
            apart.begin(),
        ):
            write(apart)
    except (OperationalError, sqlite3.OperationalError) as error:
        if not engine.is_busy(error):
            raise
