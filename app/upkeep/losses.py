"""What an older schema has no place for: tables and columns that going down to it destroys."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Table, func, or_, select

from app.upkeep import revisions
from app.upkeep.databases import filling_file
from app.upkeep.tables import tables_of
from app.values import immutable


@immutable
class Loss:
    """Rows that would be destroyed, or what they hold in some columns. No columns: the table."""

    table: str
    rows: int
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows = f"{self.rows:,} {'row' if self.rows == 1 else 'rows'}"
        if not self.columns:
            return f"{self.table}: {rows}"
        return f"{self.table}: {', '.join(self.columns)} in {rows}"


def losses(connection: Connection, revision: str | None) -> list[Loss]:
    """What a database holds that the schema of an older revision doesn't; None: the empty one."""
    older = _columns_at(revision)
    return [loss for table in tables_of(connection) for loss in _of(connection, table, older)]


def _of(connection: Connection, table: Table, older: dict[str, set[str]]) -> Iterator[Loss]:
    if table.name not in older:
        rows = connection.scalar(select(func.count()).select_from(table)) or 0
        if rows:
            yield Loss(table.name, rows)
        return
    gone = [column for column in table.columns if column.name not in older[table.name]]
    if gone:
        filled = or_(*(column.is_not(None) for column in gone))
        rows = connection.scalar(select(func.count()).select_from(table).where(filled)) or 0
        if rows:
            yield Loss(table.name, rows, tuple(column.name for column in gone))


def _columns_at(revision: str | None) -> dict[str, set[str]]:
    """The columns of each table at a revision, read from an empty database at it."""
    if revision is None:
        return {}
    with tempfile.TemporaryDirectory(prefix="callboard-schema-") as folder:
        file = Path(folder) / "empty.db"
        file.touch()
        with filling_file(file) as connection:
            revisions.upgrade(connection, revision)
            return {
                table.name: {column.name for column in table.columns}
                for table in tables_of(connection)
            }
