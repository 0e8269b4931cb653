"""What the statements of statistics ask of the databases, each in its own words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Integer,
    ScalarSelect,
    Text,
    func,
    literal_column,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.db.columns import UTCDateTime
from app.models import StageRun


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
    # Rounded to milliseconds; `round` makes a text of the number and reads it, which takes long.
    days = f"(julianday({end}) - julianday({start}))"
    return f"max(0.0, CAST({days} * 86400000.0 + 0.5 AS INTEGER) / 1000.0)"


@compiles(seconds_between)
def _of_interval(element: seconds_between, compiler: SQLCompiler, **options: Any) -> str:
    start, end = (compiler.process(each, **options) for each in element.clauses)
    return f"greatest(0.0, date_part('epoch', {end} - {start}))"


class shuffled(FunctionElement[int]):  # noqa: N801 - it reads as what is done to a ticket's id
    """A number for each ticket, always the same one, that says nothing of it: those with the
    smallest are an even sample. Given is the column of tickets' ids."""

    inherit_cache = True
    type = BigInteger()


@compiles(shuffled, "sqlite")
def _of_row_number(element: shuffled, compiler: SQLCompiler, **options: Any) -> str:
    # What is behind the point of multiples of the golden ratio lies evenly. Rows are numbered as
    # they are made, and each index has their numbers: it takes no look at a ticket.
    ticket_id = compiler.process(element.clauses, **options)
    return f"({ticket_id.removesuffix('.ticket_id')}.rowid * {GOLDEN} & {2**32 - 1})"


@compiles(shuffled, "postgresql")
def _of_text(element: shuffled, compiler: SQLCompiler, **options: Any) -> str:
    return f"hashtext({compiler.process(element.clauses, **options)})"


WHOLE = 26
"""The length of a time that `as_text` wrote."""
LINE_END: Any = literal_column("'\n'")
BAR: Any = literal_column("'|'")
GOLDEN = 2_654_435_769
"""2 to the power of 32, divided by the golden ratio."""


class row_key(FunctionElement[Any]):  # noqa: N801 - it reads as what is asked of a ticket's id
    """What leads to a ticket and is in each index, as far as there is such a thing: SQLite's
    numbers of rows. Given is the column of tickets' ids."""

    inherit_cache = True


class id_at(FunctionElement[str]):  # noqa: N801 - it reads as what is asked of a key
    """The id of the ticket that has a `row_key`."""

    inherit_cache = True
    type = Text()


@compiles(row_key, "sqlite")
def _row_number(element: row_key, compiler: SQLCompiler, **options: Any) -> str:
    ticket_id = compiler.process(element.clauses, **options)
    return f"{ticket_id.removesuffix('.ticket_id')}.rowid"


@compiles(id_at, "sqlite")
def _at_row_number(element: id_at, compiler: SQLCompiler, **options: Any) -> str:
    key = compiler.process(element.clauses, **options)
    return f"(SELECT ticket_id FROM tickets WHERE rowid = {key})"  # noqa: S608 - ours


@compiles(row_key)
@compiles(id_at)
def _id_itself(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


class cut_to(FunctionElement[str]):  # noqa: N801 - it reads as what is done to a time
    """A time in UTC as `as_text` writes it, of which only so much is kept."""

    inherit_cache = True
    type = Text()

    def __init__(self, column: Any, length: int) -> None:
        kept: ColumnElement[int] = literal_column(str(length), Integer())
        super().__init__(column, kept)


@compiles(cut_to, "sqlite")
def _beginning_of_text(element: cut_to, compiler: SQLCompiler, **options: Any) -> str:
    column, length = (compiler.process(each, **options) for each in element.clauses)
    return f"substr({column}, 1, {length})"


@compiles(cut_to)
def _beginning_of_time(element: cut_to, compiler: SQLCompiler, **options: Any) -> str:
    column, length = (compiler.process(each, **options) for each in element.clauses)
    return f"left(to_char({column}, 'YYYY-MM-DD HH24:MI:SS.US'), {length})"


def as_text(moment: datetime) -> str:
    """As SQLite keeps times, so that they sort."""
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(sep=" ", timespec="microseconds")


def line_of(*columns: Any) -> ColumnElement[str]:
    """Columns of texts without lines or bars, as a line to split at bars."""
    first, *others = columns
    line: ColumnElement[str] = first
    for column in others:
        line = line.concat(BAR).concat(column)
    return line


def lines_of(column: ColumnElement[str]) -> ColumnElement[str]:
    """Some rows' lines as one text: rows by the thousand take longer than to find them."""
    return func.aggregate_strings(column, LINE_END)


def first_run(ticket_id: Any) -> ScalarSelect[datetime]:
    """When the first run of the ticket began that another statement is about."""
    return (
        select(StageRun.started_at)
        .where(StageRun.ticket_id == ticket_id)
        .order_by(StageRun.run_id)
        .limit(1)
        .correlate_except(StageRun)
        .scalar_subquery()
    )


def from_text(text: str) -> datetime:
    """What `as_text` wrote."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
