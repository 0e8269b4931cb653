"""Queues: what stands at each stage, since when, and who is there to take it.

Pages, programs and monitoring read the same queues, so that their numbers agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    ScalarSelect,
    Select,
    Text,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from app import clock
from app.db.rows import rows_of
from app.models import Project, StageRun, Ticket, Worker, WorkerType
from app.models.ticket import IN_QUEUE
from app.queries.paging import number_of
from app.queries.tickets.conditions import situation_is
from app.queries.workers.conditions import is_live
from app.visibility import STATEMENTS_KEPT, Visibility

Rows = Select[*tuple[Any, ...]]


@dataclass(slots=True)
class Queue:
    """The tickets at one worker type. `id` is None when its project no longer has that one.

    `ready`: those that can be taken now, or at a gate that wait for a person. `oldest`: since when
    the first of them is. `on_hold` and `blocked` are counted only by `queue_status`.
    """

    project_id: str
    worker_type: str
    id: int | None = None
    performed_by: str = "agent"
    is_archived: bool = False
    workers_live: int = 0
    workers_idle: int = 0
    ready: int = 0
    backoff: int = 0
    oldest: datetime | None = None
    running: int = 0
    on_hold: int = 0
    blocked: int = 0

    @property
    def is_gate(self) -> bool:
        """Whether a person takes from it."""
        return self.performed_by == "person"

    @property
    def queued(self) -> int:
        """What can be taken now, or when it has rested after a failed attempt."""
        return self.ready + self.backoff

    @property
    def count(self) -> int:
        """What runs or is queued."""
        return self.running + self.queued

    @property
    def is_starved(self) -> bool:
        """Whether tickets are ready that nobody alive will take."""
        return bool(self.ready and not self.workers_live and not self.is_gate)

    @property
    def depth(self) -> dict[str, int]:
        """How many tickets are in each situation here."""
        return {
            "ready": 0 if self.is_gate else self.ready,
            "waiting": self.ready if self.is_gate else 0,
            "backoff": self.backoff,
            "blocked": self.blocked,
            "on_hold": self.on_hold,
            "running": self.running,
        }

    @property
    def oldest_wait_seconds(self) -> float | None:
        """How long the longest ready one has waited."""
        return (clock.now() - self.oldest).total_seconds() if self.oldest else None


def queues(session: Session, visibility: Visibility) -> list[Queue]:
    """The queues of all projects, archived ones too: two queries, each served by indexes.

    Worker types come in the order in which they were made, then those that are gone.
    """
    return _read(session, visibility)


def queues_of(session: Session, project_id: str) -> list[Queue]:
    """The queues of one project."""
    return queues(session, Visibility(only=project_id))


def first_of_queues(session: Session, visibility: Visibility) -> list[Queue]:
    """The queues of all projects with what is ready, up to `COUNT_CAP` in each, and what runs.

    However much is queued, this looks at so many tickets of each queue at most.
    """
    found = {(row[0], row[1]): Queue(*row) for row in rows_of(session, _worker_types(visibility))}
    for project_id, stage, word, count, _, oldest, _ in rows_of(
        session, _ready_and_running(visibility)
    ):
        queue = found.setdefault((project_id, stage), Queue(project_id, stage))
        setattr(queue, word, count)
        queue.oldest = oldest or queue.oldest
    return list(found.values())


def running_by_project(session: Session, visibility: Visibility) -> Counter[str]:
    """How many stages of each project are worked at."""
    found: Counter[str] = Counter()
    for project_id, _, _, count, *_ in rows_of(session, _running(visibility)):
        found[project_id] += count
    return found


def empty_queues(session: Session, visibility: Visibility) -> list[Queue]:
    """Each worker type with its workers; of the tickets nothing is counted."""
    return [Queue(*row) for row in rows_of(session, _worker_types(visibility))]


def queue_status(
    session: Session, visibility: Visibility, project: str | None = None
) -> list[Queue]:
    """The queues of one project or of all that aren't archived, by name, with what is on hold or
    blocked there: this reads every open ticket."""
    if project is not None:
        visibility = replace(visibility, only=project)
    every = _read(session, visibility, "on_hold", "blocked")
    found = [queue for queue in every if queue.id and not queue.is_archived]
    return sorted(found, key=lambda queue: (queue.project_id, queue.worker_type))


def _read(session: Session, visibility: Visibility, *more: str) -> list[Queue]:
    found = {(row[0], row[1]): Queue(*row) for row in rows_of(session, _worker_types(visibility))}
    for project_id, stage, word, count, rested, oldest, oldest_rested in rows_of(
        session, _counts(visibility, more)
    ):
        if not count:
            continue
        queue = found.setdefault((project_id, stage), Queue(project_id, stage))
        if word != "queued":
            setattr(queue, word, count)
        elif queue.is_gate:
            queue.ready, queue.oldest = count, oldest
        else:
            queue.ready, queue.backoff, queue.oldest = rested, count - rested, oldest_rested
    return list(found.values())


@lru_cache(STATEMENTS_KEPT)
def _counts(visibility: Visibility, more: Sequence[str]) -> CompoundSelect[*tuple[Any, ...]]:
    counted = (_count(visibility, situation) for situation in more)
    parts = union_all(_queued(visibility), _running(visibility), *counted)
    return parts.order_by("project_id", "current_stage")


@lru_cache(STATEMENTS_KEPT)
def _worker_types(visibility: Visibility) -> Rows:
    return (
        select(
            WorkerType.project_id,
            WorkerType.worker_type,
            WorkerType.id,
            WorkerType.performed_by,
            Project.archived_at.is_not(None),
            _workers(is_live()),
            _workers(is_live(), Worker.status == "idle"),
        )
        .join(Project, Project.repository_name == WorkerType.project_id)
        .where(visibility.of(WorkerType.project_id))
        .order_by(WorkerType.project_id, WorkerType.id)
    )


def _workers(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    return (
        select(func.count())
        .where(
            Worker.project_id == WorkerType.project_id,
            Worker.worker_type == WorkerType.worker_type,
            *conditions,
        )
        .correlate(WorkerType)
        .scalar_subquery()
    )


def _queued(visibility: Visibility) -> Rows:
    rested = ~Ticket.in_backoff()
    return (
        select(
            Project.repository_name.label("project_id"),
            Ticket.current_stage.label("current_stage"),
            literal("queued").label("word"),
            func.count(Ticket.ticket_id),
            func.count(case((rested, Ticket.ticket_id))),
            func.min(Ticket.ready_at),
            func.min(case((rested, Ticket.ready_at))),
        )
        .select_from(Project)
        # An outer join lets SQLite begin with the projects, and find each queue by its index: an
        # inner one makes it read every open ticket.
        .outerjoin(Ticket, and_(Ticket.project_id == Project.repository_name, IN_QUEUE))
        .where(visibility.of(Project.repository_name))
        .group_by(Project.repository_name, Ticket.current_stage)
    )


@lru_cache(STATEMENTS_KEPT)
def _ready_and_running(visibility: Visibility) -> CompoundSelect[*tuple[Any, ...]]:
    parts = union_all(_ready(visibility), _running(visibility))
    return parts.order_by("project_id", "current_stage")


def _ready(visibility: Visibility) -> Rows:
    places = _places(visibility)
    is_ready = (
        Ticket.project_id == places.c.project_id,
        Ticket.current_stage == places.c.stage,
        IN_QUEUE,
        or_(WorkerType.is_gate, ~Ticket.in_backoff()),
    )
    ready = select(Ticket.ready_at).where(*is_ready).correlate(places, WorkerType)
    at_stage = and_(
        WorkerType.project_id == places.c.project_id, WorkerType.worker_type == places.c.stage
    )
    return (
        select(
            places.c.project_id,
            places.c.stage.label("current_stage"),
            literal("ready"),
            number_of(ready),
            null(),
            ready.order_by(Ticket.ready_at).limit(1).scalar_subquery(),
            null(),
        )
        .select_from(places)
        .outerjoin(WorkerType, at_stage)
        .where(places.c.stage != "")
    )


def _places(visibility: Visibility) -> CTE:
    """Each project's stages at which a ticket is queued: one look into the index leads to the next
    of them."""
    begin = select(
        Project.repository_name.label("project_id"), literal("", Text).label("stage")
    ).where(visibility.of(Project.repository_name))
    places = begin.cte("places", recursive=True)
    following = (
        select(Ticket.current_stage)
        .where(
            Ticket.project_id == places.c.project_id,
            Ticket.current_stage > places.c.stage,
            IN_QUEUE,
        )
        .order_by(Ticket.current_stage)
        .limit(1)
        .correlate(places)
        .scalar_subquery()
    )
    more = select(places.c.project_id, following).where(places.c.stage.is_not(None))
    return places.union_all(more)


@lru_cache(STATEMENTS_KEPT)
def _running(visibility: Visibility) -> Rows:
    """Runs in progress are few and have an index of their own."""
    return (
        select(
            Ticket.project_id,
            Ticket.current_stage,
            literal("running"),
            func.count(),
            null(),
            null(),
            null(),
        )
        .select_from(StageRun)
        .join(Ticket, Ticket.ticket_id == StageRun.ticket_id)
        # The planner doesn't know how few: with `|| ''` no index leads to all tickets instead.
        .where(StageRun.finished_at.is_(None), visibility.of(Ticket.project_id.concat("")))
        .group_by(Ticket.project_id, Ticket.current_stage)
    )


def _count(visibility: Visibility, situation: str) -> Rows:
    return (
        select(
            Ticket.project_id,
            Ticket.current_stage,
            literal(situation),
            func.count(),
            null(),
            null(),
            null(),
        )
        .where(situation_is(situation), visibility.of(Ticket.project_id))
        .group_by(Ticket.project_id, Ticket.current_stage)
    )
