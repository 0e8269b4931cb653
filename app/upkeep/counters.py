"""The last number that each table gave to a row: it goes along, so that none is given twice.

A run's number is its fencing token, and who follows events remembers the last number that was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Column, Connection, Integer, Table, func, select, text

from app.upkeep.tables import tables_of

LAST_GIVEN = "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {}"
NEVER_REUSED = text("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINC%'")

Counters = Mapping[str, int]
Numbered = tuple[Table, Column[int]]
"""A table, and the column that numbers its rows."""


def counters_of(connection: Connection) -> dict[str, int]:
    """The last number given, by table; for all tables whose rows are numbered."""
    numbered = list(_numbered(connection))
    remembered = _remembered(connection, numbered)
    return {
        table.name: max(
            remembered.get(table.name, 0), connection.scalar(select(func.max(number))) or 0
        )
        for table, number in numbered
    }


def higher(one: Counters, other: Counters) -> dict[str, int]:
    """Of each table the higher number."""
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in one.keys() | other.keys()}


def never_reused(connection: Connection) -> set[str]:
    """Tables of a SQLite database that never give a number again, even that of a deleted row."""
    return set(connection.scalars(NEVER_REUSED))


def set_counters(connection: Connection, counters: Counters) -> None:
    """Let each table go on after that number."""
    if connection.dialect.name == "sqlite":
        for name in never_reused(connection) & counters.keys():
            row = {"name": name, "seq": counters[name]}
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), row)
            connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :seq)"), row)
        return
    for name, sequence in _sequences(connection, _numbered(connection)):
        last = counters.get(name, 0)
        connection.execute(select(func.setval(sequence, max(last, 1), last > 0)))


def _remembered(connection: Connection, numbered: Iterable[Numbered]) -> dict[str, int]:
    """What the database itself remembers of numbers given, also to rows that are gone."""
    if connection.dialect.name != "sqlite":
        return {
            name: connection.scalar(text(LAST_GIVEN.format(sequence))) or 0
            for name, sequence in _sequences(connection, numbered)
        }
    if not never_reused(connection):
        return {}
    rows = connection.execute(text("SELECT name, seq FROM sqlite_sequence"))
    return {name: int(last) for name, last in rows}


def _sequences(connection: Connection, numbered: Iterable[Numbered]) -> Iterator[tuple[str, str]]:
    """Tables and the sequences that number their rows, on PostgreSQL."""
    for table, number in numbered:
        sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, number.name)))
        if sequence:
            yield table.name, sequence


def _numbered(connection: Connection) -> Iterator[Numbered]:
    for table in tables_of(connection):
        key = list(table.primary_key.columns)
        if len(key) == 1 and isinstance(key[0].type, Integer):
            yield table, key[0]
