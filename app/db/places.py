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
    ScalarSelect,
    Select,
    TableValuedAlias,
    Text,
    bindparam,
    cast,
    literal_column,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


def sent(places: Iterable[Sequence[Any]]) -> str:
    """The value of a parameter that `places_in` or `name_at` names: of texts, numbers and lists."""
    return json.dumps(list(places))


def places_in(parameter: str) -> TableValuedAlias:
    """A row for each place that is sent as this parameter; `part_of` tells what is in it."""
    return _places(bindparam(parameter, type_=Text())).table_valued("value", name=parameter)


def part_of(places: TableValuedAlias, number: int, type_: Any = Text) -> ColumnElement[Any]:
    """One part of a place, numbered from 0."""
    return cast(places.c.value.op("->>")(literal_column(str(number))), type_)


def places_of(place: TableValuedAlias, number: int, name: str) -> TableValuedAlias:
    """The same of places that are one part of another. To be asked for in a select that `found_at`
    takes."""
    return _places(part_of(place, number)).table_valued("value", name=name)


def name_at(parameter: str, number: ColumnElement[int]) -> ColumnElement[str]:
    """One of the names that are `sent` as this parameter, numbered from 0; NULL behind the last."""
    return _name(bindparam(parameter, type_=Text()), number)


def found_at(
    places: FromClause, rows: Select[*tuple[Any, ...]], name: str
) -> tuple[TableValuedAlias, list[ColumnElement[Any]]]:
    """To be joined to the places, which may as well be a table's rows: what a select finds at each
    of them, and its columns. The select may be in order and have a limit."""
    columns = list(rows.selected_columns)
    names = [f"part_{number}" for number in range(len(columns))]
    named = (column.label(name) for column, name in zip(columns, names, strict=True))
    one = rows.with_only_columns(*named, maintain_column_froms=True).correlate(places)
    found = _found(one.scalar_subquery(), names).table_valued("value", *names, name=name)
    parts = (_part(found.c.value, found.c[name]) for name in names)
    typed = zip(parts, columns, strict=True)
    return found, [type_coerce(part, column.type) for part, column in typed]


class _places(FunctionElement[Any]):  # noqa: N801 - like the SQL functions that it becomes
    name = "places"
    inherit_cache = True


class _name(FunctionElement[str]):  # noqa: N801 - likewise
    type = Text()
    inherit_cache = True


class _found(FunctionElement[Any]):  # noqa: N801 - likewise
    name = "found"
    inherit_cache = True

    def __init__(self, rows: ScalarSelect[Any], names: Sequence[str]) -> None:
        super().__init__(rows)
        self.names = names


class _part(FunctionElement[Any]):  # noqa: N801 - likewise
    name = "part"
    inherit_cache = True


@compiles(_places, "sqlite")
def _places_on_sqlite(element: _places, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_places, "postgresql")
def _places_on_postgresql(element: _places, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_elements(CAST({compiler.process(element.clauses, **options)} AS JSON))"


@compiles(_name, "sqlite")
def _name_on_sqlite(element: _name, compiler: SQLCompiler, **options: Any) -> str:
    names, number = (compiler.process(each, **options) for each in element.clauses)
    return f"({names} ->> ({number}))"


@compiles(_name, "postgresql")
def _name_on_postgresql(element: _name, compiler: SQLCompiler, **options: Any) -> str:
    names, number = (compiler.process(each, **options) for each in element.clauses)
    return f"(CAST({names} AS JSON) ->> ({number}))"


@compiles(_found, "sqlite")
def _found_on_sqlite(element: _found, compiler: SQLCompiler, **options: Any) -> str:
    # SQLite has no LATERAL, but its functions of tables may depend on what stands before them.
    # They have columns of their own: one value holds a row.
    rows = f"SELECT json_group_array(json_array({', '.join(element.names)})) FROM"
    return f"json_each(({rows} {_select_of(element, compiler, options)}))"


@compiles(_found, "postgresql")
def _found_on_postgresql(element: _found, compiler: SQLCompiler, **options: Any) -> str:
    return f"LATERAL {_select_of(element, compiler, options)}"


@compiles(_part, "sqlite")
def _part_on_sqlite(element: _part, compiler: SQLCompiler, **options: Any) -> str:
    value, column = element.clauses
    return f"{compiler.process(value, **options)} ->> {column.name.removeprefix('part_')}"


@compiles(_part, "postgresql")
def _part_on_postgresql(element: _part, compiler: SQLCompiler, **options: Any) -> str:
    _, column = element.clauses
    return compiler.process(column, **options)


def _select_of(element: _found, compiler: SQLCompiler, options: dict[str, Any]) -> str:
    # As in a condition: in a FROM, SQLAlchemy would let nothing in it depend on what is around it.
    return compiler.process(element.clauses, **{**options, "asfrom": False})
