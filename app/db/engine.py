"""What SQLite and PostgreSQL each need.

SQLite: foreign keys, a write-ahead log, and transactions that begin as what they are. A transaction
that will write says so at once (BEGIN IMMEDIATE): one that first reads and then writes fails with
"database is locked" as soon as two of them meet, however long SQLite is told to wait.

PostgreSQL: what only reads is in no transaction, so that the statements which the driver has
prepared stay; and only those are prepared that find rows by their keys.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
import time
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, event
from sqlalchemy.engine import URL, make_url

from app.settings import ConfigError
from app.settings.board import ENV_PREFIX

OLDEST_SQLITE = (3, 38, 0)
"""The `->>` operator on JSON came with this version."""

WRITE_LOCK_SECONDS = 15.0
"""How long a writer waits for SQLite's one write lock before it gives up."""

WRITE_LOCK_RETRY_SECONDS = 0.001

PAGE_CACHE_KIB = 1000
"""What a connection keeps of the database, half of SQLite's default: each thread has one, while the
system keeps the same pages once for all processes."""

POSTGRESQL_OPTIONS = (
    "-c timezone=UTC -c lock_timeout=15s -c idle_in_transaction_session_timeout=60s"
    # To start processes for one statement takes longer than what a page asks for, and without
    # statistics PostgreSQL expects far more rows than there are.
    " -c max_parallel_workers_per_gather=0"
)

ONLY_READS = "This writes, in a transaction that only reads."
WRITES = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|REPLACE|MERGE|TRUNCATE|CREATE|ALTER|DROP"
    r"|WITH\b.*\b(INSERT\s+INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM))\b",
    re.IGNORECASE | re.DOTALL,
)
"""A statement given as text that changes something."""

POSTGRESQL_QUOTES_ROW = "\nDETAIL:"

PREPARED_AFTER = 5
"""Times that a connection of PostgreSQL is given a statement before it is prepared."""

READS = "callboard_reads"
PATIENCE = "callboard_patience"
"""Execution options of a connection: whether its transactions only read, and how many seconds
those that write wait for SQLite's lock."""

IS_PLANNED_ONCE = "callboard_planned_once"
"""Execution option of a statement: see `app.db.plans.PLANNED_ONCE`."""


def reader(engine: Engine) -> Engine:
    """The same database, in transactions that only read: a statement that writes is refused."""
    return engine.execution_options(**reading_options(engine))


def reading_options(engine: Engine) -> dict[str, Any]:
    """What makes its transactions only read. On PostgreSQL each statement sees a moment of its own,
    in a transaction or not; but at the end of one the driver forgets all that it has prepared, and
    its beginning and end are round trips."""
    has_none = engine.dialect.name == "postgresql"
    return {READS: True, **({"isolation_level": "AUTOCOMMIT"} if has_none else {})}


def patient(engine: Engine, seconds: float) -> Engine:
    """The same database, waiting no longer than this for SQLite's write lock."""
    return engine.execution_options(**{PATIENCE: seconds})


def engine_options(url: str) -> dict[str, Any]:
    """The arguments of `create_engine` for a database URL."""
    if make_url(url).get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": WRITE_LOCK_SECONDS}, "hide_parameters": True}
    return {
        "hide_parameters": True,
        "connect_args": {"options": POSTGRESQL_OPTIONS},
        "pool_pre_ping": True,
        "pool_size": 8,
        "max_overflow": 8,
    }


def prepare(engine: Engine, *, synchronous: str = "full") -> None:
    """Listen to an engine's errors and statements, and on SQLite to its connections and
    transactions.

    `synchronous`: SQLite's pragma of that name. With a write-ahead log, `normal` keeps the database
    whole after a power cut, but loses the last commits, and with them run ids that were given out.
    """
    event.listen(engine, "handle_error", _leave_values_out)
    event.listen(engine, "before_cursor_execute", _refuse_to_write)
    if engine.dialect.name == "sqlite":
        require_sqlite(sqlite3.sqlite_version_info, has_fts5=has_fts5())
        _make_folder(engine.url)
        event.listen(engine, "connect", partial(_on_connect, synchronous=synchronous))
        event.listen(engine, "begin", _on_begin)
        event.listen(engine, "do_connect", _make_private_file)
    else:
        event.listen(engine, "before_cursor_execute", _choose_whether_to_prepare)


def _leave_values_out(context: ExceptionContext) -> None:
    """What a refused row holds (prompts, say) isn't for the log that tells of the refusal."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None:
            error.args = tuple(
                arg.partition(POSTGRESQL_QUOTES_ROW)[0] if isinstance(arg, str) else arg
                for arg in error.args
            )


def _refuse_to_write(
    connection: Connection, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool
) -> None:
    """SQLite's own `query_only` would do the same, but each time that it is said, all statements of
    the connection are planned anew: that took a third of the time that a claim holds the lock."""
    if connection.get_execution_options().get(READS):
        is_built = context.compiled and not context.is_text
        is_change = context.isinsert or context.isupdate or context.isdelete or context.isddl
        if is_change if is_built else WRITES.match(statement):
            raise RuntimeError(ONLY_READS)


def sort_in_files(engine: Engine) -> None:
    """Let SQLite use temporary files for what it sorts, and for what a failing statement takes
    back: a command may do either with the whole board at once."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA temp_store=FILE"))


def has_fts5() -> bool:
    """Whether Python's SQLite was compiled with its full-text search."""
    with closing(sqlite3.connect(":memory:")) as connection:
        found = connection.execute("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'")
        return found.fetchone() is not None


def require_sqlite(found: tuple[int, ...], *, has_fts5: bool) -> None:
    if found < OLDEST_SQLITE:
        needed, has = (".".join(map(str, version)) for version in (OLDEST_SQLITE, found))
        raise ConfigError(f"Python's SQLite is {has}; Callboard needs {needed} or newer")
    if not has_fts5:
        raise ConfigError(
            "Python's SQLite has no full-text search (FTS5), which Callboard needs. Run Callboard "
            "with a Python whose SQLite has it, such as Debian's or the one of the official "
            f"container images, or keep the board in PostgreSQL ({ENV_PREFIX}DATABASE_URL)."
        )


def _make_folder(url: URL) -> None:
    if url.database and _is_path(url.database):
        folder = Path(url.database).parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"{ENV_PREFIX}DATABASE_URL: the folder {folder} can't be made: {error.strerror}"
            ) from None


def _make_private_file(
    _dialect: Any, _record: Any, arguments: list[Any], _options: dict[str, Any]
) -> None:
    """A new database belongs to its owner alone; SQLite gives the files beside it the same mode."""
    name = str(arguments[0])
    if not _is_path(name):
        return
    with suppress(OSError):  # it is there already, or SQLite itself says what is wrong
        os.close(os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _is_path(name: str) -> bool:
    """Whether SQLite takes this for the path of a file, and not for memory or for a URI."""
    return bool(name) and name != ":memory:" and not name.startswith("file:")


def _on_connect(connection: sqlite3.Connection, _record: Any, *, synchronous: str) -> None:
    # The driver would begin transactions by itself, deferred, and only before some statements.
    connection.isolation_level = None
    for pragma in (
        "foreign_keys=ON",
        "journal_mode=WAL",
        f"synchronous={synchronous}",
        f"cache_size=-{PAGE_CACHE_KIB}",
        # What a failing statement takes back. From 64 KiB on it went into a file of its own: an
        # eighth of the time that a report holds the lock.
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _choose_whether_to_prepare(
    connection: Connection, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool
) -> None:
    """What is prepared may soon get a generic plan, one for all values. That suits whatever finds
    rows by their keys, as verbs do; statistics of a million tickets took four times as long."""
    options = context.execution_options
    is_planned_once = options.get(IS_PLANNED_ONCE) or not options.get(READS)
    raw: Any = connection.connection.dbapi_connection
    raw.prepare_threshold = PREPARED_AFTER if is_planned_once else None


def _on_begin(connection: Connection) -> None:
    raw: Any = connection.connection.dbapi_connection
    options = connection.get_execution_options()
    if options.get(READS):
        raw.execute("BEGIN")
    else:
        _begin_immediate(raw, options.get(PATIENCE) or WRITE_LOCK_SECONDS)


def _begin_immediate(raw: sqlite3.Connection, patience: float) -> None:
    """Take the write lock, or raise `sqlite3.OperationalError` when patience ends.

    SQLite's own waiting sleeps longer and longer, which starves the unlucky: with eight writers the
    worst wait was over a second, and is some tens of milliseconds when each asks every millisecond.
    """
    deadline = time.monotonic() + patience
    raw.execute("PRAGMA busy_timeout=0")
    try:
        while not _has_begun(raw, is_last_try=time.monotonic() > deadline):
            pause = WRITE_LOCK_RETRY_SECONDS * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
            time.sleep(pause)
    finally:
        raw.execute(f"PRAGMA busy_timeout={int(WRITE_LOCK_SECONDS * 1000)}")


def _has_begun(raw: sqlite3.Connection, *, is_last_try: bool) -> bool:
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if is_last_try or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
