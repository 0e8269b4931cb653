"""The tables of a database as they are, their rows, and what these come to.

They are read from the database itself, not from the models: an older schema has its tables too, and
a table that a later migration makes comes along by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    DateTime,
    MetaData,
    Table,
    func,
    inspect,
    literal,
    select,
    table,
)
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.types import TypeEngine

from app.db.columns import UTCDateTime
from app.db.full_text import is_of_index
from app.errors import Conflict
from app.values import immutable

REVISION_TABLE = "alembic_version"
BATCH = 1_000
DIGEST_BYTES = 16

Rows = Sequence[Mapping[str, Any]]


@immutable
class TableSum:
    """How many rows a table has, and a checksum of them in any order, where one was worked out:
    pages that are copied as they are need none."""

    table: str
    rows: int
    checksum: str = ""


class Checksum:
    """The sum of the hashes of rows: the same rows in another order, or in another kind of
    database, have the same."""

    def __init__(self) -> None:
        self._sum = 0
        self.rows = 0

    def add(self, rows: Rows) -> None:
        """Count these rows too."""
        for row in rows:
            text = json.dumps(
                [row[name] for name in sorted(row)], ensure_ascii=False, default=_plain
            )
            digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES)
            self._sum += int.from_bytes(digest.digest())
        self.rows += len(rows)

    def of(self, table: str) -> TableSum:
        """What it comes to."""
        total = self._sum % (1 << (8 * DIGEST_BYTES))
        return TableSum(table, self.rows, f"{total:0{2 * DIGEST_BYTES}x}")


def tables_of(connection: Connection) -> list[Table]:
    """The board's tables, by name, with the columns that are stored: not those that the database
    itself works out."""
    there = inspect(connection)
    keys = there.get_multi_pk_constraint()
    return [
        _table(place[1], columns, keys[place]["constrained_columns"])
        for place, columns in sorted(there.get_multi_columns().items(), key=lambda item: item[0][1])
        if _is_ours(place[1])
    ]


def read_rows(connection: Connection, table: Table) -> Iterator[Rows]:
    """All rows of a table, a batch at a time. Raises `Conflict` for a value that can't be read."""
    query = select(table).order_by(*table.primary_key.columns)
    result = connection.execute(query, execution_options={"yield_per": BATCH})
    try:
        for batch in result.mappings().partitions():
            yield [dict(row) for row in batch]
    except ValueError as error:
        raise Conflict(f"The table {table.name} holds a value of the wrong kind: {error}") from None


def sum_table(connection: Connection, table: Table) -> TableSum:
    """Count a table's rows, and work out their checksum."""
    checksum = Checksum()
    for rows in read_rows(connection, table):
        checksum.add(rows)
    return checksum.of(table.name)


def count_tables(connection: Connection) -> list[TableSum]:
    """The rows of every table, without checksums."""
    return [TableSum(name, count_rows(connection, name)) for name in _names_in(connection)]


def count_rows(connection: Connection, name: str) -> int:
    """How many rows a table has."""
    return connection.scalar(select(func.count()).select_from(table(name))) or 0


def has_rows(connection: Connection) -> bool:
    """Whether there is anything on the board."""
    looks = (select(literal(1)).select_from(table(name)).limit(1) for name in _names_in(connection))
    return any(connection.scalar(look) for look in looks)


def _names_in(connection: Connection) -> list[str]:
    return sorted(filter(_is_ours, inspect(connection).get_table_names()))


def _is_ours(name: str) -> bool:
    # The index of the texts isn't copied: it comes into being with them.
    return name != REVISION_TABLE and not is_of_index(name)


def _table(name: str, columns: Sequence[ReflectedColumn], key: Sequence[str]) -> Table:
    stored = (
        Column(column["name"], _in_our_words(column["type"]), primary_key=column["name"] in key)
        for column in columns
        if "computed" not in column
    )
    return Table(name, MetaData(), *stored)


def _in_our_words(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    if isinstance(kind, DateTime):
        return UTCDateTime()
    return JSON(none_as_null=True) if isinstance(kind, JSON) else kind


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else bytes(value).hex()
