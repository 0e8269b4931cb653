"""What statements say to planners.

Until SQLite has statistics it believes that ten rows have any value of a column; with them, that
all values are equally frequent. PostgreSQL believes that a value which its statistics don't know is
in one row, whichever index it looks for it in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Exists,
    Integer,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    Text,
    exists,
    literal_column,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.db.engine import IS_PLANNED_ONCE

PLANNED_ONCE: Mapping[str, bool] = {IS_PLANNED_ONCE: True}
"""`statement.execution_options(**PLANNED_ONCE)`: it finds its rows by a key, or asks the same of
all that somebody may see. PostgreSQL need not plan it for each value, which takes longer than to
read the rows; so it may keep a generic plan. What finds rows by ranges that somebody chose, or by
values of which some are frequent, is better planned each time."""


def count_values(connection: Connection) -> None:
    """Give PostgreSQL its statistics after much was changed at once: by itself it takes them some
    minutes later, and may read whole tables until then. What is planned without statistics on
    SQLite is tested to be no slower."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE")


def among_few(column: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """A column of texts in the few rows that something else finds. Planners don't know how few they
    are; with `|| ''` none takes an index that leads to all rows with these values instead."""
    return column.concat("")


def is_there(*conditions: ColumnElement[bool]) -> Exists:
    """Whether some row meets the conditions, looked up for each of the rows that something else
    finds: PostgreSQL would rather read all that meet them at once, however few are asked for."""
    row: Select[int] = select(literal_column("1")).where(*conditions)
    return exists(row.suffix_with("OFFSET 0", dialect="postgresql"))


class _Said(FunctionElement[Any]):
    """Something of a statement, with what a planner is told of it; it stays of the same type."""

    inherit_cache = True

    def __init__(self, column: Any) -> None:
        super().__init__(column)
        self.type = column.type


class unindexed(_Said):  # noqa: N801 - it reads as what is done to a column
    """A column that is compared row by row: SQLite doesn't look for its value in an index.

    PostgreSQL has statistics of each value, and decides for itself.
    """

    inherit_cache = True


class unordered(_Said):  # noqa: N801 - it reads as what is done to a column
    """A column to sort by after all rows are found: a planner would rather meet them in the order
    of its index, at whose end they may be."""

    inherit_cache = True


class checked(FunctionElement[bool]):  # noqa: N801 - it reads as what is done to a condition
    """A condition that is asked row by row, of rows that something else finds: PostgreSQL finds
    none by it, and believes that every other row meets it."""

    # Of no type, as below.
    inherit_cache = True


class one_of(FunctionElement[bool]):  # noqa: N801 - it reads as what is said of a column
    """Whether a column has one of the few values that a scalar subquery reads. They are read once,
    before: PostgreSQL without statistics believes that they are many, and joins all rows."""

    # Of no type, as below.
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], values: ScalarSelect[Any]) -> None:
        super().__init__(column, values)


class either(FunctionElement[int]):  # noqa: N801 - it reads as what is asked
    """The same number in the words of each database, where neither plans the other's well."""

    type = Integer()
    inherit_cache = True

    def __init__(self, *, sqlite: ScalarSelect[int], postgresql: ScalarSelect[int]) -> None:
        super().__init__(sqlite, postgresql)


class expected(FunctionElement[bool]):  # noqa: N801 - it reads as what is said of a condition
    """A condition that most rows meet which are looked at: SQLite doesn't look for them by it, but
    still sees that they are in an index of such rows."""

    # Of no type: of a boolean one SQLAlchemy would write `= 1`, which hides the condition.
    inherit_cache = True


class seldom(FunctionElement[bool]):  # noqa: N801 - it reads as what is said of a condition
    """A condition that few rows meet: SQLite with statistics takes each value of a column for as
    frequent as any other."""

    # Of no type, as above.
    inherit_cache = True


@compiles(unindexed)
@compiles(expected)
@compiles(seldom)
def _plain(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(unindexed, "sqlite")
@compiles(unordered, "sqlite")
def _without_index(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


@compiles(unordered, "postgresql")
def _without_order(element: unordered, compiler: SQLCompiler, **options: Any) -> str:
    return f"(SELECT {compiler.process(element.clauses, **options)})"


@compiles(checked)
def _grouped(element: checked, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)})"


@compiles(checked, "postgresql")
def _one_by_one(element: checked, compiler: SQLCompiler, **options: Any) -> str:
    return f"CASE WHEN {compiler.process(element.clauses, **options)} THEN true ELSE false END"


@compiles(one_of)
def _in(element: one_of, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    return f"{compiler.process(column, **options)} IN {compiler.process(values, **options)}"


@compiles(one_of, "postgresql")
def _in_array(element: one_of, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    array = f"ARRAY{compiler.process(values, **options)}"
    return f"{compiler.process(column, **options)} = ANY({array})"


@compiles(either, "sqlite")
def _on_sqlite(element: either, compiler: SQLCompiler, **options: Any) -> str:
    sqlite, _ = element.clauses
    return compiler.process(sqlite, **options)


@compiles(either, "postgresql")
def _on_postgresql(element: either, compiler: SQLCompiler, **options: Any) -> str:
    _, postgresql = element.clauses
    return compiler.process(postgresql, **options)


@compiles(expected, "sqlite")
def _with_likelihood(element: expected, compiler: SQLCompiler, **options: Any) -> str:
    return f"likelihood({compiler.process(element.clauses, **options)}, 0.9)"


@compiles(seldom, "sqlite")
def _unlikely(element: seldom, compiler: SQLCompiler, **options: Any) -> str:
    return f"unlikely({compiler.process(element.clauses, **options)})"


class without_sorting(FunctionElement[str]):  # noqa: N801 - it reads as what is asked for
    """Read beside a row, it lets PostgreSQL sort nothing until the transaction ends: the next
    statement takes its first row from the index that has its order, and not from all that a project
    has which was filled a minute ago."""

    type = Text()
    inherit_cache = True


@compiles(without_sorting)
def _nothing(element: without_sorting, compiler: SQLCompiler, **options: Any) -> str:
    return "NULL"


@compiles(without_sorting, "postgresql")
def _disable_sorting(element: without_sorting, compiler: SQLCompiler, **options: Any) -> str:
    return "set_config('enable_sort', 'off', true)"
