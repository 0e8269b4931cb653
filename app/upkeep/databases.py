"""Databases by their URL: opened to be read at one moment, or to be filled all or nothing.

JSON travels as the text that it is: neither its spaces nor the order of its keys change on the way,
and a JSON `null` stays another thing than a NULL.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from app.db.engine import POSTGRESQL_OPTIONS, WRITE_LOCK_SECONDS
from app.errors import Conflict, Invalid
from app.settings import ConfigError
from app.settings.board import load_settings

NO_TIMEOUT = "-c idle_in_transaction_session_timeout=0"
"""A copy waits for the other database while its own transaction stands still."""

ALONE_SECONDS = 2
"""How long to wait for others to let a database go."""

ALONE_RETRY_SECONDS = 0.05

OTHER_CLIENTS = text("""
    SELECT concat_ws(' ', nullif(application_name, ''), 'as ' || usename)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL
      AND coalesce(backend_type, 'client backend') = 'client backend'
""")
"""PostgreSQL's own processes have no user; of other users' only the name is shown to everyone."""

CLEAR_SNAPSHOT = text("SELECT pg_stat_clear_snapshot()")

READ_SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
SECRET_WORDS = ("pass", "key", "secret")


def read_url(given: str) -> URL:
    """A database URL as the setting would take it, or `Invalid`; no message shows it."""
    try:
        url = make_url(load_settings(database_url=given.strip()).url)
    except ConfigError:
        raise Invalid(
            "That is no database URL, such as sqlite:////var/lib/callboard/callboard.db or "
            "postgresql://user:password@host/name."
        ) from None
    if is_sqlite(url) and url.database in (None, "", ":memory:"):
        raise Invalid("A SQLite database needs a file: sqlite:////var/lib/callboard/callboard.db.")
    return url


def shown(url: URL) -> str:
    """The URL for people to read, without passwords."""
    secret = {name for name in url.query if any(word in name for word in SECRET_WORDS)}
    return url.difference_update_query(secret).render_as_string(hide_password=True)


def is_sqlite(url: URL) -> bool:
    """Whether the database is a file."""
    return url.get_backend_name() == "sqlite"


def file_of(url: URL) -> Path:
    """The file of a SQLite database."""
    return Path(url.database or "")


@contextmanager
def snapshot(url: URL) -> Iterator[Connection]:
    """Read a database as it is at one moment; who writes meanwhile isn't hindered."""
    if is_sqlite(url):
        with reading_file(file_of(url)) as connection:
            yield connection
        return
    with _postgresql(url).connect().execution_options(**READ_SNAPSHOT) as connection:
        yield connection


@contextmanager
def reading_file(file: Path) -> Iterator[Connection]:
    """The same, for a file that must be there."""
    if not file.is_file():
        raise Conflict(f"There is no database file {file}.")

    def connect() -> sqlite3.Connection:
        raw = open_file(file)
        raw.execute("PRAGMA query_only=ON")
        return raw

    with _sqlite(connect).connect() as connection:
        yield connection


@contextmanager
def filling_file(file: Path, *, is_json_text: bool = True) -> Iterator[Connection]:
    """One transaction in a SQLite file that nobody else knows yet, without foreign keys: whoever
    fills it checks them at the end. Migrations read and write JSON as values, not as text."""

    def connect() -> sqlite3.Connection:
        raw = open_file(file)
        raw.execute("PRAGMA synchronous=OFF")
        return raw

    with _sqlite(connect, is_json_text=is_json_text).begin() as connection:
        yield connection


@contextmanager
def filling_server(url: URL) -> Iterator[Connection]:
    """One transaction in a PostgreSQL database that nobody else is connected to."""
    with _postgresql(url).begin() as connection:
        _require_alone(connection)
        yield connection


def _require_alone(connection: Connection) -> None:
    """Raise `Conflict` while others are connected; one who is just leaving gets a moment."""
    deadline = time.monotonic() + ALONE_SECONDS
    while others := connection.scalars(OTHER_CLIENTS).all():
        if time.monotonic() > deadline:
            raise Conflict(
                f"Others are connected to the database ({_counted(others)}): "
                "stop the server first. Nothing was changed."
            )
        time.sleep(ALONE_RETRY_SECONDS)
        # Within a transaction PostgreSQL goes on showing what it showed first.
        connection.execute(CLEAR_SNAPSHOT)


def _counted(names: Sequence[str]) -> str:
    return ", ".join(f"{number} × {name}" for name, number in sorted(Counter(names).items()))


def open_file(file: Path) -> sqlite3.Connection:
    """The driver's own connection to a SQLite file that is there; it begins nothing by itself."""
    mode = "rw" if os.access(file, os.W_OK) else "ro"
    return sqlite3.connect(
        f"file:{quote(str(file.resolve()))}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=WRITE_LOCK_SECONDS,
        check_same_thread=False,
    )


def _sqlite(connect: Any, *, is_json_text: bool = True) -> Engine:
    options = _json_as_text() if is_json_text else {}
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, **options)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _postgresql(url: URL) -> Engine:
    options = {"options": f"{POSTGRESQL_OPTIONS} {NO_TIMEOUT}"}
    return create_engine(url, connect_args=options, poolclass=NullPool, **_json_as_text())


def _json_as_text() -> dict[str, Any]:
    return {"json_serializer": _text_of, "json_deserializer": _text_of}


def _text_of(value: str | bytes) -> str:
    """PostgreSQL's driver hands JSON over as bytes."""
    return value.decode() if isinstance(value, bytes) else value
