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


# SQLite numbers rows by itself only in a column that is exactly INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")

intpk = Annotated[int, mapped_column(BigId, primary_key=True)]
bigint = Annotated[int, mapped_column(BigId)]
created = Annotated[datetime, mapped_column(UTCDateTime, server_default=utcnow())]
updated = Annotated[
    datetime, mapped_column(UTCDateTime, server_default=utcnow(), onupdate=clock.now)
]
string_list = Annotated[list[str], mapped_column(JSON)]
json_object = Annotated[
    dict[str, Any], mapped_column(JsonObject, default=dict, server_default="{}")
]

type_annotation_map: dict[Any, Any] = {str: Text(), datetime: UTCDateTime()}
