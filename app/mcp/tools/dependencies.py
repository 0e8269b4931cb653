"""Dependencies: what waits for what."""

from __future__ import annotations

from app.callers import Caller
from app.db.base import db
from app.loading import ticket_to_change
from app.mcp.registry import tool
from app.mcp.tools.ids import ABlocker, ATicket
from app.queries.tickets.related import is_waited_for_by, waits_for
from app.schemas.dependencies import DependenciesResponse


@tool("plan", repeatable=True)
def add_dependency(
    caller: Caller, ticket_id: ATicket, blocked_by_id: ABlocker
) -> DependenciesResponse:
    """Let a ticket wait until another ticket of the same project is closed.

    Refused if the other waits for this one already, directly or through others. A stage that is
    running goes on; the next one waits.
    """
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id)
    if not ticket.is_waiting_for(blocked_by_id):
        ticket.block_by(blocked_by_id, caller.actor)
    return _shown(ticket_id)


@tool("plan", destroys=True, repeatable=True)
def remove_dependency(
    caller: Caller, ticket_id: ATicket, blocked_by_id: ABlocker
) -> DependenciesResponse:
    """Let a ticket no longer wait for another; when it waits for nothing more, it is ready."""
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id)
    ticket.unblock_from(blocked_by_id, caller.actor)
    return _shown(ticket_id)


def _shown(ticket_id: str) -> DependenciesResponse:
    return DependenciesResponse.of(
        blocked_by=waits_for(db.session(), ticket_id),
        blocks=is_waited_for_by(db.session(), ticket_id),
    )
