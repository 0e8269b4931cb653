"""Tickets that wait for a person: those that ask, and those at a gate.

Whether a ticket waits is decided by the ticket: an event that someone marked as dealt with answers
no question.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    ScalarSelect,
    Select,
    TextClause,
    and_,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from app.db.columns import UTCDateTime
from app.db.places import found_at
from app.db.plans import among_few, either, unindexed
from app.db.rows import rows_of
from app.events import EventFacts, explanation
from app.models import Comment, Event, Project, Ticket, WorkerType
from app.models.event import ASKING
from app.models.ticket import IN_QUEUE
from app.queries.inbox.item import IDS, QUOTED, InboxItem, Source, visible_in
from app.queries.paging import COUNT_CAP, number_of
from app.queries.tickets.conditions import IS_ASKING, of_hold
from app.visibility import Visibility

LESS_URGENT = Ticket.priority != literal_column("0")
"""In these words it stands in the index of tickets that ask."""

IN_QUEUE_INDEX = Ticket.priority.between(0, 3)
"""True of every ticket; said, it makes SQLite find a queue by the index made for queues."""


def _count_asking(visibility: Visibility, project: str) -> ScalarSelect[int]:
    return number_of(select(Ticket.ticket_id).where(*_asks(visibility, project)))


def _asks(visibility: Visibility, project: str) -> tuple[ColumnElement[bool], ...]:
    return IS_ASKING, visible_in(visibility, project, among_few(Ticket.project_id))


def _places_asking(visibility: Visibility, project: str) -> Select[int, Any, str]:
    return (
        select(cast(LESS_URGENT, Integer), Ticket.asks_since, Ticket.ticket_id)
        .where(*_asks(visibility, project))
        .order_by(LESS_URGENT, Ticket.asks_since, Ticket.ticket_id)
        .limit(bindparam("number"))
    )


def _read_asking(session: Session, _: Visibility, ids: Sequence[str]) -> Iterable[InboxItem]:
    return [_of_ticket(row) for row in rows_of(session, ASKING_IN_FULL, ids=ids)]


ASKING_IN_FULL = (
    select(
        Ticket.ticket_id,
        Ticket.title,
        Ticket.priority,
        Ticket.failed_attempts,
        func.coalesce(Event.stage, Ticket.current_stage).label("stage"),
        Ticket.asks_since,
        func.substr(Event.reason, 1, QUOTED).label("reason"),
        Event.details,
        WorkerType.max_attempts,
    )
    .select_from(Ticket)
    .outerjoin(Event, Event.id == of_hold(Event.id))
    .outerjoin(
        WorkerType,
        and_(
            WorkerType.project_id == Ticket.project_id,
            WorkerType.worker_type == Ticket.current_stage,
        ),
    )
    # One may have been answered a moment ago.
    .where(Ticket.ticket_id.in_(IDS), IS_ASKING)
)


def _of_ticket(row: Any) -> InboxItem:
    failed, most = row.failed_attempts, row.max_attempts
    used_up = bool(most) and failed >= most
    return InboxItem(
        kind="attempts" if used_up else "ticket",
        since=row.asks_since,
        subject=row.ticket_id,
        title=row.title,
        stage=row.stage,
        said=explanation(
            EventFacts(event_type=ASKING, reason=row.reason, details=row.details or {})
        ),
        said_by=row.stage,
        key=f"ticket-{row.ticket_id}",
        is_urgent=row.priority == 0,
        # Someone may have allowed fewer since.
        tries=f"{failed} of {most} failed" if failed == most else f"{failed} failed",
    )


def _count_gates(visibility: Visibility, project: str) -> ColumnElement[int]:
    return number_at_gates(visible_in(visibility, project, WorkerType.project_id))


def number_at_gates(gates: ColumnElement[bool]) -> ColumnElement[int]:
    """How many tickets stand in the queues of these gates, or of those of the project beside it, up
    to `COUNT_CAP`."""
    at_gates = WorkerType.is_gate, gates
    # Each gate's queue is looked into: SQLite is kept from looking up the gate of each ticket, and
    # PostgreSQL from reading all that is queued.
    in_queue = _is_queued_at(unindexed(WorkerType.project_id), unindexed(WorkerType.worker_type))
    joined = select(Ticket.ticket_id).join_from(WorkerType, Ticket, and_(*in_queue))
    queue = select(Ticket.ticket_id).where(*in_queue).limit(COUNT_CAP)
    queued, _ = found_at(WorkerType.__table__, queue, "queued")
    by_gate = select(literal(1)).select_from(WorkerType).join(queued, true())
    return either(
        sqlite=number_of(joined.where(*at_gates).correlate(Project)),
        postgresql=number_of(by_gate.where(*at_gates).correlate(Project)),
    )


def _is_queued_at(project: Any, stage: Any) -> tuple[ColumnElement[bool] | TextClause, ...]:
    here = Ticket.project_id == project, Ticket.current_stage == stage
    return *here, IN_QUEUE_INDEX, IN_QUEUE


def _read_gates(session: Session, _: Visibility, ids: Sequence[str]) -> Iterable[InboxItem]:
    return [_of_gate(row) for row in rows_of(session, WAITING_IN_FULL, ids=ids)]


LAST_COMMENT = (
    select(func.max(Comment.id))
    .where(Comment.ticket_id == Ticket.ticket_id)
    .correlate(Ticket)
    .scalar_subquery()
)
WAITING_IN_FULL = (
    select(
        Ticket.ticket_id,
        Ticket.ready_at,
        Ticket.title,
        Ticket.priority,
        Ticket.current_stage,
        func.substr(Comment.content, 1, QUOTED).label("said"),
        func.coalesce(Comment.worker_type, Comment.author).label("said_by"),
    )
    .outerjoin(Comment, Comment.id == LAST_COMMENT)
    .where(Ticket.ticket_id.in_(IDS))
)


def _places_at_gates(visibility: Visibility, project: str) -> Select[int, Any, str]:
    """The first of all gates, chosen from the first of each: of its urgent tickets, and, unless
    there are enough of these, of those that have stood there longest."""
    seen = visible_in(visibility, project, WorkerType.project_id)
    roles = WorkerType.__table__
    waiting = select(Ticket.ready_at, Ticket.ticket_id).where(
        Ticket.project_id == WorkerType.project_id,
        Ticket.current_stage == WorkerType.worker_type,
        IN_QUEUE,
    )
    # SQLite finds the urgent ones by their priority, and reads the others by age.
    urgent = waiting.where(Ticket.priority == 0).order_by(unindexed(Ticket.ready_at))
    others = waiting.where(unindexed(Ticket.priority) > 0).order_by(Ticket.ready_at)
    others = others.where(Ticket.ready_at <= _last_wanted(roles, others, seen))
    first_urgent = _first_of_each(roles, urgent, 0, seen).cte("urgent").prefix_with("MATERIALIZED")
    number_urgent = select(func.count()).select_from(first_urgent).scalar_subquery()
    first_others = _first_of_each(roles, others, 1, seen).where(number_urgent < bindparam("number"))
    chosen = union_all(select(first_urgent), first_others).subquery("chosen")
    return (
        select(chosen.c.part, chosen.c.ready_at, chosen.c.ticket_id)
        .order_by(chosen.c.part, chosen.c.ready_at, chosen.c.ticket_id)
        .limit(bindparam("number"))
    )


def _last_wanted(
    roles: FromClause, waiting: Select[*tuple[Any, ...]], seen: ColumnElement[bool]
) -> ColumnElement[datetime]:
    """So many as are wanted stand at all gates no later than this: each has its share of them. If
    some haven't, each is asked for as many as are wanted of all."""
    at_gates = WorkerType.is_gate, seen
    n_gates = select(func.count()).select_from(roles).where(*at_gates).scalar_subquery()
    share = bindparam("number", type_=Integer()).op("/")(n_gates)
    one = waiting.with_only_columns(Ticket.ready_at).limit(1).offset(share).correlate(roles)
    at = func.max(func.coalesce(one.scalar_subquery(), FAR_OFF)).label("at")
    last = select(at).select_from(roles).where(*at_gates).cte("last").prefix_with("MATERIALIZED")
    return select(last).scalar_subquery()


FAR_OFF = literal(datetime(9999, 1, 1, tzinfo=UTC), UTCDateTime())


def _first_of_each(
    roles: FromClause, waiting: Select[*tuple[Any, ...]], part: int, seen: ColumnElement[bool]
) -> Select[*tuple[Any, ...]]:
    first = waiting.order_by(Ticket.ticket_id).limit(bindparam("number"))
    found, (ready_at, ticket_id) = found_at(roles, first, "found")
    place = (
        literal(part).label("part"),
        ready_at.label("ready_at"),
        ticket_id.label("ticket_id"),
    )
    at_gates = select(*place).select_from(roles).join(found, true())
    return at_gates.where(WorkerType.is_gate, seen)


def _of_gate(row: Any) -> InboxItem:
    return InboxItem(
        kind="gate",
        since=row.ready_at,
        subject=row.ticket_id,
        title=row.title,
        stage=row.current_stage,
        said=row.said,
        said_by=row.said_by,
        key=f"gate-{row.ticket_id}",
        is_urgent=row.priority == 0,
    )


ASKING_TICKETS = Source(_count_asking, _places_asking, _read_asking)
TICKETS_AT_GATES = Source(_count_gates, _places_at_gates, _read_gates)
