"""What a coordinator may do to a ticket's course."""

from __future__ import annotations

from app.callers import Caller
from app.db.base import db
from app.loading import ticket_to_change
from app.mcp.registry import tool
from app.mcp.tools.ids import ATicket
from app.mcp.tools.tickets import shown
from app.schemas.tickets import Closing, Hold, PlanChange, Reopening, Resumption, TicketResponse


@tool("plan", destroys=True)
def hold_ticket(caller: Caller, ticket_id: ATicket, body: Hold) -> TicketResponse:
    """Put a ticket on hold: nobody works on it until resume_ticket.

    If a worker is at it right now, its run is taken back and what it was doing is lost.
    """
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id)
    ticket.hold(caller.actor, body.reason)
    return shown(ticket_id)


@tool("plan")
def resume_ticket(caller: Caller, ticket_id: ATicket, body: Resumption) -> TicketResponse:
    """Put a ticket that is on hold back into its queue, with all its attempts.

    A ticket is on hold because someone held it, because a worker asked a question, or because all
    attempts failed: read why with get_ticket, and say in `answer` what the next worker must do
    differently. The events that asked for attention are resolved by this.
    """
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id)
    ticket.resume(caller.actor, body.answer)
    return shown(ticket_id)


@tool("plan", destroys=True)
def close_ticket(caller: Caller, ticket_id: ATicket, body: Closing) -> TicketResponse:
    """Stop a ticket for good, although its plan isn't done: it is closed as `stopped`.

    Use it for work that nobody wants any more. A ticket whose stages are all done closes by
    itself. A run in progress is taken back; tickets that waited for this one may start.
    """
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id)
    ticket.stop(caller.actor, body.reason)
    return shown(ticket_id)


@tool("plan")
def reopen_ticket(caller: Caller, ticket_id: ATicket, body: Reopening) -> TicketResponse:
    """Open a closed ticket again where it stopped; one whose plan was done repeats its last stage.

    Say in `reason` what is still to be done: the next worker reads it.
    """
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id)
    ticket.reopen(caller.actor, body.reason)
    return shown(ticket_id)


@tool("plan", destroys=True, repeatable=True)
def amend_plan(caller: Caller, ticket_id: ATicket, body: PlanChange) -> TicketResponse:
    """Change the stages of a ticket that are still to come.

    Send the whole plan: the stages that are done or running first, exactly as they are (get_ticket
    shows `execution_plan` and `completed_stages`), then those that shall follow.
    """
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id)
    ticket.amend_plan(body.execution_plan, caller.actor)
    return shown(ticket_id)
