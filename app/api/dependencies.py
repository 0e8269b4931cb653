"""Dependencies: what waits for what."""

from __future__ import annotations

from app.api.operation import operation
from app.callers import Caller
from app.db.base import db
from app.loading import ticket_to_change, visible_ticket
from app.queries.tickets.related import dependency_slice, is_waited_for_by, waits_for
from app.schemas.dependencies import DependenciesQuery, DependenciesResponse, DependencyPage

TAG = "Dependencies"
ONE = "/tickets/<ticket:ticket_id>/dependencies/<blocked_by_id>"


@operation("GET", "/dependencies", tag=TAG, scope="read")
def list_dependencies(caller: Caller, query: DependenciesQuery) -> DependencyPage:
    """The whole graph, edge by edge."""
    found = dependency_slice(
        db.session(),
        caller.visibility,
        project=caller.chosen_project(query.project),
        is_open=query.open,
        cursor=query.cursor,
        limit=query.limit,
    )
    return DependencyPage.of(items=found.rows, next=found.next)


@operation("GET", "/tickets/<ticket:ticket_id>/dependencies", tag=TAG, scope="read")
def get_dependencies(caller: Caller, ticket_id: str) -> DependenciesResponse:
    """What a ticket waits for, and what waits for it."""
    visible_ticket(db.session(), caller.visibility, ticket_id)
    return _shown(ticket_id)


@operation("PUT", ONE, tag=TAG, scope="plan")
def add_dependency(caller: Caller, ticket_id: str, blocked_by_id: str) -> DependenciesResponse:
    """Let a ticket wait until another of its project is closed. Refused if that closes a circle."""
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id)
    visible_ticket(db.session(), caller.visibility, blocked_by_id)
    if not ticket.is_waiting_for(blocked_by_id):
        ticket.block_by(blocked_by_id, caller.actor)
    return _shown(ticket_id)


@operation("DELETE", ONE, tag=TAG, scope="plan")
def remove_dependency(caller: Caller, ticket_id: str, blocked_by_id: str) -> DependenciesResponse:
    """Let a ticket no longer wait for another."""
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id)
    visible_ticket(db.session(), caller.visibility, blocked_by_id)
    ticket.unblock_from(blocked_by_id, caller.actor)
    return _shown(ticket_id)


def _shown(ticket_id: str) -> DependenciesResponse:
    session = db.session()
    return DependenciesResponse.model_validate(
        {
            "blocked_by": waits_for(session, ticket_id),
            "blocks": is_waited_for_by(session, ticket_id),
        }
    )
