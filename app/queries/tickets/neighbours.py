"""The tickets before and after one in a list, whatever became of it since the list was shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from app.queries.language.statements import found_first, found_tickets, met_in_order
from app.queries.paging import COUNT_CAP, number_of
from app.queries.tickets.list_order import DEFAULT_ORDER, ListOrder
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
    values = parameters(wanted, reader)
    is_few = _are_few(session, visibility, wanted, matches, values)
    shown = (
        found_first(visibility, wanted, matches, is_few=True)
        if is_few
        else met_in_order(visibility, wanted, matches)
    )
    keys_in_order = [(unordered(key) if is_few else key, descends) for key, descends in order.keys]
    found: list[Neighbour | None] = []
    for is_forward in (False, True):
        keys = [(key, descends == is_forward) for key, descends in keys_in_order]
        one = (
            select(Ticket.ticket_id, Ticket.title, *order.own_keys)
            .where(shown, _beyond(keys, here))
            .order_by(*(key.desc() if descends else key.asc() for key, descends in keys))
            .limit(1)
        )
        row = rows_of(session, one, **values).first()
        beside = Neighbour(row[0], row[1], cursor_of(order.cursor, row[2:])) if row else None
        found.append(beside)
    return Neighbours(*found)


def _values(session: Session, order: ListOrder, ticket_id: str, place: str) -> Iterable[Any]:
    try:
        return values_of(order.cursor, place)
    except Invalid:
        now = select(*order.own_keys).where(Ticket.ticket_id == ticket_id)
        return rows_of(session, now).one()


def _are_few(
    session: Session,
    visibility: Visibility,
    wanted: Query,
    matches: Matches | None,
    values: dict[str, Any],
) -> bool:
    """Whether the tickets had better be found and sorted, as for the list itself."""
    if wanted.is_coarse:
        return False
    counted = select(number_of(found_tickets(visibility, wanted, matches)))
    return (rows_of(session, counted, **values).scalar() or 0) < COUNT_CAP


def _beyond(keys: Keys, here: Sequence[Any]) -> ColumnElement[bool]:
    """Whether a ticket comes after these values, in an order of keys that go either way."""
    (key, descends), value = keys[0], literal(here[0], keys[0][0].type)
    is_after = key < value if descends else key > value
    if len(keys) == 1:
        return is_after
    # The first part is one range of an index.
    is_from = key <= value if descends else key >= value
    return and_(is_from, or_(is_after, _beyond(keys[1:], here[1:])))
