"""What a coordinator may do to a ticket: to what it says, and to its course."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.callers import Caller
from app.loading import ticket_to_change, visible_ticket
from app.models import Ticket
from app.operations.operation import Tool, operation
from app.operations.tickets import ONE, TAG, ticket_shown
from app.schemas.base import TicketParam
from app.schemas.tickets import (
    Closing,
    Hold,
    PlanChange,
    ProjectMove,
    QueueMove,
    Reopening,
    Resumption,
    TicketChange,
)


@operation(
    "PATCH",
    ONE,
    tag=TAG,
    scope="plan",
    tool=Tool("update_ticket", destroys=True, repeatable=True),
    answer=ticket_shown,
)
def update_ticket(
    session: Session,
    caller: Caller,
    ticket_id: TicketParam,
    body: TicketChange,
    if_match: int | None = None,
) -> str:
    """Change what a ticket says, or who looks after it; what you leave out stays as it is."""
    sent = body.sent()
    ticket = ticket_to_change(
        session, caller.visibility, ticket_id, if_match, with_project="parent_id" in sent
    )
    ticket.edit(caller.actor, **sent)
    return ticket_id


@operation(
    "POST",
    f"{ONE}/hold",
    tag=TAG,
    scope="plan",
    tool=Tool("hold_ticket", destroys=True),
    answer=ticket_shown,
)
def hold_ticket(session: Session, caller: Caller, ticket_id: TicketParam, body: Hold) -> str:
    """Put a ticket on hold: nobody works on it until resume_ticket.

    If a worker is at it right now, its run is taken back and what it was doing is lost.
    """
    ticket_to_change(session, caller.visibility, ticket_id).hold(caller.actor, body.reason)
    return ticket_id


@operation(
    "POST",
    f"{ONE}/resume",
    tag=TAG,
    scope="plan",
    tool=Tool("resume_ticket"),
    answer=ticket_shown,
)
def resume_ticket(
    session: Session, caller: Caller, ticket_id: TicketParam, body: Resumption
) -> str:
    """Put a ticket that is on hold back into its queue, with all its attempts.

    A ticket is on hold because someone held it, because a worker asked a question, or because all
    attempts failed: read why with get_ticket, and say in `answer` what the next worker must do
    differently. The events that asked for attention are resolved by this.
    """
    ticket_to_change(session, caller.visibility, ticket_id).resume(caller.actor, body.answer)
    return ticket_id


@operation("POST", f"{ONE}/retry", tag=TAG, scope="plan", answer=ticket_shown)
def retry_ticket(session: Session, caller: Caller, ticket_id: TicketParam) -> str:
    """End the pause after a failed attempt: the stage can be taken at once."""
    ticket_to_change(session, caller.visibility, ticket_id).retry_now(caller.actor)
    return ticket_id


@operation(
    "POST",
    f"{ONE}/close",
    tag=TAG,
    scope="plan",
    tool=Tool("close_ticket", destroys=True),
    answer=ticket_shown,
)
def close_ticket(session: Session, caller: Caller, ticket_id: TicketParam, body: Closing) -> str:
    """Stop a ticket for good, although its plan isn't done: it is closed as `stopped`.

    Use it for work that nobody wants any more. A ticket whose stages are all done closes by
    itself. A run in progress is taken back; tickets that waited for this one may start.
    """
    ticket_to_change(session, caller.visibility, ticket_id).stop(caller.actor, body.reason)
    return ticket_id


@operation(
    "POST",
    f"{ONE}/reopen",
    tag=TAG,
    scope="plan",
    tool=Tool("reopen_ticket"),
    answer=ticket_shown,
)
def reopen_ticket(session: Session, caller: Caller, ticket_id: TicketParam, body: Reopening) -> str:
    """Open a closed ticket again where it stopped; one whose plan was done repeats its last stage.

    Say in `reason` what is still to be done: the next worker reads it.
    """
    ticket_to_change(session, caller.visibility, ticket_id).reopen(caller.actor, body.reason)
    return ticket_id


@operation(
    "POST",
    f"{ONE}/move",
    tag=TAG,
    scope="plan",
    tool=Tool("move_ticket"),
    answer=ticket_shown,
)
def move_ticket(session: Session, caller: Caller, ticket_id: TicketParam, body: QueueMove) -> str:
    """Let a ticket be taken earlier or later than others that wait for the same worker type.

    A queue goes by priority first, so a ticket is moved among those of its own priority: to the
    `top` or the `bottom`, one place `up` or `down`, or `before` or `after` the ticket that
    `other_id` names. What stands first is claimed next.
    """
    ticket = ticket_to_change(session, caller.visibility, ticket_id, with_project=True)
    ticket.move_in_queue(body.place, caller.actor, body.other_id or "")
    return ticket_id


@operation(
    "PUT",
    f"{ONE}/plan",
    tag=TAG,
    scope="plan",
    tool=Tool("amend_plan", destroys=True, repeatable=True),
    answer=ticket_shown,
)
def amend_plan(
    session: Session,
    caller: Caller,
    ticket_id: TicketParam,
    body: PlanChange,
    if_match: int | None = None,
) -> str:
    """Change the stages of a ticket that are still to come.

    Send the whole plan: the stages that are done or running first, exactly as they are (get_ticket
    shows `execution_plan` and `completed_stages`), then those that shall follow.
    """
    ticket = ticket_to_change(session, caller.visibility, ticket_id, if_match)
    ticket.amend_plan(body.execution_plan, caller.actor)
    return ticket_id


@operation(
    "PUT",
    f"{ONE}/project",
    tag=TAG,
    scope="plan",
    tool=Tool("move_ticket_to_project", repeatable=True),
    answer=ticket_shown,
)
def move_ticket_to_project(
    session: Session, caller: Caller, ticket_id: TicketParam, body: ProjectMove
) -> str:
    """Move a ticket that nobody has worked on into another project; it keeps its id and its plan.

    The other project needs worker types of the same names (else change the plan first with
    amend_plan, to those that both have). Links to other tickets must be taken away before.
    """
    visible_ticket(session, caller.visibility, ticket_id)
    caller.require_project(body.project_id)
    ticket = Ticket.lock_with_project(session, ticket_id, body.project_id)
    ticket.move_to_project(body.project_id, caller.actor)
    return ticket_id
