"""Why a database couldn't do what it was asked: the one place that tells such errors apart.

The interfaces choose the status and the form of an answer; the words are here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Final, Literal

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.values import immutable

Kind = Literal["busy", "disk_full", "read_only", "unreachable", "damaged"]


@immutable
class DatabaseFailure:
    """The database failed, not the request. `retry_after`: when another try makes sense, in
    seconds."""

    kind: Kind
    reason: str
    advice: str
    retry_after: int = 30


OPERATOR: Final = "Nothing was changed. Whoever runs the board has to"

BUSY: Final = DatabaseFailure(
    "busy", "The database didn't come free in time.", "Nothing was changed; send it again.", 2
)
DISK_FULL: Final = DatabaseFailure(
    "disk_full",
    "The database can't be written: its disk is full.",
    f"{OPERATOR} make room; reading still works.",
)
READ_ONLY: Final = DatabaseFailure(
    "read_only",
    "The database can't be written: it is read-only.",
    f"{OPERATOR} make its file and folder, or its server, writable.",
)
UNREACHABLE: Final = DatabaseFailure(
    "unreachable",
    "The database doesn't answer.",
    f"{OPERATOR} see to it, unless it comes back by itself.",
    5,
)
DAMAGED: Final = DatabaseFailure(
    "damaged",
    "The database's file is damaged, or its disk reports errors.",
    f"{OPERATOR} run: callboard doctor.",
)

OF_SQLITE: Final[Mapping[int, DatabaseFailure]] = {
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_FULL: DISK_FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: DISK_FULL,  # the index of the write-ahead log can't grow
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: UNREACHABLE,
    sqlite3.SQLITE_IOERR: DAMAGED,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
}
"""By SQLite's extended code, else by its primary one."""

OF_POSTGRESQL: Final[Mapping[str, DatabaseFailure]] = {
    "55P03": BUSY,  # lock_not_available
    "57014": BUSY,  # query_canceled, by a timeout
    "40001": BUSY,  # serialization_failure
    "40P01": BUSY,  # deadlock_detected
    "25P03": BUSY,  # idle_in_transaction_session_timeout
    "53100": DISK_FULL,
    "25006": READ_ONLY,  # a standby, or default_transaction_read_only
    "53": BUSY,  # no memory, or no connection left
    "08": UNREACHABLE,
    "57": UNREACHABLE,  # it is being stopped or started
    "28": UNREACHABLE,  # it doesn't know the board's user or password
    "3D": UNREACHABLE,  # it has no such database
    "58": DAMAGED,
    "XX": DAMAGED,
}
"""By SQLSTATE, else by the class of errors that it belongs to."""

SIGNS_OF_BUSY = ("database is locked", "lock timeout", "deadlock detected")
PRIMARY_CODE = 0xFF


def failure_of(error: BaseException) -> DatabaseFailure | None:
    """What failed; None when the error says nothing of the database, but of what it was asked."""
    if isinstance(error, PoolTimeout):
        return BUSY
    original = (error.orig if isinstance(error, DBAPIError) else None) or error
    code: int | None = getattr(original, "sqlite_errorcode", None)
    if code is not None:
        return OF_SQLITE.get(code) or OF_SQLITE.get(code & PRIMARY_CODE)
    if state := getattr(original, "sqlstate", None):
        return OF_POSTGRESQL.get(state) or OF_POSTGRESQL.get(state[:2])
    if any(sign in str(error) for sign in SIGNS_OF_BUSY):
        return BUSY
    # PostgreSQL itself said nothing: there was no connection, or it was lost.
    is_cut_off = isinstance(error, OperationalError | InterfaceError) and hasattr(
        original, "sqlstate"
    )
    return UNREACHABLE if is_cut_off else None


def is_busy(error: BaseException) -> bool:
    """Whether a database error only says that others hold the lock: worth another try later."""
    return failure_of(error) is BUSY
