"""Whether a database can be written: found out by writing, and remembered from what failed."""

from __future__ import annotations

import sqlite3
import time

from sqlalchemy import Engine, ExceptionContext, event, text
from sqlalchemy.exc import SQLAlchemyError

from app.db.engine import patient
from app.db.errors import DatabaseFailure, failure_of

PATIENCE_SECONDS = 0.25
ASKED_EVERY_SECONDS = 5.0
REMEMBERED_SECONDS = 30.0

SAME_AS_BEFORE = text("UPDATE alembic_version SET version_num = version_num")
"""A change that changes nothing: it needs the lock, room in the log, and the disk."""


def try_writing(engine: Engine) -> DatabaseFailure | None:
    """Why a database with this version's tables can't be written; None: it can, or others are
    writing to it just now."""
    try:
        with patient(engine, PATIENCE_SECONDS).begin() as connection:
            if connection.dialect.name == "postgresql":
                milliseconds = int(PATIENCE_SECONDS * 1000)
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {milliseconds}")
            connection.execute(SAME_AS_BEFORE)
    except (SQLAlchemyError, sqlite3.Error) as error:
        failure = failure_of(error)
        if failure is None:
            raise
        return None if failure.kind == "busy" else failure
    return None


class WriteCheck:
    """What this process knows of writing to its database.

    Trying isn't enough: on a disk that is nearly full a small change may fit where a real one
    doesn't. So what failed for others counts as well, for a while.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tried: DatabaseFailure | None = None
        self._next_try = 0.0
        self._seen: DatabaseFailure | None = None
        self._seen_at = 0.0
        event.listen(engine, "handle_error", self._remember)

    def failure(self) -> DatabaseFailure | None:
        """Why the database can't be written, as far as is known; tries it at most every few
        seconds, so that asking often costs nothing."""
        now = time.monotonic()
        if now >= self._next_try:
            self._next_try = now + ASKED_EVERY_SECONDS
            self._tried = try_writing(self._engine)
        is_recent = now - self._seen_at < REMEMBERED_SECONDS
        return self._tried or (self._seen if is_recent else None)

    def _remember(self, context: ExceptionContext) -> None:
        failure = failure_of(context.original_exception)
        if failure and failure.kind in ("disk_full", "read_only"):
            self._seen, self._seen_at = failure, time.monotonic()
