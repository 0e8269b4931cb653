"""The tickets that a query finds, for the statements of lists."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, select, true, union

from app.db.plans import checked, one_of, unindexed
from app.models import Ticket
from app.queries.language.compiling import (
    Matches,
    conditions,
    conditions_in_order,
    found_by_labels,
    is_of_open_index,
    order_found,
    while_open,
)
from app.queries.language.query import Query
from app.queries.paging import COUNT_CAP
from app.visibility import Visibility


def found_tickets(visibility: Visibility, query: Query, matches: Matches | None) -> Select[str]:
    """The ids of the wanted tickets, in no order. It is sent with the query's `parameters`."""
    seen = visibility.of(Ticket.project_id)
    # Tables that lead to them aren't those of a statement around it.
    return select(Ticket.ticket_id).where(*conditions(query, matches), seen).correlate(None)


def found_ids(
    visibility: Visibility, query: Query, matches: Matches | None, upto: int | None = COUNT_CAP
) -> Select[str]:
    """The same to count them, or to look for their ids: of so many or more at least so many. Where
    labels say all that is asked, no ticket is read."""
    if matches and matches.wanted:
        return found_tickets(visibility, query, matches)
    by_labels = None if matches else found_by_labels(query, visibility)
    if by_labels is not None:
        return by_labels.correlate(None)
    each = query.by_owner
    if not order_found(each[0]):
        return found_tickets(visibility, query, matches)
    found = [_in_order_found(visibility, one, matches, upto) for one in each]
    if len(found) == 1:
        return found[0]
    some = (select(one.limit(upto).subquery().c.ticket_id) for one in found)
    return select(union(*some).subquery().c.ticket_id)


def is_told(visibility: Visibility, query: Query, matches: Matches | None) -> bool:
    """Whether it takes little to tell which open tickets it finds: words have found few, or an
    index alone tells it."""
    if matches:
        return matches.wanted is not None
    is_by_labels = found_by_labels(while_open(query), visibility) is not None
    return is_by_labels or is_of_open_index(query)


def found_open(
    visibility: Visibility, query: Query, matches: Matches | None, upto: int
) -> Select[str]:
    """The ids of those that aren't closed: of so many or more at least so many."""
    return found_ids(visibility, while_open(query), matches, upto)


def _in_order_found(
    visibility: Visibility, query: Query, matches: Matches | None, upto: int | None
) -> Select[str]:
    """The wanted tickets, in the order in which they are best read if not all are. All else is
    asked of each: else PostgreSQL might believe that few are left, and read all to sort them."""
    finding, *others = conditions(query, matches)
    asked = and_(true(), *others, visibility.of(unindexed(Ticket.project_id)))
    found = select(Ticket.ticket_id).where(finding, checked(asked)).correlate(None)
    return found if upto is None else found.order_by(*order_found(query))


def found_first(
    visibility: Visibility, query: Query, matches: Matches | None, *, is_few: bool
) -> ColumnElement[bool]:
    """The condition for tickets that are found before they are put in an order. `is_few`: they were
    counted, and are fewer than `COUNT_CAP`."""
    if matches and matches.wanted:
        # What words find is a list of tickets already.
        return met_in_order(visibility, query, matches)
    found = found_ids(visibility, query, matches, COUNT_CAP if is_few else None)
    id_ = Ticket.ticket_id.expression
    return one_of(id_, found.scalar_subquery()) if is_few else id_.in_(found)


def met_in_order(
    visibility: Visibility, query: Query, matches: Matches | None
) -> ColumnElement[bool]:
    """The condition for tickets of which the first are soon met in the order of an index, because
    they are many."""
    seen = visibility.of(unindexed(Ticket.project_id))
    return and_(*conditions_in_order(query, matches), seen)
