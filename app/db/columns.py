"""Column types, each named once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    DateTime,
    Dialect,
    Integer,
    Text,
    bindparam,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import mapped_column
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from app import clock


class UTCDateTime(TypeDecorator[datetime]):
    """A time in UTC: aware in Python, `timestamptz` on PostgreSQL, sortable text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its zone can't be stored; use app.clock.now()")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now_when_sent(later: timedelta = timedelta(0)) -> BindParameter[datetime]:
    """The current time, or one that much later, as a parameter that is read whenever its statement
    is sent: what is built once stays true."""
    return bindparam("now", unique=True, type_=UTCDateTime(), callable_=lambda: clock.now() + later)


class JsonObject(TypeDecorator[dict[str, Any]]):
    """A JSON object; whatever else a program has stored there is read as an empty one."""

    impl = JSON
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> dict[str, Any]:
        return value if isinstance(value, dict) else {}


class utcnow(FunctionElement[datetime]):  # noqa: N801 - it reads as the SQL function it is
    """The database's own current time, as a server default."""

    type = UTCDateTime()
    inherit_cache = True


@compiles(utcnow, "sqlite")
def _utcnow_sqlite(element: utcnow, compiler: SQLCompiler, **kw: Any) -> str:
    # CURRENT_TIMESTAMP has no fraction; stored times must all sort as text.
    return "(strftime('%Y-%m-%d %H:%M:%f000', 'now'))"


@compiles(utcnow)
def _utcnow(element: utcnow, compiler: SQLCompiler, **kw: Any) -> str:
    return "CURRENT_TIMESTAMP"


RANKS_PER_MICROSECOND = 1_024
RANKS_PER_SECOND = RANKS_PER_MICROSECOND * 1_000_000
"""By age, tickets made within a microsecond leave room for a thousand between them."""


def rank_by_age(created_at: datetime) -> int:
    """The place in a queue of a ticket that was made then, until somebody moves it."""
    return int(created_at.timestamp() * 1_000_000) * RANKS_PER_MICROSECOND


def _rank_of_new(context: Any) -> int:
    made = context.get_current_parameters().get("created_at")
    return rank_by_age(made if made is not None else clock.now())


class rank_now(FunctionElement[int]):  # noqa: N801 - it reads as the SQL function it is
    """The same of what is made now by the database's own clock, as a server default."""

    type = BigInteger()
    inherit_cache = True


@compiles(rank_now, "sqlite")
def _rank_now_sqlite(element: rank_now, compiler: SQLCompiler, **kw: Any) -> str:
    return (
        "(CAST(strftime('%s', 'now') AS INTEGER) * 1024000000"
        " + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER) * 1024000)"
    )


@compiles(rank_now)
def _rank_now(element: rank_now, compiler: SQLCompiler, **kw: Any) -> str:
    return "(CAST(extract(epoch FROM CURRENT_TIMESTAMP) * 1000000 AS BIGINT) * 1024)"


# SQLite numbers rows by itself only in a column that is exactly INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")

intpk = Annotated[int, mapped_column(BigId, primary_key=True)]
bigint = Annotated[int, mapped_column(BigId)]
created = Annotated[datetime, mapped_column(UTCDateTime, server_default=utcnow())]
updated = Annotated[
    datetime, mapped_column(UTCDateTime, server_default=utcnow(), onupdate=clock.now)
]
queue_rank = Annotated[
    int, mapped_column(BigInteger, default=_rank_of_new, server_default=rank_now())
]
string_list = Annotated[list[str], mapped_column(JSON)]
json_object = Annotated[
    dict[str, Any], mapped_column(JsonObject, default=dict, server_default="{}")
]

type_annotation_map: dict[Any, Any] = {str: Text(), datetime: UTCDateTime()}
