"""Tickets around a ticket: what it waits for and blocks, what is related, its parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import fields
from typing import Any

from sqlalchemy import Select, Text, bindparam, literal, select, union_all
from sqlalchemy.orm import Session, aliased

from app.db.plans import PLANNED_ONCE
from app.db.rows import rows_of
from app.models import RelatedTickets, Ticket, TicketDependency
from app.queries.keyset import Order, Slice, take_slice
from app.queries.tickets.conditions import situation
from app.values import immutable
from app.visibility import Visibility

RELATED_MAX = 200
"""Tickets that are read of one relation, open ones first."""

BY_TICKET = Order(
    "ticket_id",
    (TicketDependency.ticket_id.expression, TicketDependency.blocked_by_id.expression),
)


@immutable
class Related:
    """Another ticket. `relation`: "waits for", "blocks", "related", "part of" or "has part"."""

    relation: str
    ticket_id: str
    title: str
    state: str
    resolution: str | None
    situation: str
    priority: int

    @property
    def is_closed(self) -> bool:
        """Whether it is over."""
        return self.state == "closed"


def waits_for(session: Session, ticket_id: str) -> list[Related]:
    """The tickets that block this one."""
    return _read(session, "waits for", ticket_id)


def is_waited_for_by(session: Session, ticket_id: str) -> list[Related]:
    """The tickets that this one blocks."""
    return _read(session, "blocks", ticket_id)


def is_related_to(session: Session, ticket_id: str) -> list[Related]:
    """The tickets that are linked with this one, and hold nothing up."""
    return _read(session, "related", ticket_id)


def related(session: Session, ticket: Ticket) -> list[Related]:
    """The tickets of every relation."""
    found = rows_of(session, EVERY, ticket_id=ticket.ticket_id, parent_id=ticket.parent_id)
    return [Related(*row) for row in found]


def open_blockers(session: Session, ticket_ids: Collection[str]) -> dict[str, list[str]]:
    """What each of these tickets still waits for."""
    # Joined, PostgreSQL without statistics would read all open tickets first.
    state = select(Ticket.state).where(Ticket.ticket_id == TicketDependency.blocked_by_id)
    rows = (
        select(TicketDependency.ticket_id, TicketDependency.blocked_by_id)
        .where(TicketDependency.ticket_id.in_(ticket_ids), state.scalar_subquery() != "closed")
        .order_by(TicketDependency.ticket_id, TicketDependency.blocked_by_id)
    )
    found: dict[str, list[str]] = defaultdict(list)
    for ticket_id, blocker in session.execute(rows):
        found[ticket_id].append(blocker)
    return found


def dependency_slice(
    session: Session,
    visibility: Visibility,
    *,
    project: str | None,
    is_open: bool | None,
    cursor: str | None,
    limit: int,
) -> Slice:
    """Some edges of the graph. `is_open`: only those that still hold a ticket up, or only the
    others."""
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


def _read(session: Session, relation: str, ticket_id: str) -> list[Related]:
    return [Related(*row) for row in rows_of(session, STATEMENTS[relation], ticket_id=ticket_id)]


HERE = bindparam("ticket_id", type_=Text())
PARENT = bindparam("parent_id", type_=Text())
BLOCKERS = select(TicketDependency.blocked_by_id).where(TicketDependency.ticket_id == HERE)
WAITING = select(TicketDependency.ticket_id).where(TicketDependency.blocked_by_id == HERE)
LINKED = union_all(
    select(RelatedTickets.related_id).where(RelatedTickets.ticket_id == HERE),
    select(RelatedTickets.ticket_id).where(RelatedTickets.related_id == HERE),
)
RELATIONS = {
    "waits for": Ticket.ticket_id.in_(BLOCKERS),
    "blocks": Ticket.ticket_id.in_(WAITING),
    "related": Ticket.ticket_id.in_(LINKED),
    "has part": Ticket.parent_id == HERE,
    "part of": Ticket.ticket_id == PARENT,
}


def _statement(*relations: str) -> Select[*tuple[Any, ...]]:
    """The tickets of these relations, open ones first."""
    found = union_all(*(_of_relation(relation).subquery().select() for relation in relations))
    rows = found.subquery()
    return (
        select(*(rows.c[field.name] for field in fields(Related)))
        .order_by(rows.c.state == "closed", rows.c.priority, rows.c.created_at, rows.c.ticket_id)
        .execution_options(**PLANNED_ONCE)
    )


def _of_relation(relation: str) -> Select[*tuple[Any, ...]]:
    return (
        select(
            literal(relation, literal_execute=True).label("relation"),
            Ticket.ticket_id,
            Ticket.title,
            Ticket.state,
            Ticket.resolution,
            situation().label("situation"),
            Ticket.priority,
            Ticket.created_at,
        )
        .where(RELATIONS[relation])
        .order_by(Ticket.state == "closed", Ticket.priority, Ticket.created_at, Ticket.ticket_id)
        .limit(RELATED_MAX)
    )


STATEMENTS = {relation: _statement(relation) for relation in ("waits for", "blocks", "related")}
EVERY = _statement(*RELATIONS)
