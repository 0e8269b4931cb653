"""Parts of lists that go on exactly where the part before ended, whatever came in between."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, Select, literal, tuple_
from sqlalchemy.orm import Session

from app.db.columns import UTCDateTime
from app.errors import Invalid
from app.values import immutable

NUMBER_MAX = 2**63 - 1


@immutable
class Order:
    """The order of a list: columns that together are unique. `name` keeps cursors of one order
    from being used with another."""

    name: str
    columns: tuple[ColumnElement[Any], ...]
    descending: bool = False


@immutable
class Slice:
    """Some rows, and the cursor for those that follow; None: these are the last."""

    rows: Sequence[Row[Any]]
    next: str | None


def take_slice(
    session: Session, rows: Select[Any], order: Order, *, cursor: str | None, limit: int
) -> Slice:
    """The first rows after the cursor. Raises `Invalid` for a cursor that isn't of this order."""
    keys = [column.label(f"key_{n}") for n, column in enumerate(order.columns)]
    chosen = first_after(rows.add_columns(*keys), order, cursor, limit + 1)
    found = session.execute(chosen).all()
    last = found[limit - 1] if len(found) > limit else None
    if last is None:
        return Slice(found[:limit], None)
    values_of_last = [getattr(last, f"key_{n}") for n in range(len(order.columns))]
    return Slice(found[:limit], cursor_of(order, values_of_last))


def first_after(rows: Select[Any], order: Order, cursor: str | None, number: int) -> Select[Any]:
    """So many rows that come first after the cursor. Raises `Invalid` as above."""
    chosen = rows.limit(number)
    chosen = chosen.order_by(*(c.desc() if order.descending else c.asc() for c in order.columns))
    if cursor is None:
        return chosen
    here = tuple_(*order.columns)
    values = values_of(order, cursor)
    end = tuple_(*(literal(v, c.type) for v, c in zip(values, order.columns, strict=True)))
    return chosen.where(here < end if order.descending else here > end)


def cursor_of(order: Order, values: Iterable[Any]) -> str:
    """The place in a list where a row with these values stands."""
    said = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    text = json.dumps([order.name, *said], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def values_of(order: Order, cursor: str) -> list[Any]:
    """The values that a cursor was made of. Raises `Invalid` for one that isn't of this order."""
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        name, *said = json.loads(text)
        if name != order.name or len(said) != len(order.columns):
            raise ValueError("a cursor of another list")
        return [_value(c, value) for c, value in zip(order.columns, said, strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
        raise Invalid(
            "This cursor isn't from this list in this order. Leave it out to begin anew.", "cursor"
        ) from None


def _value(column: ColumnElement[Any], said: Any) -> Any:
    if isinstance(column.type, UTCDateTime):
        moment = datetime.fromisoformat(said)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if isinstance(column.type, Integer):
        if not isinstance(said, int) or abs(said) > NUMBER_MAX:
            raise ValueError("not a number")
        return said
    if not isinstance(said, str) or "\x00" in said:
        raise ValueError("not a text")
    said.encode()  # refuses half of a surrogate pair
    return said
