"""SQLite files: copied while others write to them, checked, and put in their place whole or not at
all."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from app.errors import Conflict
from app.upkeep.databases import ALONE_SECONDS, open_file
from app.upkeep.tables import TableSum, count_tables

PAGES_AT_ONCE = 2_000
CHECKED_TABLES = "SELECT 'sqlite_schema' UNION SELECT name FROM sqlite_schema WHERE type = 'table'"

COMPANIONS = ("", "-journal", "-wal", "-shm")
"""What SQLite keeps beside a database while it is open, by the ends of the files' names."""

DRAFT_END = ".callboard-draft"
"""The end of a draft's name, so that whoever sweeps them knows them from other programs' files."""

Progress = Callable[[int, int], None]
"""Called with the pages that are copied, and with all there are."""


@contextmanager
def drafting(place: Path) -> Iterator[Path]:
    """A new private file beside the place it is meant for; gone in the end, unless it was put
    there.

    It is locked while this process lives: an unlocked one is what a killed process left.
    """
    _require_folder(place)
    sweep_drafts(place.parent)
    handle, draft = _new_draft(place)
    try:
        yield draft
    finally:
        _remove(draft)
        os.close(handle)


def sweep_drafts(folder: Path) -> list[Path]:
    """Remove the drafts that killed processes left in a folder: each is a copy of a whole board."""
    return [
        draft
        for draft in sorted(folder.glob(f".*{DRAFT_END}"))
        if draft.is_file() and not draft.is_symlink() and _was_abandoned(draft)
    ]


def _new_draft(place: Path) -> tuple[int, Path]:
    while True:
        handle, name = tempfile.mkstemp(
            prefix=f".{place.name}.", suffix=DRAFT_END, dir=place.parent
        )
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Before it was locked, another process may have taken it for an abandoned one.
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)


def _was_abandoned(draft: Path) -> bool:
    """Remove a draft of this user that no process holds; whether it was one."""
    try:
        handle = os.open(draft, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:  # it is somebody else's, or gone meanwhile
        return False
    try:
        if os.fstat(handle).st_uid != os.geteuid():
            return False
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(draft)
    except OSError:  # held
        return False
    finally:
        os.close(handle)
    return True


def _remove(draft: Path) -> None:
    for end in COMPANIONS:
        draft.with_name(draft.name + end).unlink(missing_ok=True)


def copy_file(source: Connection, draft: Path, progress: Progress | None = None) -> list[TableSum]:
    """Copy a SQLite database as the source sees it, with all that is in its log; others may go on
    writing. Returns the rows of its tables."""
    # They are counted first: from then on the source's transaction sees one moment, so that no
    # writer makes the steps start anew.
    counts = count_tables(source)
    reading: Any = source.connection.driver_connection
    with closing(open_file(draft)) as writing:
        writing.execute("PRAGMA synchronous=OFF")

        def show(_: int, left: int, total: int) -> None:
            if progress:
                progress(total - left, total)

        reading.backup(writing, pages=PAGES_AT_ONCE, progress=show)
        writing.execute("PRAGMA journal_mode=DELETE")
    return counts


def require_intact(file: Path, *, with_indexes: bool = True) -> None:
    """Raise `Conflict` when a file is damaged, or a row names one that isn't there."""
    if problems := find_damage(file, with_indexes=with_indexes):
        raise Conflict(f"The copy would be damaged: {problems[0]}. Nothing was changed.")


def find_damage(file: Path, *, with_indexes: bool = True) -> list[str]:
    """What SQLite's own checks find wrong. Tables are checked side by side: that needs nothing but
    processors. To compare each index with its table takes three times as long as all else."""
    check = "integrity_check" if with_indexes else "quick_check"
    with closing(open_file(file)) as connection:
        tables = iter([name for (name,) in connection.execute(CHECKED_TABLES)])
    processors = os.cpu_count() or 1
    with ThreadPoolExecutor(processors) as pool:
        dangling = pool.submit(_dangling_rows, file)
        damage = pool.map(partial(_damage_in, file, check), [tables] * processors)
        return list(chain.from_iterable(damage)) + dangling.result()


def _damage_in(file: Path, check: str, tables: Iterator[str]) -> list[str]:
    """What is wrong in the tables that no other thread has taken yet."""
    found: list[str] = []
    with closing(open_file(file)) as connection:
        for table in tables:
            name = table.replace("'", "''")
            lines = [row[0] for row in connection.execute(f"PRAGMA {check}('{name}')")]
            found += lines if lines != ["ok"] else []
    return found


def rebuild_indexes(file: Path) -> None:
    """Make the indexes of a copy anew from its rows. Raises `Conflict` when two rows are alike that
    must not be."""
    with closing(open_file(file)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        try:
            connection.execute("REINDEX")
        except sqlite3.IntegrityError as error:
            raise Conflict(f"The copy would be damaged: {error}. Nothing was changed.") from None


def _dangling_rows(file: Path) -> list[str]:
    with closing(open_file(file)) as connection:
        dangling = connection.execute("PRAGMA foreign_key_check").fetchmany(20)
    return [f"a row of {table} names one of {other} that isn't there"
            for table, _, other, _ in dangling]  # fmt: skip


def publish(draft: Path, place: Path, *, overwrite: bool) -> None:
    """Give the draft its name at one stroke, safe on the disk."""
    flush(draft)
    if overwrite:
        draft.replace(place)
    else:
        _link(draft, place)
    flush(place.parent)


def _link(draft: Path, place: Path) -> None:
    """Of two who write to one place at once, the second is refused."""
    try:
        os.link(draft, place)
    except FileExistsError:
        raise Conflict(f"{place} is there already; --force overwrites it.") from None
    except OSError:  # a file system without hard links
        draft.replace(place)


def put_into(draft: Path, database: Path) -> None:
    """Let a database, which may be missing, be what the draft is: in one transaction of its own.

    It stays the same file, so that nobody goes on writing to one that is no longer there.
    """
    is_new = not database.exists()
    if is_new:
        os.close(os.open(database, os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(open_file(draft)) as source, closing(open_file(database)) as target:
            _require_alone(target, database)
            source.backup(target)
    except BaseException:
        if is_new:
            database.unlink(missing_ok=True)
        raise


def _require_alone(target: sqlite3.Connection, database: Path) -> None:
    """Empty the write-ahead log into the file, which SQLite does only when nobody else has it
    open."""
    target.execute(f"PRAGMA busy_timeout={ALONE_SECONDS * 1000}")
    try:
        mode = target.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        mode = "locked"
    if mode != "delete":
        raise Conflict(f"Another process has {database} open: stop the server first.")


def _require_folder(place: Path) -> None:
    if not place.parent.is_dir():
        raise Conflict(f"There is no folder {place.parent}.")


def flush(path: Path) -> None:
    """Wait until the disk has all of a file, or of a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
