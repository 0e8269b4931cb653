"""Many places asked at once, by a statement that is as long however many they are.

They are sent as one value, a JSON list of lists, and the statement looks into one after the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    TableValuedAlias,
    Text,
    bindparam,
    cast,
    literal_column,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


def sent(places: Iterable[Sequence[str | int | None]]) -> str:
    """The value of a parameter that `places_in` names."""
    return json.dumps(list(places))


def places_in(parameter: str) -> TableValuedAlias:
    """A row for each place that is sent as this parameter; `part_of` tells what is in it."""
    return _places(bindparam(parameter, type_=Text())).table_valued("value", name=parameter)


def part_of(places: TableValuedAlias, number: int, type_: Any = Text) -> ColumnElement[Any]:
    """One part of a place, numbered from 0."""
    return cast(places.c.value.op("->>")(literal_column(str(number))), type_)


def found_at(places: FromClause, ids: Select[str], name: str) -> TableValuedAlias:
    """To be joined to the places, which may as well be a table's rows: a row for each id that a
    select finds at one of them, and `value` is that id. The select may be in order and have a
    limit."""
    (column,) = ids.selected_columns
    one = ids.with_only_columns(column.label("value"), maintain_column_froms=True)
    return _found(one.correlate(places).scalar_subquery()).table_valued("value", name=name)


class _places(FunctionElement[Any]):  # noqa: N801 - like the SQL functions that it becomes
    name = "places"
    inherit_cache = True


class _found(FunctionElement[Any]):  # noqa: N801 - likewise
    name = "found"
    inherit_cache = True


@compiles(_places, "sqlite")
def _places_on_sqlite(element: _places, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_places, "postgresql")
def _places_on_postgresql(element: _places, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_elements(CAST({compiler.process(element.clauses, **options)} AS JSON))"


_AS_LIST = "SELECT json_group_array(value) FROM"


@compiles(_found, "sqlite")
def _found_on_sqlite(element: _found, compiler: SQLCompiler, **options: Any) -> str:
    # SQLite has no LATERAL, but its functions of tables may depend on what stands before them.
    return f"json_each(({_AS_LIST} {_select_of(element, compiler, options)}))"


@compiles(_found, "postgresql")
def _found_on_postgresql(element: _found, compiler: SQLCompiler, **options: Any) -> str:
    return f"LATERAL {_select_of(element, compiler, options)}"


def _select_of(element: _found, compiler: SQLCompiler, options: dict[str, Any]) -> str:
    # As in a condition: in a FROM, SQLAlchemy would let nothing in it depend on what is around it.
    return compiler.process(element.clauses, **{**options, "asfrom": False})
