"""What the list of tickets can be sorted by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, UnaryExpression, case, func

from app.models import Ticket
from app.queries.keyset import Order
from app.queries.language.query import ENDED
from app.queries.tickets.conditions import STAGE, situation

STATE_RANK = {"running": 0, "waiting": 1, "on_hold": 2, "ready": 3, "backoff": 4, "blocked": 5}
"""Sorted by state, those come first where something happens or should."""
STATES_IN_ORDER = (*((state,) for state in STATE_RANK), ENDED)
"""The same with what comes last; whether all was done makes no difference there."""
Orders = tuple[tuple[str, bool], ...]
"""What to sort by, and whether from its end, one after the other."""
DEFAULT_ORDER: Orders = (("updated", True),)
NEWEST_FIRST = ("created", "updated")
"""Sorts that begin at their end: whoever sorts by a time looks for the latest."""


@dataclass(frozen=True)
class ListOrder:
    """The order of a list: by one key after the other, and in the end by the id, in the direction
    of the last; no two are alike."""

    orders: Orders

    @cached_property
    def keys(self) -> list[tuple[ColumnElement[Any], bool]]:
        """Each with whether it begins at its end."""
        found: list[tuple[ColumnElement[Any], bool]] = []
        for sort, descends in self.orders:
            found += [(key, descends) for key in _sort_keys(sort)]
            if sort == "id":
                break  # No two are alike.
        return [*found, (Ticket.ticket_id.expression, descends)]

    @property
    def own_keys(self) -> list[ColumnElement[Any]]:
        """All but the id, which is known."""
        return [key for key, _ in self.keys[:-1]]

    @property
    def cursor(self) -> Order:
        """What the place of a ticket in the list is made of, besides its id."""
        name = ",".join(f"{'-' if descends else ''}{sort}" for sort, descends in self.orders)
        return Order(name, tuple(self.own_keys))


def in_directions(keys: Iterable[tuple[ColumnElement[Any], bool]]) -> list[UnaryExpression[Any]]:
    """What a statement sorts by; each key with whether it begins at its end."""
    return [key.desc() if descends else key.asc() for key, descends in keys]


def _sort_keys(sort: str) -> tuple[ColumnElement[Any], ...]:
    if sort == "id":
        # By length first, because WEB-9 comes before WEB-12.
        return Ticket.project_id.expression, func.length(Ticket.ticket_id)
    if sort == "state":
        return (case(STATE_RANK, value=situation(), else_=len(STATE_RANK)),)
    columns: dict[str, ColumnElement[Any]] = {
        "title": func.lower(Ticket.title),
        "stage": STAGE,
        "priority": Ticket.priority.expression,
        "created": Ticket.created_at.expression,
        "updated": Ticket.updated_at.expression,
    }
    return (columns[sort],)
