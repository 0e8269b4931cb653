"""Tickets that wait for a person: those that ask, and those at a gate.

Whether a ticket waits is decided by the ticket: an event that someone marked as dealt with answers
no question.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    Subquery,
    TextClause,
    and_,
    bindparam,
    func,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from app.db.plans import unindexed
from app.db.rows import rows_of
from app.events import EventFacts, explanation
from app.models import Comment, Event, Project, Ticket, WorkerType
from app.models.event import ASKING
from app.models.ticket import IN_QUEUE
from app.queries.inbox.item import QUOTED, InboxItem, Source, visible_in
from app.queries.paging import number_of
from app.queries.tickets.conditions import IS_ASKING, of_hold
from app.visibility import STATEMENTS_KEPT, Visibility

GATES_AT_ONCE = 100
"""SQLite joins at most 500 parts into one statement."""


class Gate(NamedTuple):
    """A worker type that people perform."""

    project_id: str
    worker_type: str


IN_QUEUE_INDEX = Ticket.priority.between(0, 3)
"""True of every ticket; said, it makes SQLite find a queue by the index made for queues."""


def _count_asking(visibility: Visibility, project: str) -> ScalarSelect[int]:
    seen = visible_in(visibility, project, Ticket.project_id)
    return number_of(select(Ticket.ticket_id).where(IS_ASKING, seen))


def _first_asking(
    session: Session, visibility: Visibility, project: str, number: int
) -> Iterable[InboxItem]:
    rows = rows_of(session, _asking(visibility, project), number=number)
    return [_of_ticket(row) for row in rows]


@lru_cache(STATEMENTS_KEPT)
def _asking(visibility: Visibility, project: str) -> Select[*tuple[Any, ...]]:
    # An index of holds alone tells what asks and since when. Only the first are read in full.
    began = func.coalesce(
        of_hold(Event.created_at), Ticket.updated_at, type_=Ticket.updated_at.type
    ).label("since")
    is_urgent = (Ticket.priority == 0).label("is_urgent")
    chosen = (
        select(Ticket.ticket_id, began, is_urgent, of_hold(Event.id).label("hold_id"))
        .where(IS_ASKING, visible_in(visibility, project, Ticket.project_id))
        .order_by(is_urgent.desc(), began, Ticket.ticket_id)
        .limit(bindparam("number"))
        .subquery("chosen")
    )
    return (
        select(
            Ticket.ticket_id,
            Ticket.title,
            Ticket.priority,
            Ticket.failed_attempts,
            func.coalesce(Event.stage, Ticket.current_stage).label("stage"),
            chosen.c.since,
            func.substr(Event.reason, 1, QUOTED).label("reason"),
            Event.details,
            WorkerType.max_attempts,
        )
        .select_from(chosen)
        .join(Ticket, Ticket.ticket_id == chosen.c.ticket_id)
        .outerjoin(Event, Event.id == chosen.c.hold_id)
        .outerjoin(
            WorkerType,
            and_(
                WorkerType.project_id == Ticket.project_id,
                WorkerType.worker_type == Ticket.current_stage,
            ),
        )
        .order_by(chosen.c.is_urgent.desc(), chosen.c.since, chosen.c.ticket_id)
    )


def _of_ticket(row: Any) -> InboxItem:
    failed, most = row.failed_attempts, row.max_attempts
    used_up = bool(most) and failed >= most
    return InboxItem(
        kind="attempts" if used_up else "ticket",
        since=row.since,
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


def _count_gates(visibility: Visibility, project: str) -> ScalarSelect[int]:
    return number_at_gates(visible_in(visibility, project, WorkerType.project_id))


def number_at_gates(gates: ColumnElement[bool]) -> ScalarSelect[int]:
    """How many tickets stand in the queues of these gates, or of those of the project beside it, up
    to `COUNT_CAP`."""
    # SQLite looks into each gate's queue: it is kept from looking up the gate of each ticket.
    in_queue = _is_queued_at(unindexed(WorkerType.project_id), unindexed(WorkerType.worker_type))
    waiting = select(Ticket.ticket_id).join_from(WorkerType, Ticket, and_(*in_queue))
    return number_of(waiting.where(WorkerType.is_gate, gates).correlate(Project))


def _is_queued_at(project: Any, stage: Any) -> tuple[ColumnElement[bool] | TextClause, ...]:
    here = Ticket.project_id == project, Ticket.current_stage == stage
    return *here, IN_QUEUE_INDEX, IN_QUEUE


def _first_gates(
    session: Session, visibility: Visibility, project: str, number: int
) -> Iterable[InboxItem]:
    gates = [Gate(*row) for row in rows_of(session, _gates_with_tickets(visibility, project))]
    parts = (gates[start : start + GATES_AT_ONCE] for start in range(0, len(gates), GATES_AT_ONCE))
    found = (rows_of(session, _waiting_at(tuple(part)), number=number) for part in parts)
    return [_of_gate(row) for row in chain.from_iterable(found)]


@lru_cache(STATEMENTS_KEPT)
def _gates_with_tickets(visibility: Visibility, project: str) -> Select[str, str]:
    names = select(WorkerType.project_id, WorkerType.worker_type)
    there = _is_queued_at(WorkerType.project_id, WorkerType.worker_type)
    one = select(Ticket.ticket_id).where(*there).correlate(WorkerType)
    seen = visible_in(visibility, project, WorkerType.project_id)
    return names.where(WorkerType.is_gate, seen, one.exists())


@lru_cache(STATEMENTS_KEPT)
def _waiting_at(gates: Sequence[Gate]) -> Select[*tuple[Any, ...]]:
    chosen = _first_at(gates)
    last_comment = (
        select(func.max(Comment.id))
        .where(Comment.ticket_id == Ticket.ticket_id)
        .correlate(Ticket)
        .scalar_subquery()
    )
    return (
        select(
            Ticket.ticket_id,
            Ticket.ready_at,
            Ticket.title,
            Ticket.priority,
            Ticket.current_stage,
            func.substr(Comment.content, 1, QUOTED).label("said"),
            func.coalesce(Comment.worker_type, Comment.author).label("said_by"),
        )
        .join(chosen, chosen.c.ticket_id == Ticket.ticket_id)
        .outerjoin(Comment, Comment.id == last_comment)
    )


def _first_at(gates: Sequence[Gate]) -> Subquery:
    # Some searches a gate: asked for all gates at once, SQLite reads every open ticket instead.
    waiting = union_all(*chain.from_iterable(map(_first_of, gates))).subquery()
    return (
        select(waiting.c.ticket_id)
        .order_by((waiting.c.priority == 0).desc(), waiting.c.ready_at, waiting.c.ticket_id)
        .limit(bindparam("number"))
        .subquery()
    )


def _first_of(gate: Gate) -> Iterable[Select[*tuple[Any, ...]]]:
    """The urgent ones of its queue, and those that have stood there longest."""
    waiting = select(Ticket.ticket_id, Ticket.priority, Ticket.ready_at).where(
        Ticket.project_id == gate.project_id, Ticket.current_stage == gate.worker_type, IN_QUEUE
    )
    # SQLite finds the urgent ones by their priority, and reads the others by age.
    urgent = waiting.where(Ticket.priority == 0).order_by(unindexed(Ticket.ready_at))
    others = waiting.where(unindexed(Ticket.priority) > 0).order_by(Ticket.ready_at)
    for part in (urgent, others):
        first = part.order_by(Ticket.ticket_id).limit(bindparam("number"))
        yield select(*first.subquery().c)


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


ASKING_TICKETS = Source(_count_asking, _first_asking)
TICKETS_AT_GATES = Source(_count_gates, _first_gates)
