"""What waits for what, and what is related: read the graph, add and remove its edges."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.callers import Caller
from app.loading import ticket_to_change, visible_ticket
from app.models import Ticket
from app.operations.operation import Tool, operation
from app.operations.tickets import ONE as TICKET
from app.queries.tickets.related import (
    dependency_slice,
    is_related_to,
    is_waited_for_by,
    waits_for,
)
from app.schemas.base import BlockerParam, RelatedParam, TicketParam
from app.schemas.dependencies import DependenciesQuery, DependenciesResponse, DependencyPage

TAG = "Dependencies"
ONE = f"{TICKET}/dependencies/<blocked_by_id>"
RELATED = f"{TICKET}/related/<related_id>"


def neighbours_shown(session: Session, ticket_id: str) -> DependenciesResponse:
    return DependenciesResponse.of(
        blocked_by=waits_for(session, ticket_id),
        blocks=is_waited_for_by(session, ticket_id),
        related=is_related_to(session, ticket_id),
    )


@operation("GET", "/dependencies", tag=TAG, scope="read")
def list_dependencies(session: Session, caller: Caller, query: DependenciesQuery) -> DependencyPage:
    """The whole graph, edge by edge."""
    found = dependency_slice(
        session,
        caller.visibility,
        project=caller.chosen_project(query.project),
        is_open=query.open,
        cursor=query.cursor,
        limit=query.limit,
    )
    return DependencyPage.of(items=found.rows, next=found.next)


@operation("GET", f"{TICKET}/dependencies", tag=TAG, scope="read")
def get_dependencies(
    session: Session, caller: Caller, ticket_id: TicketParam
) -> DependenciesResponse:
    """What a ticket waits for, what waits for it, and what is related."""
    visible_ticket(session, caller.visibility, ticket_id)
    return neighbours_shown(session, ticket_id)


@operation(
    "PUT",
    ONE,
    tag=TAG,
    scope="plan",
    tool=Tool("add_dependency", repeatable=True),
    answer=neighbours_shown,
)
def add_dependency(
    session: Session, caller: Caller, ticket_id: TicketParam, blocked_by_id: BlockerParam
) -> str:
    """Let a ticket wait until another ticket of the same project is closed.

    Refused if the other waits for this one already, directly or through others. A stage that is
    running goes on; the next one waits.
    """
    ticket = _ticket_to_link(session, caller, ticket_id, blocked_by_id, with_project=True)
    if not ticket.is_waiting_for(blocked_by_id):
        ticket.block_by(blocked_by_id, caller.actor)
    return ticket_id


@operation(
    "DELETE",
    ONE,
    tag=TAG,
    scope="plan",
    tool=Tool("remove_dependency", destroys=True, repeatable=True),
    answer=neighbours_shown,
)
def remove_dependency(
    session: Session, caller: Caller, ticket_id: TicketParam, blocked_by_id: BlockerParam
) -> str:
    """Let a ticket no longer wait for another; when it waits for nothing more, it is ready."""
    ticket = _ticket_to_link(session, caller, ticket_id, blocked_by_id)
    ticket.unblock_from(blocked_by_id, caller.actor)
    return ticket_id


@operation(
    "PUT",
    RELATED,
    tag=TAG,
    scope="plan",
    tool=Tool("relate_tickets", repeatable=True),
    answer=neighbours_shown,
)
def relate_tickets(
    session: Session, caller: Caller, ticket_id: TicketParam, related_id: RelatedParam
) -> str:
    """Link two tickets of one project that belong together; neither waits for the other."""
    ticket = _ticket_to_link(session, caller, ticket_id, related_id)
    if not ticket.is_related_to(related_id):
        ticket.relate_to(related_id, caller.actor)
    return ticket_id


@operation(
    "DELETE",
    RELATED,
    tag=TAG,
    scope="plan",
    tool=Tool("unrelate_tickets", destroys=True, repeatable=True),
    answer=neighbours_shown,
)
def unrelate_tickets(
    session: Session, caller: Caller, ticket_id: TicketParam, related_id: RelatedParam
) -> str:
    """Take the link between two related tickets away, whichever of them it was made from."""
    ticket = _ticket_to_link(session, caller, ticket_id, related_id)
    ticket.unrelate_from(related_id, caller.actor)
    return ticket_id


def _ticket_to_link(
    session: Session,
    caller: Caller,
    ticket_id: str,
    other_id: str,
    *,
    with_project: bool = False,
) -> Ticket:
    """The ticket, held until the transaction ends, once both may be seen."""
    ticket = ticket_to_change(session, caller.visibility, ticket_id, with_project=with_project)
    visible_ticket(session, caller.visibility, other_id)
    return ticket
