"""Who waits for whom, as programs read it: the edges of the graph."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from app.models import Ticket, TicketDependency
from app.queries.keyset import Order, Slice, take_slice
from app.visibility import Visibility

BY_TICKET = Order(
    "ticket_id",
    (TicketDependency.ticket_id.expression, TicketDependency.blocked_by_id.expression),
)


def dependency_records(
    session: Session,
    visibility: Visibility,
    *,
    project: str | None,
    is_open: bool | None,
    cursor: str | None,
    limit: int,
) -> Slice:
    """Some dependencies. `is_open`: only those that still hold a ticket up, or only the others."""
    blocker = aliased(Ticket)
    still = (blocker.state != "closed").label("is_open")
    rows = select(*TicketDependency.__table__.columns, still)
    rows = rows.join(blocker, blocker.ticket_id == TicketDependency.blocked_by_id)
    rows = rows.where(visibility.of(blocker.project_id))
    if project is not None:
        rows = rows.where(blocker.project_id == project)
    if is_open is not None:
        rows = rows.where((blocker.state != "closed") == is_open)
    return take_slice(session, rows, BY_TICKET, cursor=cursor, limit=limit)
