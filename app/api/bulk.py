"""Many tickets at once: what a planning agent produces."""

from __future__ import annotations

from app.api.operation import operation
from app.api.tickets import TAG
from app.callers import Caller
from app.db.base import db
from app.pipeline.planning import create_tickets
from app.schemas.bulk import TicketsMade, TicketsNew


@operation("POST", "/tickets/bulk", tag=TAG, scope="plan", status=201, once=True)
def create_many_tickets(caller: Caller, body: TicketsNew) -> TicketsMade:
    """Make up to 500 tickets, with their plans and what they wait for: all of them, or none.

    Each has a `key`, by which others in the same request name it as `parent` or in `blocked_by`.
    A refusal names every entry that is wrong.
    """
    caller.require_project(body.project_id)
    drafts = body.drafts()
    tickets = create_tickets(db.session(), body.project_id, drafts, caller.actor)
    return TicketsMade.pairing(drafts, tickets)
