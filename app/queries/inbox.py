"""What waits for a person: tickets that ask, gates, and workers that are gone or silent.

The inbox, the dashboard and every page's sidebar show this list and this number. Each kind has its
condition once, for both. Whether a ticket waits is decided by the ticket: an event that someone
marked as dealt with answers no question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Subquery,
    and_,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from app.models import Comment, Event, Ticket, Worker, WorkerType
from app.models.event import ASKING, INBOX
from app.models.ticket import READY
from app.queries.paging import COUNT_CAP, PAGE_SIZE, Page
from app.queries.tickets.conditions import IS_GATE, HoldEvent, asks, is_hold_of_ticket
from app.queries.workers.conditions import is_silent
from app.visibility import Visibility

QUOTED = 400
"""Characters of what was said; a line has no room for more."""

GATES_AT_ONCE = 100
"""SQLite joins at most 500 parts into one statement."""

IN_QUEUE_INDEX = Ticket.priority.between(0, 3)
"""True of every ticket; said, it makes SQLite find a queue by the index made for queues."""


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that waits for a person. `kind`: ticket, attempts, gate, worker, event or silent.

    `event_id`: the event to mark as dealt with; what waits at a ticket is dealt with there.
    """

    kind: str
    since: datetime
    subject: str
    title: str
    stage: str | None
    said: str | None
    said_by: str | None
    key: str
    is_urgent: bool = False
    tries: str | None = None
    event_id: int | None = None

    @property
    def rank(self) -> tuple[bool, datetime, str]:
        """What is urgent comes first, then what has waited longest."""
        return not self.is_urgent, self.since, self.key


def count_calls(session: Session, visibility: Visibility, project: str = "", kind: str = "") -> int:
    """How many things wait for a person, counted up to `COUNT_CAP`."""
    return min(session.scalar(select(number_of_calls(visibility, project, kind))) or 0, COUNT_CAP)


def number_of_calls(
    visibility: Visibility, project: str = "", kind: str = ""
) -> ColumnElement[int]:
    """The same number as an expression, for a query that asks for more; not yet capped."""
    total: ColumnElement[int] = literal(0)
    for source in _sources(kind):
        total = total + source.count(visibility, project)
    return total


def first_calls(session: Session, visibility: Visibility, number: int) -> list[Call]:
    """What is urgent, then what has waited longest."""
    return _first(session, visibility, "", "", number)


def call_page(
    session: Session, visibility: Visibility, project: str = "", kind: str = "", number: int = 1
) -> Page[Call]:
    """One page of all that waits, or of one kind or project."""
    total = count_calls(session, visibility, project, kind)
    before, upto = (number - 1) * PAGE_SIZE, number * PAGE_SIZE
    is_there = before < total or total == COUNT_CAP
    found = _first(session, visibility, project, kind, upto) if is_there else []
    return Page(found[before:], number, total)


def calls_version(session: Session, visibility: Visibility) -> str:
    """Changes with every event to be seen, and when one is marked as dealt with."""
    seen = visibility.of(Event.project_id)
    latest, inbox = session.execute(
        select(
            select(func.max(Event.id)).where(seen).scalar_subquery(),
            select(func.count(Event.id)).where(INBOX, seen).scalar_subquery(),
        )
    ).one()
    return f"{latest or 0}-{inbox}"


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


def _first(
    session: Session, visibility: Visibility, project: str, kind: str, number: int
) -> list[Call]:
    firsts = (source.first(session, visibility, project, number) for source in _sources(kind))
    return sorted(chain.from_iterable(firsts), key=lambda call: call.rank)[:number]


def _sources(kind: str) -> Iterable[Source]:
    return KINDS[kind] if kind else chain.from_iterable(KINDS.values())


def _seen(visibility: Visibility, project: str, column: Any) -> ColumnElement[bool]:
    return and_(visibility.of(column), column == project) if project else visibility.of(column)


# Tickets that ask: on hold, unless a person put them there on purpose.


def _asking(*columns: Any) -> Select[*tuple[Any, ...]]:
    return select(*columns).select_from(Ticket).outerjoin(HoldEvent, is_hold_of_ticket).where(asks)


def _count_asking(visibility: Visibility, project: str) -> ScalarSelect[int]:
    some = _asking(Ticket.ticket_id).where(_seen(visibility, project, Ticket.project_id))
    return select(func.count()).select_from(some.limit(COUNT_CAP).subquery()).scalar_subquery()


def _first_asking(
    session: Session, visibility: Visibility, project: str, number: int
) -> Iterable[Call]:
    since = func.coalesce(HoldEvent.created_at, Ticket.updated_at, type_=Ticket.updated_at.type)
    rows = session.execute(
        _asking(
            Ticket.ticket_id,
            Ticket.title,
            Ticket.priority,
            Ticket.failed_attempts,
            func.coalesce(HoldEvent.stage, Ticket.current_stage).label("stage"),
            since.label("since"),
            func.substr(HoldEvent.reason, 1, QUOTED).label("reason"),
            WorkerType.max_attempts,
        )
        .outerjoin(
            WorkerType,
            and_(
                WorkerType.project_id == Ticket.project_id,
                WorkerType.worker_type == Ticket.current_stage,
            ),
        )
        .where(_seen(visibility, project, Ticket.project_id))
        .order_by((Ticket.priority == 0).desc(), since, Ticket.ticket_id)
        .limit(number)
    )
    return [_of_ticket(row) for row in rows]


def _of_ticket(row: Any) -> Call:
    failed, most = row.failed_attempts, row.max_attempts
    used_up = bool(most) and failed >= most
    return Call(
        kind="attempts" if used_up else "ticket",
        since=row.since,
        subject=row.ticket_id,
        title=row.title,
        stage=row.stage,
        said=row.reason,
        said_by=row.stage,
        key=f"ticket-{row.ticket_id}",
        is_urgent=row.priority == 0,
        # Someone may have allowed fewer since.
        tries=f"{failed} of {most} failed" if failed == most else f"{failed} failed",
    )


# Gates: tickets whose next stage a person performs.


def _count_gates(visibility: Visibility, project: str) -> ScalarSelect[int]:
    waiting = of_queue(func.count())
    return (
        select(func.coalesce(func.sum(waiting), 0))
        .select_from(WorkerType)
        .where(*_is_gate(visibility, project))
        .scalar_subquery()
    )


def _is_gate(visibility: Visibility, project: str) -> tuple[ColumnElement[bool], ...]:
    return IS_GATE, _seen(visibility, project, WorkerType.project_id)


def _first_gates(
    session: Session, visibility: Visibility, project: str, number: int
) -> Iterable[Call]:
    waiting = of_queue(func.count())
    names = select(WorkerType.project_id, WorkerType.worker_type)
    gates = session.execute(names.where(*_is_gate(visibility, project), waiting > 0)).all()
    parts = (gates[start : start + GATES_AT_ONCE] for start in range(0, len(gates), GATES_AT_ONCE))
    found = (session.execute(_waiting_at(part, number)) for part in parts)
    return [_of_gate(row) for row in chain.from_iterable(found)]


def _waiting_at(gates: Sequence[Row[str, str]], number: int) -> Select[*tuple[Any, ...]]:
    chosen = _first_at(gates, number)
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


def _first_at(gates: Sequence[Row[str, str]], number: int) -> Subquery:
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
        .order_by((waiting.c.priority == 0).desc(), waiting.c.ready_at, waiting.c.ticket_id)
        .limit(number)
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
        key=f"gate-{row.ticket_id}",
        is_urgent=row.priority == 0,
    )


# Events that are no ticket's question, such as a worker's end: they wait until someone marks them.


def _is_notice(visibility: Visibility, project: str) -> tuple[Any, ...]:
    return INBOX, Event.event_type != ASKING, _seen(visibility, project, Event.project_id)


def _count_notices(visibility: Visibility, project: str) -> ScalarSelect[int]:
    return select(func.count(Event.id)).where(*_is_notice(visibility, project)).scalar_subquery()


def _first_notices(
    session: Session, visibility: Visibility, project: str, number: int
) -> Iterable[Call]:
    rows = session.execute(
        select(
            Event.id,
            Event.event_type,
            Event.created_at,
            Event.ticket_id,
            Event.worker_id,
            Event.stage,
            func.substr(Event.reason, 1, QUOTED).label("reason"),
            Event.project_id,
            Ticket.title,
            Worker.hostname,
        )
        .outerjoin(Ticket, Ticket.ticket_id == Event.ticket_id)
        .outerjoin(
            Worker, and_(Worker.worker_id == Event.worker_id, visibility.of(Worker.project_id))
        )
        .where(*_is_notice(visibility, project))
        .order_by(Event.id)
        .limit(number)
    )
    return [_of_event(row) for row in rows]


def _of_event(row: Any) -> Call:
    is_worker = row.worker_id is not None and row.ticket_id is None
    return Call(
        kind="worker" if is_worker else "event",
        since=row.created_at,
        subject=(row.worker_id if is_worker else row.ticket_id) or "",
        title=_worker_title(row) if is_worker else row.title or row.event_type.replace("_", " "),
        stage=row.stage,
        said=row.reason,
        said_by=None,
        key=f"event-{row.id}",
        event_id=row.id,
    )


# Silent workers: live ones that should have been heard of. The next sweep makes an event of each.


def _silent(visibility: Visibility, project: str) -> tuple[ColumnElement[bool], ...]:
    return is_silent(), _seen(visibility, project, Worker.project_id)


def _count_silent(visibility: Visibility, project: str) -> ScalarSelect[int]:
    silent = select(func.count()).select_from(Worker)
    return silent.where(*_silent(visibility, project)).scalar_subquery()


def _first_silent(
    session: Session, visibility: Visibility, project: str, number: int
) -> Iterable[Call]:
    rows = session.execute(
        select(
            Worker.worker_id,
            Worker.last_activity,
            Worker.worker_type.label("stage"),
            Worker.project_id,
            Worker.hostname,
        )
        .where(*_silent(visibility, project))
        .order_by(Worker.last_activity, Worker.worker_id)
        .limit(number)
    )
    return [
        Call(
            kind="silent",
            since=row.last_activity,
            subject=row.worker_id,
            title=_worker_title(row),
            stage=row.stage,
            said="no heartbeat when it was due",
            said_by=None,
            key=f"silent-{row.worker_id}",
        )
        for row in rows
    ]


def _worker_title(row: Any) -> str:
    return f"{row.stage} of {row.project_id}" + (f" on {row.hostname}" if row.hostname else "")


@dataclass(frozen=True, slots=True)
class Source:
    """Things that wait for the same reason: how many there are, and the first of them."""

    count: Callable[[Visibility, str], ScalarSelect[int]]
    first: Callable[[Session, Visibility, str, int], Iterable[Call]]


KINDS = MappingProxyType(
    {
        "answer": (Source(_count_asking, _first_asking),),
        "approval": (Source(_count_gates, _first_gates),),
        "worker": (
            Source(_count_notices, _first_notices),
            Source(_count_silent, _first_silent),
        ),
    }
)
"""All that waits for a person, by what it waits for."""
