"""What a coordinator may do to a ticket's course: hold, resume, retry, close, reopen."""

from __future__ import annotations

from app.api.operation import operation
from app.api.tickets import TAG, shown
from app.callers import Caller
from app.db.base import db
from app.loading import ticket_to_change
from app.schemas.tickets import Closing, Hold, Reopening, Resumption, TicketResponse


@operation("POST", "/tickets/<ticket:ticket_id>/hold", tag=TAG, scope="plan")
def hold_ticket(caller: Caller, ticket_id: str, body: Hold) -> TicketResponse:
    """Let nobody work on it until it is resumed; a run in progress is taken back."""
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id)
    ticket.hold(caller.actor, body.reason)
    return shown(ticket_id)


@operation("POST", "/tickets/<ticket:ticket_id>/resume", tag=TAG, scope="plan")
def resume_ticket(caller: Caller, ticket_id: str, body: Resumption) -> TicketResponse:
    """Put a ticket on hold back into its queue, with all its attempts and perhaps an answer."""
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id)
    ticket.resume(caller.actor, body.answer)
    return shown(ticket_id)


@operation("POST", "/tickets/<ticket:ticket_id>/retry", tag=TAG, scope="plan")
def retry_ticket(caller: Caller, ticket_id: str) -> TicketResponse:
    """End the pause after a failed attempt: the stage can be taken at once."""
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id)
    ticket.retry_now(caller.actor)
    return shown(ticket_id)


@operation("POST", "/tickets/<ticket:ticket_id>/close", tag=TAG, scope="plan")
def close_ticket(caller: Caller, ticket_id: str, body: Closing) -> TicketResponse:
    """Close it as stopped, although its plan isn't done; a run in progress is taken back."""
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id)
    ticket.stop(caller.actor, body.reason)
    return shown(ticket_id)


@operation("POST", "/tickets/<ticket:ticket_id>/reopen", tag=TAG, scope="plan")
def reopen_ticket(caller: Caller, ticket_id: str, body: Reopening) -> TicketResponse:
    """Open a closed ticket where it stopped; one whose plan was done repeats its last stage."""
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id)
    ticket.reopen(caller.actor, body.reason)
    return shown(ticket_id)
