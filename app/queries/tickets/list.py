"""The list of tickets, page by page."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import (
    Select,
    func,
    select,
)
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.models import Event
from app.queries.language.compiling import text_matches
from app.queries.language.kinds import Reader
from app.queries.language.query import Query
from app.queries.paging import COUNT_CAP, PAGE_SIZE, Page
from app.queries.tickets.list_order import (
    DEFAULT_ORDER,
    ListOrder,
)
from app.queries.tickets.list_pages import Asked
from app.queries.tickets.list_row import TicketLine, line_of
from app.values import immutable
from app.visibility import STATEMENTS_KEPT, Visibility

SEARCH_MAX = 200


@immutable
class TicketList:
    """A page of the list, and how many tickets the same query finds open and closed."""

    page: Page[TicketLine]
    open: int
    closed: int
    is_cut: bool = False
    """Whether more texts hold the words of a search than it looks at."""


def list_version(session: Session, visibility: Visibility, project: str) -> int:
    """Changes with every event to be seen: of one project, or with an empty name of all.

    One look at an index. What else the list is narrowed to doesn't count: a ticket that leaves the
    list would be missed by a look at those that are in it.
    """
    return rows_of(session, _newest_event(visibility, project)).scalar() or 0


@lru_cache(STATEMENTS_KEPT)
def _newest_event(visibility: Visibility, project: str) -> Select[int | None]:
    newest = select(func.max(Event.id)).where(visibility.of(Event.project_id))
    return newest.where(Event.project_id == project) if project else newest


def list_tickets(
    session: Session,
    visibility: Visibility,
    query: Query,
    reader: Reader,
    number: int,
    size: int = PAGE_SIZE,
) -> TicketList:
    """One page of those that aren't closed, unless the query says itself which are wanted; and how
    many there are."""
    wanted = query.or_open().states_last
    matches = text_matches(wanted, session, visibility)
    orders = wanted.sorts or DEFAULT_ORDER
    asked = Asked(visibility, wanted, orders, matches, reader, (number - 1) * size, size)
    n_open, n_closed, *others = asked.counts(session)
    totals = {"open": n_open, "closed": n_closed, "all": min(n_open + n_closed, COUNT_CAP)}
    total = others[0] if others else totals[wanted.state]
    # Nobody turns more pages. To pass by all tickets before a page takes the longer, the deeper it
    # is; they are narrowed instead, or read from the other end.
    last_page = COUNT_CAP // size
    # Looking for nothing by an ordered index would read all of it.
    rows = asked.rows(session, total) if total and number <= last_page else ()
    cursor = ListOrder(orders).cursor
    page = Page([line_of(cursor, *row) for row in rows], number, total, size, last_page)
    return TicketList(page, n_open, n_closed, matches is not None and matches.is_cut)
