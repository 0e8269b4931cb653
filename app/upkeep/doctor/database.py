"""The database itself: its version, how it is set up, its schema, and whether it is whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL

from app.db.engine import OLDEST_SQLITE
from app.upkeep import revisions
from app.upkeep.databases import file_of
from app.upkeep.doctor.finding import Finding
from app.upkeep.files import find_damage
from app.upkeep.writing import try_writing

OLDEST_POSTGRESQL = (14,)

PRAGMAS = (("foreign_keys", "1", "on"), ("journal_mode", "wal", "WAL"))
SYNCHRONOUS = {"full": ("synchronous", "2", "FULL"), "normal": ("synchronous", "1", "NORMAL")}
"""Each with the value that the board needs, as SQLite says it, and as people do."""

DAMAGED = "Stop the server and restore the last good backup."

SERVER_SETTINGS = (("timezone", "UTC"), ("transaction_isolation", "read committed"))


def look_at(connection: Connection, url: URL, synchronous: str) -> Iterator[Finding]:
    """What there is to say before the board's rows are read."""
    is_file = connection.dialect.name == "sqlite"
    yield _check_version(connection)
    yield _check_pragmas(connection, synchronous) if is_file else _check_server(connection)
    yield _check_schema(connection)
    if is_file:
        yield _check_damage(url)


def _check_version(connection: Connection) -> Finding:
    found = tuple(connection.dialect.server_version_info or ())
    is_file = connection.dialect.name == "sqlite"
    name, oldest = ("SQLite", OLDEST_SQLITE) if is_file else ("PostgreSQL", OLDEST_POSTGRESQL)
    has, needed = (".".join(map(str, version)) for version in (found, oldest))
    if found < oldest:
        return Finding.problem("database", f"{name} {has} is too old; {needed} or newer is needed.")
    return Finding.ok("database", f"{name} {has}")


def check_writing(engine: Engine) -> Finding:
    """Whether a database that is in order can be written."""
    if failure := try_writing(engine):
        return Finding.problem("writing", f"{failure.reason} {failure.advice}")
    return Finding.ok("writing", "the database can be written")


def _check_pragmas(connection: Connection, synchronous: str) -> Finding:
    needed = (*PRAGMAS, SYNCHRONOUS[synchronous])
    wrong = [
        f"{name} isn't {word}"
        for name, value, word in needed
        if str(connection.exec_driver_sql(f"PRAGMA {name}").scalar()) != value
    ]
    if wrong:
        return Finding.problem(
            "pragmas",
            f"{', '.join(wrong)}. The board sets this itself; perhaps the file lies on a network "
            "drive. Keep it on a local disk.",
        )
    return Finding.ok("pragmas", ", ".join(f"{name} {word}" for name, _, word in needed))


def _check_server(connection: Connection) -> Finding:
    wrong = [
        f"{name} is {found}, not {needed}"
        for name, needed in SERVER_SETTINGS
        if (found := connection.exec_driver_sql(f"SHOW {name}").scalar()) != needed
    ]
    if wrong:
        return Finding.problem(
            "server settings", f"{', '.join(wrong)}. See what sets this for the board's user."
        )
    return Finding.ok(
        "server settings", ", ".join(f"{name} {value}" for name, value in SERVER_SETTINGS)
    )


def _check_schema(connection: Connection) -> Finding:
    revision = revisions.revision_of(connection)
    standing = revisions.standing_of(revision)
    if standing == "current":
        return Finding.ok("schema", f"revision {revision}, this version's own")
    return Finding.problem(
        "schema",
        f"revision {revision or 'none'}, and this version needs {revisions.head()}. "
        + (revisions.NEWER if standing == "newer" else revisions.MISSING),
    )


def _check_damage(url: URL) -> Finding:
    try:
        damage = find_damage(file_of(url))
    except sqlite3.DatabaseError as error:
        damage = [str(error)]
    if damage:
        more = f" (and {len(damage) - 1} more)" if len(damage) > 1 else ""
        return Finding.problem("integrity", f"{damage[0]}{more}. {DAMAGED}")
    return Finding.ok("integrity", "the file is whole, and no row names one that isn't there")
