"""Tickets: list, make, read and change them."""

from __future__ import annotations

from app.api.operation import operation
from app.callers import Caller
from app.db.base import db
from app.loading import ticket_to_change
from app.models import Ticket
from app.queries.tickets.list import labels_of
from app.queries.tickets.records import ticket_record, ticket_slice
from app.schemas.tickets import (
    PlanChange,
    TicketChange,
    TicketNew,
    TicketPage,
    TicketResponse,
    TicketsQuery,
)

TAG = "Tickets"


@operation("GET", "/tickets", tag=TAG, scope="read")
def list_tickets(caller: Caller, query: TicketsQuery) -> TicketPage:
    """List tickets: those that aren't closed, unless asked for others."""
    wanted = query.wanted(caller.chosen_project(query.project))
    items, following = ticket_slice(
        db.session(),
        caller.visibility,
        wanted,
        sort=query.sort,
        cursor=query.cursor,
        limit=query.limit,
    )
    return TicketPage.of(items=items, next=following)


@operation("POST", "/tickets", tag=TAG, scope="plan", status=201, once=True)
def create_ticket(caller: Caller, body: TicketNew) -> TicketResponse:
    """Make a ticket; it stands in the queue of its first stage at once, unless it is blocked."""
    caller.require_project(body.project_id)
    values = body.model_dump(exclude={"blocked_by"})
    ticket = Ticket.create(db.session(), **values, actor=caller.actor)
    if body.blocked_by:
        ticket.start_blocked_by(body.blocked_by, caller.actor)
    return shown(ticket.ticket_id)


@operation("GET", "/tickets/<ticket:ticket_id>", tag=TAG, scope="read")
def get_ticket(caller: Caller, ticket_id: str) -> TicketResponse:
    """One ticket. Its ETag is the version that `If-Match` names when it is changed."""
    ticket = shown(ticket_id)
    caller.require_visibility(ticket.project_id, f"There is no ticket {ticket_id}.")
    return ticket


@operation("PATCH", "/tickets/<ticket:ticket_id>", tag=TAG, scope="plan")
def update_ticket(
    caller: Caller, ticket_id: str, body: TicketChange, if_match: int | None
) -> TicketResponse:
    """Change what a ticket says; what is left out stays as it is."""
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id, if_match)
    values = body.over(
        title=ticket.title,
        description=ticket.description,
        priority=ticket.priority,
        labels=labels_of(db.session(), [ticket_id]).get(ticket_id, []),
    )
    ticket.edit(**values, version=ticket.version, actor=caller.actor)
    return shown(ticket_id)


@operation("PUT", "/tickets/<ticket:ticket_id>/plan", tag=TAG, scope="plan")
def amend_plan(
    caller: Caller, ticket_id: str, body: PlanChange, if_match: int | None
) -> TicketResponse:
    """Change the stages that are still to come."""
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id, if_match)
    ticket.amend_plan(body.execution_plan, caller.actor)
    return shown(ticket_id)


def shown(ticket_id: str) -> TicketResponse:
    """A ticket as it is now."""
    return TicketResponse.model_validate(ticket_record(db.session(), ticket_id))
