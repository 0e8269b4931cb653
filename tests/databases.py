"""The databases of tests: made, copied, emptied."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import cast

import pytest
from flask import current_app
from sqlalchemy.engine import make_url

from app.db.base import db
from app.db.full_text import DOCUMENTS

EMPTY_FILE = "tests.empty_file"
"""Where an application finds a SQLite file as it is before the first row, in memory."""


def folder_of_run(factory: pytest.TempPathFactory) -> Path:
    """What all processes of the run share."""
    folder = factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


def empty_all_tables() -> None:
    """Take all rows away from the database of the application that is current."""
    db.session.rollback()
    if db.engine.dialect.name == "sqlite":
        bring_back_empty_file()
        return
    connection = db.session.connection()
    names = [table.name for table in db.metadata.tables.values()] + [DOCUMENTS]
    # Most have none, or the test has not committed: to ask takes a fifth of deleting from all.
    has_rows = ", ".join(f"EXISTS (SELECT FROM {name})" for name in names)
    found = connection.exec_driver_sql(f"SELECT {has_rows}").one()
    # Many times faster than TRUNCATE, which makes new files; without triggers and foreign keys.
    steps = ["SET LOCAL session_replication_role = replica"]
    steps += [f"DELETE FROM {name}" for name, is_full in zip(names, found, strict=True) if is_full]
    # How far the log can be read depends on the last number that was given to an event.
    steps += ["SELECT setval('events_id_seq', 1, false)"]
    connection.exec_driver_sql("; ".join(steps))
    db.session.commit()


def keep_empty_file() -> None:
    """Keep a SQLite file as it is now, for all that come later."""
    with _file() as file:
        file.backup(current_app.extensions[EMPTY_FILE])


def has_tables(file: sqlite3.Connection) -> bool:
    """Whether a SQLite file has any."""
    return file.execute("SELECT 1 FROM sqlite_schema").fetchone() is not None


def bring_back_empty_file() -> None:
    """All pages at once, which asks no trigger and takes a tenth of the time of deleting rows."""
    tries = count()

    def give_up(*_progress: int) -> None:
        assert next(tries) < 1_000, "somebody else still writes"

    with _file() as file:
        current_app.extensions[EMPTY_FILE].backup(file, progress=give_up, sleep=0.005)


@contextmanager
def _file() -> Iterator[sqlite3.Connection]:
    connection = db.engine.raw_connection()
    try:
        yield cast(sqlite3.Connection, connection.dbapi_connection)
    finally:
        connection.close()


def has_migrations(url: str) -> bool:
    """Whether a PostgreSQL database was migrated."""
    import psycopg

    with psycopg.connect(_for_psycopg(url)) as connection:
        (found,) = connection.execute("SELECT to_regclass('alembic_version')").fetchone() or (None,)
        return found is not None


def copy_database(url: str, source: str, target: str) -> None:
    """Make a database of the server at this URL as another is, which nobody uses."""
    """Make a database of PostgreSQL as another one is that nobody uses; the URL is of either."""
    server = _for_psycopg(url, database="postgres")
    run_on_server(server, f"DROP DATABASE IF EXISTS {target}")
    run_on_server(server, f"CREATE DATABASE {target} TEMPLATE {source}")


def _for_psycopg(url: str, database: str | None = None) -> str:
    changed = make_url(url).set(
        drivername="postgresql", database=database or make_url(url).database
    )
    return changed.render_as_string(hide_password=False)


def run_on_server(url: str, statement: str) -> None:
    """Run a statement outside of any transaction, at a URL of psycopg's."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())
