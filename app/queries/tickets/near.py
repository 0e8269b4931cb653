"""Tickets near the beginning of an order. Of many that are wanted, the first are soon met there;
but of all tickets, some may have none of them but the last of a million."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select

from app.models import Ticket
from app.queries.language.query import ENDED, Query
from app.queries.tickets.conditions import NOT_CLOSED
from app.queries.tickets.list_order import in_directions

PASSED = 5_000
"""Tickets of an order that are passed by to meet those wanted."""


def is_near(
    wanted: Query,
    key: ColumnElement[Any],
    descends: bool,
    after: ColumnElement[Any] | None = None,
) -> ColumnElement[bool]:
    """Whether a ticket is among the first in an order, as many as the parameter `passed` says, or
    like the last of them. `after`: the key from which they are counted, if not from the first."""
    by = in_directions([(key, descends)])
    nearest = select(key.label("key")).select_from(Ticket).order_by(*by).limit(bindparam("passed"))
    if wanted.situations.isdisjoint(ENDED):
        nearest = nearest.where(NOT_CLOSED)
    elif wanted.situations.issubset(ENDED) and key is Ticket.updated_at.expression:
        nearest = nearest.where(Ticket.state == "closed")
    if after is not None:
        nearest = nearest.where(key <= after if descends else key >= after)
    keys = nearest.subquery().c.key
    last = select(func.min(keys) if descends else func.max(keys)).scalar_subquery()
    return key >= last if descends else key <= last
