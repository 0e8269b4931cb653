"""All rows of one database into another that is empty, in one transaction, and compared at the end.

Foreign keys wait for the end: rows may name each other in a circle, or a row of their own table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert, inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, IntegrityError

from app.db.plans import count_values
from app.errors import Conflict
from app.upkeep import revisions
from app.upkeep.counters import Counters, counters_of, set_counters
from app.upkeep.databases import (
    file_of,
    filling_file,
    filling_server,
    is_sqlite,
    reading_file,
    snapshot,
)
from app.upkeep.files import copy_file, drafting, put_into, require_intact
from app.upkeep.tables import (
    Checksum,
    Rows,
    TableSum,
    count_rows,
    count_tables,
    has_rows,
    read_rows,
    sum_table,
    tables_of,
)

Progress = Callable[[int, int], None]
"""Called with what is copied, and with all there is: pages of a file, or rows."""

Count = Callable[[int], None]
"""Called with the number of rows that were copied just now."""

NOT_EMPTY = "The database to copy to isn't empty. Nothing was changed."


def copy_database(source: URL, target: URL, progress: Progress) -> list[TableSum]:
    """Copy a whole board into an empty database, which gets its tables if it has none."""
    with snapshot(source) as reading:
        revisions.require_current(reading, "The database to copy from")
        if is_sqlite(target):
            return _put_into_file(reading, target, progress)
        return fill_server(target, reading, counters_of(reading), _require_empty, progress)


def copy_to_file(source: Connection, draft: Path, progress: Progress) -> list[TableSum]:
    """Let a new SQLite file hold what the source holds: its pages if it is one itself, else its
    revision's tables and all rows."""
    if source.dialect.name == "sqlite":
        sums = copy_file(source, draft, progress)
        with reading_file(draft) as copy:
            if count_tables(copy) != sums:
                raise Conflict("The copy has other rows than its source. Nothing was changed.")
    else:
        with filling_file(draft) as target:
            revisions.upgrade(target, revisions.revision_of(source) or "base")
            sums = _fill(target, source, counters_of(source), progress)
    return sums


def fill_server(
    url: URL,
    source: Connection,
    counters: Counters,
    prepare: Callable[[Connection], None],
    progress: Progress,
) -> list[TableSum]:
    """Make this version's tables in a PostgreSQL database, and copy all rows, in one transaction:
    `prepare` looks at what is there."""
    with filling_server(url) as target:
        prepare(target)
        revisions.upgrade(target)
        with _constraints_at_the_end(target):
            sums = _fill(target, source, counters, progress)
        count_values(target)
        return sums


def _put_into_file(source: Connection, target: URL, progress: Progress) -> list[TableSum]:
    if file_of(target).exists():
        with snapshot(target) as there:
            _require_empty(there)
    with drafting(file_of(target)) as draft:
        sums = copy_to_file(source, draft, progress)
        require_intact(draft)
        put_into(draft, file_of(target))
    return sums


def _require_empty(target: Connection) -> None:
    revisions.require_not_newer(revisions.revision_of(target), "The database to copy to")
    if has_rows(target):
        raise Conflict(NOT_EMPTY)


def _fill(
    target: Connection, source: Connection, counters: Counters, progress: Progress
) -> list[TableSum]:
    """Copy every table, compare it with its source, and let the numbers go on where they were."""
    theirs = {table.name: table for table in tables_of(target)}
    ours = tables_of(source)
    if strange := [table.name for table in ours if table.name not in theirs]:
        raise Conflict(f"The table {strange[0]} is none of Callboard's. Move it away first.")
    count = _counting(sum(count_rows(source, table.name) for table in ours), progress)
    # The index of the texts comes into being as they are copied, and asks for a comment's ticket.
    order = [name for name, _ in inspect(target).get_sorted_table_and_fkc_names()]
    ours.sort(key=lambda table: order.index(table.name))
    sums = [_copy_table(source, target, table, theirs[table.name], count) for table in ours]
    set_counters(target, counters)
    return sums


def _copy_table(
    source: Connection, target: Connection, table: Table, copy: Table, count: Count
) -> TableSum:
    checksum = Checksum()
    driver = target.dialect.loaded_dbapi
    refusals = (DataError, IntegrityError, driver.DataError, driver.IntegrityError)
    try:
        for rows in read_rows(source, table):
            _store(target, copy, rows)
            checksum.add(rows)
            count(len(rows))
    except refusals as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise Conflict(f"A row of {table.name} can't be copied: {reason}") from None
    copied = sum_table(target, copy)
    if copied != checksum.of(table.name):
        raise Conflict(
            f"The copy of {table.name} differs from its source ({copied.rows:,} rows of "
            f"{checksum.rows:,}). Nothing was changed."
        )
    return copied


def _store(target: Connection, table: Table, rows: Rows) -> None:
    if target.dialect.name == "sqlite":
        target.execute(insert(table), rows)
        return
    quote = target.dialect.identifier_preparer.quote
    columns = [column.name for column in table.columns]
    names = ", ".join(quote(name) for name in columns)
    raw: Any = target.connection.driver_connection
    # JSON is text by now, and needs no more than that.
    with raw.cursor().copy(f"COPY {quote(table.name)} ({names}) FROM STDIN") as stream:
        for row in rows:
            stream.write_row([row[name] for name in columns])


def _counting(total: int, progress: Progress) -> Count:
    done = 0

    def count(rows: int) -> None:
        nonlocal done
        done += rows
        progress(done, total)

    return count


@contextmanager
def _constraints_at_the_end(target: Connection) -> Iterator[None]:
    """PostgreSQL checks foreign keys when all rows are there, and from then on at once again."""
    keys = [
        f'ALTER TABLE "{table}" ALTER CONSTRAINT "{key["name"]}"'
        for (_, table), found in inspect(target).get_multi_foreign_keys().items()
        for key in found
    ]
    for alter in keys:
        target.exec_driver_sql(f"{alter} DEFERRABLE INITIALLY DEFERRED")
    yield
    target.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    for alter in keys:
        target.exec_driver_sql(f"{alter} NOT DEFERRABLE")
