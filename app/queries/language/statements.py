"""The tickets that a query finds, for the statements of lists."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, select

from app.db.plans import unindexed
from app.models import Ticket
from app.queries.language.compiling import Matches, conditions, conditions_in_order
from app.queries.language.query import Query
from app.visibility import Visibility


def found_tickets(visibility: Visibility, query: Query, matches: Matches | None) -> Select[str]:
    """The ids of the wanted tickets, in no order. It is sent with the query's `parameters`."""
    seen = visibility.of(Ticket.project_id)
    # Tables that lead to them aren't those of a statement around it.
    return select(Ticket.ticket_id).where(*conditions(query, matches), seen).correlate(None)


def in_order(
    visibility: Visibility, query: Query, matches: Matches | None, *, is_few: bool
) -> ColumnElement[bool]:
    """The condition for a list in any order: few tickets are found and sorted; of many, the first
    are soon met in the order of an index."""
    if is_few and not (matches and matches.wanted):
        return Ticket.ticket_id.in_(found_tickets(visibility, query, matches))
    # What words find is a list of tickets already.
    seen = visibility.of(unindexed(Ticket.project_id))
    return and_(*conditions_in_order(query, matches), seen)
