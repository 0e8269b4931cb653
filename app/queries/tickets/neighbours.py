"""The tickets before and after one in a list, whatever became of it since the list was shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, literal, or_, select
from sqlalchemy.orm import Session

from app.db.plans import unordered
from app.db.rows import rows_of
from app.errors import Invalid
from app.models import Ticket
from app.queries.keyset import cursor_of, values_of
from app.queries.language.compiling import Matches, parameters, text_matches
from app.queries.language.kinds import Reader
from app.queries.language.query import Query
from app.queries.language.statements import found_first, met_in_order
from app.queries.tickets.list_order import DEFAULT_ORDER, ListOrder, Orders, in_directions
from app.queries.tickets.list_pages import come_in_parts, parts_of, stages_of
from app.queries.tickets.near import PASSED, are_few, is_any_far, met_near
from app.values import immutable
from app.visibility import Visibility

Keys = Sequence[tuple[ColumnElement[Any], bool]]


class Neighbour(NamedTuple):
    """A ticket beside another, and its own place in the list."""

    ticket_id: str
    title: str
    place: str


class Neighbours(NamedTuple):
    """The one before and the one after; None at the ends of the list."""

    previous: Neighbour | None
    next: Neighbour | None


def neighbours(
    session: Session,
    visibility: Visibility,
    query: Query,
    reader: Reader,
    ticket_id: str,
    place: str,
) -> Neighbours:
    """Those of the tickets that a list of the query shows. `place`: where the ticket stood in it;
    what isn't one of this list is where the ticket would stand now."""
    wanted = query.or_open()
    order = ListOrder(wanted.sorts or DEFAULT_ORDER)
    here = [*_values(session, order, ticket_id, place), ticket_id]
    matches = text_matches(wanted, session, visibility)
    list_ = _List(session, visibility, wanted, matches, reader, order)
    return Neighbours(*(list_.beside(here, is_forward) for is_forward in (False, True)))


@immutable
class _List:
    """A list, as one goes through it ticket by ticket."""

    session: Session
    visibility: Visibility
    wanted: Query
    matches: Matches | None
    reader: Reader
    order: ListOrder
    few: dict[Query, bool] = field(default_factory=dict, compare=False)
    """Whether what a query wants is few; asked once for both ways."""

    def beside(self, here: Sequence[Any], is_forward: bool) -> Neighbour | None:
        """The first ticket that comes after these values, or before them."""
        keys = [(key, descends == is_forward) for key, descends in self.order.keys]
        return self._beside(self.wanted, self.order.orders, keys, here, is_forward)

    def _beside(
        self,
        wanted: Query,
        orders: Orders,
        keys: Keys,
        here: Sequence[Any] | None,
        is_forward: bool,
    ) -> Neighbour | None:
        """The same among some of the tickets, in what is left of the order."""
        if not orders or not come_in_parts(wanted, orders):
            return self._first(wanted, keys, here)
        parts = self._parts(wanted, orders)
        for value, part in parts if is_forward else reversed(parts):
            is_here = here is not None and value == here[0]
            if here is None or is_here or (value < here[0]) == keys[0][1]:
                rest = here[1:] if here and is_here else None
                found = self._beside(part, orders[1:], keys[1:], rest, is_forward)
                if found:
                    return found
        return None

    def _parts(self, wanted: Query, orders: Orders) -> list[tuple[Any, Query]]:
        """The query for each value of what tickets are sorted by first."""
        sort, descends = orders[0]
        if sort != "stage":
            return list(parts_of(wanted, orders))
        each = [(one, wanted.naming("stage", one)) for one in stages_of(self.session, wanted)]
        return each[::-1] if descends else each

    def _first(self, wanted: Query, keys: Keys, here: Sequence[Any] | None) -> Neighbour | None:
        """The first of the wanted tickets in an order, or the first beyond these values."""
        values = {**parameters(wanted, self.reader), "passed": PASSED}
        if wanted not in self.few:
            counted = are_few(self.session, self.visibility, wanted, self.matches, values)
            self.few[wanted] = counted
        is_few = self.few[wanted]
        if not is_few:
            if wanted.is_coarse:
                shown = met_in_order(self.visibility, wanted, self.matches)
                return self._read(shown, keys, here, values)
            after = literal(here[0], keys[0][0].type) if here else None
            shown = met_near(self.visibility, wanted, self.matches, *keys[0], after)
            found = self._read(shown, keys, here, values)
            if found or not is_any_far(self.session, wanted, *keys[0], after):
                return found
        keys = [(unordered(key), descends) for key, descends in keys]
        shown = found_first(self.visibility, wanted, self.matches, is_few=is_few)
        return self._read(shown, keys, here, values)

    def _read(
        self,
        shown: ColumnElement[bool],
        keys: Keys,
        here: Sequence[Any] | None,
        values: dict[str, Any],
    ) -> Neighbour | None:
        one = select(Ticket.ticket_id, Ticket.title, *self.order.own_keys).where(shown)
        if here:
            one = one.where(_beyond(keys, here))
        row = rows_of(self.session, one.order_by(*in_directions(keys)).limit(1), **values).first()
        return Neighbour(row[0], row[1], cursor_of(self.order.cursor, row[2:])) if row else None


def _values(session: Session, order: ListOrder, ticket_id: str, place: str) -> Iterable[Any]:
    try:
        return values_of(order.cursor, place)
    except Invalid:
        now = select(*order.own_keys).where(Ticket.ticket_id == ticket_id)
        return rows_of(session, now).one()


def _beyond(keys: Keys, here: Sequence[Any]) -> ColumnElement[bool]:
    """Whether a ticket comes after these values, in an order of keys that go either way."""
    (key, descends), value = keys[0], literal(here[0], keys[0][0].type)
    is_after = key < value if descends else key > value
    if len(keys) == 1:
        return is_after
    # The first part is one range of an index.
    is_from = key <= value if descends else key >= value
    return and_(is_from, or_(is_after, _beyond(keys[1:], here[1:])))
