"""Small notes beside a request's own work: when a token or a session was used last."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.db.base import db
from app.db.engine import patient
from app.db.errors import failure_of

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.05


def write_best_effort(write: Callable[[Session], None]) -> None:
    """Write in a transaction of its own, or not at all: never at the request's expense."""
    with (
        best_effort("a note of last use"),
        Session(patient(db.engine, PATIENCE_SECONDS)) as apart,
        apart.begin(),
    ):
        write(apart)


@contextmanager
def best_effort(what: str) -> Iterator[None]:
    """Go on without it when the database can't be written: who only reads shall not notice."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        failure = failure_of(error)
        if failure is None:
            raise
        log.log(
            logging.DEBUG if failure.kind == "busy" else logging.WARNING,
            "left out %s: %s",
            what,
            failure.reason,
        )
