"""What the statements of statistics ask of the databases, each in its own words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CTE, Float, String, bindparam, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.db.columns import UTCDateTime


class elements_of(FunctionElement[str]):  # noqa: N801 - it reads as the SQL function it is
    """The texts in a JSON list, as rows with a column `value`. One parameter holds them all, so
    that the statement is the same however many there are."""

    inherit_cache = True
    name = "elements_of"
    type = String()


@compiles(elements_of, "sqlite")
def _json_each(element: elements_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(elements_of)
def _json_elements(element: elements_of, compiler: SQLCompiler, **options: Any) -> str:
    listed = compiler.process(element.clauses, **options)
    return f"json_array_elements_text(CAST({listed} AS json))"


class as_time(FunctionElement[datetime]):  # noqa: N801 - it reads as what is done to a text
    """A text that `as_text` wrote, as a time to compare with."""

    inherit_cache = True
    type = UTCDateTime()


@compiles(as_time, "sqlite")
def _text_itself(element: as_time, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(as_time)
def _cast(element: as_time, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS TIMESTAMP WITH TIME ZONE)"


class seconds_between(FunctionElement[float]):  # noqa: N801 - it reads as the SQL function it is
    """From one time to a later one; never less than 0, whatever clocks were set back."""

    inherit_cache = True
    type = Float()


@compiles(seconds_between, "sqlite")
def _of_days(element: seconds_between, compiler: SQLCompiler, **options: Any) -> str:
    start, end = (compiler.process(each, **options) for each in element.clauses)
    return f"max(0.0, round((julianday({end}) - julianday({start})) * 86400.0, 3))"


@compiles(seconds_between)
def _of_interval(element: seconds_between, compiler: SQLCompiler, **options: Any) -> str:
    start, end = (compiler.process(each, **options) for each in element.clauses)
    return f"greatest(0.0, extract(epoch FROM {end} - {start})::float8)"


def periods() -> CTE:
    """Rows of `start` and `end`, made of the times in the parameter `bounds`."""
    bounds = elements_of(bindparam("bounds", type_=String())).table_valued("value")
    following = func.lead(bounds.c.value).over(order_by=bounds.c.value)
    each = select(bounds.c.value.label("start"), following.label("end")).cte("each_period")
    return (
        select(
            each.c.start.label("text"),
            as_time(each.c.start).label("start"),
            as_time(each.c.end).label("end"),
        )
        .where(each.c.end.is_not(None))
        .cte("periods")
    )


def bounds_of(times: Sequence[datetime]) -> str:
    """The parameter that `periods` asks for, in which `as_text` of a time names its period."""
    return json.dumps([as_text(moment) for moment in times])


def as_text(moment: datetime) -> str:
    """As SQLite keeps times, so that they sort."""
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(sep=" ", timespec="microseconds")
