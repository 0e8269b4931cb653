"""What waits for a person: calls for attention, gates, and workers that are gone or silent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, Subquery, and_, func, select, union_all
from sqlalchemy.orm import Session

from app import clock
from app.models import Comment, Event, Ticket, Worker, WorkerType
from app.models.event import INBOX
from app.models.ticket_row import READY
from app.sight import Sight

SHOWN = 8
QUOTED = 400
"""Characters of what was said; a line of the dashboard has no room for more."""

LOOKED_AT = 200
"""The newest calls among which the urgent ones are looked for."""

GATES_LOOKED_AT = 100

Gate = tuple[str, str]
"""A project and one of its worker types that people perform."""

IN_QUEUE_INDEX = Ticket.priority.between(0, 3)
"""True of every ticket; said, it makes SQLite find a queue by the index made for queues."""


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that waits for a person. `kind`: ticket, attempts, gate, worker or silent."""

    kind: str
    since: datetime
    subject: str
    title: str
    stage: str | None
    said: str | None
    said_by: str | None
    priority: int | None
    key: str
    tries: str | None = None

    @property
    def rank(self) -> tuple[bool, float]:
        """What is urgent comes first, then what is new."""
        return self.priority != 0, -self.since.timestamp()


def calls(session: Session, sight: Sight, gates: Sequence[Gate]) -> list[Call]:
    """The most urgent and newest calls, at most `SHOWN`. `gates`: those to be seen that tickets
    wait at."""
    found = [*_events(session, sight), *_gates(session, gates), *_silent_workers(session, sight)]
    return sorted(found, key=lambda call: call.rank)[:SHOWN]


def of_queue(value: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    """A value over the tickets that stand in a worker type's queue, beside that worker type."""
    return (
        select(value)
        .select_from(Ticket)
        .where(
            Ticket.project_id == WorkerType.project_id,
            Ticket.current_stage == WorkerType.worker_type,
            IN_QUEUE_INDEX,
            READY,
            *conditions,
        )
        .correlate(WorkerType)
        .scalar_subquery()
    )


def _events(session: Session, sight: Sight) -> Iterable[Call]:
    waiting = select(Event.id).where(INBOX, sight.of(Event.project_id))
    newest = waiting.order_by(Event.id.desc()).limit(LOOKED_AT).subquery()
    rows = session.execute(
        select(
            Event.id,
            Event.created_at,
            Event.ticket_id,
            Event.worker_id,
            Event.stage,
            func.substr(Event.reason, 1, QUOTED).label("reason"),
            Event.project_id,
            Ticket.title,
            Ticket.priority,
            Ticket.failed_attempts,
            WorkerType.max_attempts,
            Worker.hostname,
        )
        .join(newest, newest.c.id == Event.id)
        .outerjoin(Ticket, Ticket.ticket_id == Event.ticket_id)
        .outerjoin(
            WorkerType,
            and_(WorkerType.project_id == Event.project_id, WorkerType.worker_type == Event.stage),
        )
        .outerjoin(Worker, and_(Worker.worker_id == Event.worker_id, sight.of(Worker.project_id)))
        .order_by((Ticket.priority == 0).desc().nulls_last(), Event.id.desc())
        .limit(SHOWN)
    )
    return [_of_ticket(row) if row.ticket_id else _of_worker(row) for row in rows]


def _of_ticket(row: Any) -> Call:
    used_up = bool(row.max_attempts) and (row.failed_attempts or 0) >= row.max_attempts
    return Call(
        kind="attempts" if used_up else "ticket",
        since=row.created_at,
        subject=row.ticket_id,
        title=row.title or "a ticket that was deleted",
        stage=row.stage,
        said=row.reason,
        said_by=row.stage,
        priority=row.priority,
        key=f"event-{row.id}",
        tries=f"{row.failed_attempts} of {row.max_attempts}" if used_up else None,
    )


def _of_worker(row: Any) -> Call:
    where = f" on {row.hostname}" if row.hostname else ""
    return Call(
        kind="worker",
        since=row.created_at,
        subject=row.worker_id or "",
        title=f"{row.stage} of {row.project_id}{where}",
        stage=row.stage,
        said=row.reason,
        said_by=None,
        priority=None,
        key=f"event-{row.id}",
    )


def _gates(session: Session, gates: Sequence[Gate]) -> Iterable[Call]:
    if not gates:
        return []
    chosen = _waiting_at(gates[:GATES_LOOKED_AT])
    rows = session.execute(
        _with_last_comment(
            select(
                Ticket.ticket_id,
                Ticket.ready_at,
                Ticket.title,
                Ticket.priority,
                Ticket.current_stage,
                func.substr(Comment.content, 1, QUOTED).label("said"),
                func.coalesce(Comment.worker_type, Comment.author).label("said_by"),
            ).join(chosen, chosen.c.ticket_id == Ticket.ticket_id)
        )
    )
    return [_of_gate(row) for row in rows]


def _waiting_at(gates: Sequence[Gate]) -> Subquery:
    """The ids of those that wait at these gates: urgent ones first, then the newest."""
    # One search a gate: asked for all gates at once, SQLite reads every open ticket instead.
    waiting = union_all(
        *(
            select(Ticket.ticket_id, Ticket.priority, Ticket.ready_at).where(
                Ticket.project_id == project, Ticket.current_stage == stage, IN_QUEUE_INDEX, READY
            )
            for project, stage in gates
        )
    ).subquery()
    return (
        select(waiting.c.ticket_id)
        .order_by((waiting.c.priority == 0).desc(), waiting.c.ready_at.desc(), waiting.c.ticket_id)
        .limit(SHOWN)
        .subquery()
    )


def _of_gate(row: Any) -> Call:
    return Call(
        kind="gate",
        since=row.ready_at,
        subject=row.ticket_id,
        title=row.title,
        stage=row.current_stage,
        said=row.said,
        said_by=row.said_by,
        priority=row.priority,
        key=f"gate-{row.ticket_id}",
    )


def _with_last_comment(tickets: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    last = (
        select(func.max(Comment.id))
        .where(Comment.ticket_id == Ticket.ticket_id)
        .correlate(Ticket)
        .scalar_subquery()
    )
    return tickets.outerjoin(Comment, Comment.id == last)


def _silent_workers(session: Session, sight: Sight) -> Iterable[Call]:
    """Live ones that should have been heard of; the next sweep turns each into an event."""
    rows = session.execute(
        select(
            Worker.worker_id,
            Worker.last_activity,
            Worker.worker_type,
            Worker.project_id,
            Worker.hostname,
        )
        .where(Worker.silent_since(clock.now()), sight.of(Worker.project_id))
        .order_by(Worker.last_activity.desc())
        .limit(SHOWN)
    )
    return [
        Call(
            kind="silent",
            since=row.last_activity,
            subject=row.worker_id,
            title=f"{row.worker_type} of {row.project_id}"
            + (f" on {row.hostname}" if row.hostname else ""),
            stage=row.worker_type,
            said="no heartbeat when it was due",
            said_by=None,
            priority=None,
            key=f"silent-{row.worker_id}",
        )
        for row in rows
    ]
