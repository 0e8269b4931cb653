"""A ticket's timeline."""

from __future__ import annotations

from app.api.operation import operation
from app.callers import Caller
from app.db.base import db
from app.loading import visible_ticket
from app.queries.tickets.log import ticket_log
from app.schemas.timeline import TimelinePage, TimelineQuery

TAG = "Tickets"


@operation("GET", "/tickets/<ticket:ticket_id>/timeline", tag=TAG, scope="read")
def get_timeline(caller: Caller, ticket_id: str, query: TimelineQuery) -> TimelinePage:
    """All that was said and done about a ticket: comments, runs and events, oldest first."""
    visible_ticket(db.session(), caller.visibility, ticket_id)
    entries, following = ticket_log(db.session(), ticket_id, cursor=query.cursor, limit=query.limit)
    return TimelinePage.of(items=entries, next=following)
