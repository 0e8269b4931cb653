"""Backups: a SQLite file with the whole board as it was at one moment, whichever database it is in.

One kind of file for both databases: a board on PostgreSQL is backed up without pg_dump, its backup
can be looked into with any SQLite, and restored into either.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError

from app.errors import Conflict, Invalid
from app.upkeep import revisions
from app.upkeep.copying import Progress, copy_to_file, fill_server
from app.upkeep.counters import Counters, counters_of, higher, never_reused, set_counters
from app.upkeep.databases import file_of, filling_file, is_sqlite, reading_file, snapshot
from app.upkeep.files import (
    copy_file,
    drafting,
    flush,
    publish,
    put_into,
    rebuild_indexes,
    require_intact,
    sweep_drafts,
)
from app.upkeep.tables import TableSum, count_tables, has_rows
from app.values import immutable

NUMBERS_LEFT_OUT = 1_000_000
"""The runs and events that came after the backup are lost, but who worked on them still knows their
numbers: a restored board goes on this far behind the last number that it knows of."""


@immutable
class Report:
    """What is in a backup, or was restored."""

    revision: str
    sums: list[TableSum]
    size: int


def back_up(url: URL, file: Path, *, overwrite: bool, progress: Progress) -> Report:
    """Write a backup. Raises `Conflict` when there is such a file, or nothing to back up."""
    if file.exists() and not overwrite:
        raise Conflict(f"{file} is there already; --force overwrites it.")
    # Backups are made every night, restores are rare: what a killed one left goes with the next.
    sweep_drafts(_restored_at(url, file).parent)
    with drafting(file) as draft:
        with snapshot(url) as source:
            if is_sqlite(url):
                _require_other_file(url, file)
            revision = revisions.revision_of(source)
            if revision is None:
                raise Conflict("There is nothing to back up: the database has no tables yet.")
            if not is_sqlite(url):
                revisions.require_not_newer(revision)
            sums = copy_to_file(source, draft, progress)
        with ThreadPoolExecutor(1) as meanwhile:
            flushed = meanwhile.submit(flush, draft)
            # What an index says is in the rows, too, and a restore makes it anew.
            require_intact(draft, with_indexes=False)
            flushed.result()
        publish(draft, file, overwrite=overwrite)
    return Report(revision, sums, file.stat().st_size)


def restore(file: Path, url: URL, *, overwrite: bool, progress: Progress) -> Report:
    """Let the database be what the backup is, upgraded to this version. All, or nothing.

    Without `overwrite` it must be empty, or missing.
    """
    _require_backup(file)
    counters = _look_at_target(url, overwrite=overwrite)
    place = _restored_at(url, file)
    with drafting(place) as draft:
        with reading_file(file) as source:
            copy_file(source, draft)
        counters = _prepare(draft, counters)
        if is_sqlite(url):
            before = _counts(draft)
            put_into(draft, place)
            sums = _counts(place)
            if sums != before:
                raise Conflict("The restored rows differ from the backup's. Restore it again.")
        else:
            with reading_file(draft) as source:
                sums = fill_server(url, source, counters, revisions.empty, progress)
        return Report(revisions.head(), sums, draft.stat().st_size)


def _restored_at(url: URL, file: Path) -> Path:
    """What the draft of a restore lies beside."""
    return file_of(url) if is_sqlite(url) else Path(gettempdir()) / file.name


def is_filled(url: URL) -> bool:
    """Whether a restore would overwrite something. A database that is missing holds nothing."""
    if is_sqlite(url) and not file_of(url).exists():
        return False
    with snapshot(url) as connection:
        return has_rows(connection)


def _require_other_file(url: URL, file: Path) -> None:
    if file.exists() and file.samefile(file_of(url)):
        raise Invalid(f"{file} is the database itself; name another file for its backup.")


def _require_backup(file: Path) -> None:
    """Raise `Conflict`, which says why, unless the file can be restored by this version."""
    revision = None
    with suppress(DatabaseError), reading_file(file) as connection:
        revision = revisions.revision_of(connection)
    if revision is None:
        raise Conflict(f"{file} is no backup of a board.")
    revisions.require_not_newer(revision, "The backup")


def _look_at_target(url: URL, *, overwrite: bool) -> Counters:
    """The numbers that the board to be overwritten gave, which shall not be given again."""
    if is_sqlite(url) and not file_of(url).exists():
        return {}
    with snapshot(url) as connection:
        if has_rows(connection) and not overwrite:
            raise Conflict("The database isn't empty; --force lets the backup replace it.")
        return counters_of(connection)


def _prepare(draft: Path, given: Counters) -> Counters:
    """Upgrade the copy of a backup, and let its numbers go on behind all that were ever given."""
    rebuild_indexes(draft)
    require_intact(draft, with_indexes=False)
    with filling_file(draft, is_json_text=False) as connection:
        is_older = revisions.revision_of(connection) != revisions.head()
        revisions.upgrade(connection)
        counters = higher(counters_of(connection), given)
        for name in never_reused(connection):
            counters[name] = counters.get(name, 0) + NUMBERS_LEFT_OUT
        set_counters(connection, counters)
    if is_older:
        require_intact(draft)
    return counters


def _counts(file: Path) -> list[TableSum]:
    with reading_file(file) as connection:
        return count_tables(connection)
