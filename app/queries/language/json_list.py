"""Lists that a column keeps as JSON, or as its text, in a condition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, exists, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class json_entries(FunctionElement[Any]):  # noqa: N801 - it reads as the SQL function it is
    """A row for each entry of a list."""

    name = "json_entries"
    inherit_cache = True


@compiles(json_entries, "sqlite")
def _on_sqlite(element: json_entries, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(json_entries)
def _on_postgresql(element: json_entries, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS JSON))"


def json_list_holds(
    column: Any, compare: Callable[[Any], ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Whether an entry of the list meets the comparison."""
    entries = json_entries(column).table_valued("value")
    return exists(select(literal_column("1")).select_from(entries).where(compare(entries.c.value)))
