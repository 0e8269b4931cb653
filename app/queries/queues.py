"""Queues: what stands at each stage, since when, and who is there to take it.

Pages, programs and monitoring read the same queues, so that their numbers agree.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Integer,
    ScalarSelect,
    Select,
    Text,
    TextClause,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from app import clock
from app.db.plans import PLANNED_ONCE, unindexed
from app.db.rows import rows_of
from app.models import Project, Ticket, Worker, WorkerType
from app.models.ticket import IN_QUEUE, ON_HOLD
from app.queries.paging import COUNT_CAP, number_of, shared_cap, shared_cap_of
from app.queries.tickets.conditions import situation_is
from app.queries.workers.conditions import is_live
from app.visibility import STATEMENTS_KEPT, Visibility

Rows = Select[*tuple[Any, ...]]

COUNTED_IN_ALL = 10_000
"""What the counts of one kind share, of all queues that programs ask for. Ten are counted as far
as any list is; of more, each less far."""


@dataclass(slots=True)
class Queue:
    """The tickets at one worker type. `id` is None when its project no longer has that one.

    `ready`: those that can be taken now, or at a gate that wait for a person. `oldest`: since when
    the first of them is. `cap`: how far all but `running` and `backoff` are counted.
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
    cap: int = COUNT_CAP

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


def queues_of(session: Session, project_id: str) -> list[Queue]:
    """The queues of one project."""
    return _read(session, Visibility(only=project_id))


def first_of_queues(session: Session, visibility: Visibility) -> list[Queue]:
    """The queues of all projects with what is ready, counted up to their `shared_cap`, and what
    runs. Worker types come in the order in which they were made, then those that are gone."""
    found = {(row[0], row[1]): Queue(*row) for row in rows_of(session, _worker_types(visibility))}
    for project_id, stage, word, count, oldest in rows_of(
        session, _ready_and_running(visibility), cap=shared_cap(len(found))
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
    """The queues of one project or of all that aren't archived, by name."""
    if project is not None:
        visibility = replace(visibility, only=project)
    found = [queue for queue in _read(session, visibility) if not queue.is_archived]
    return sorted(found, key=lambda queue: (queue.project_id, queue.worker_type))


def _read(session: Session, visibility: Visibility) -> list[Queue]:
    found = {(row[0], row[1]): Queue(*row) for row in rows_of(session, _depths(visibility))}
    cap = shared_cap(len(found), COUNTED_IN_ALL)
    for one in found.values():
        one.cap = cap
    for project_id, stage, word, count, *_ in rows_of(session, _few(visibility)):
        queue = found.get((project_id, stage))
        if queue:
            setattr(queue, word, count)
    return list(found.values())


@lru_cache(STATEMENTS_KEPT)
def _depths(visibility: Visibility) -> Rows:
    """Each worker type with what may be much: each part of its queue is counted on its own, by an
    index, up to their `shared_cap`."""
    roles = select(func.count()).select_from(WorkerType)
    roles = roles.where(visibility.of(WorkerType.project_id))
    cap = shared_cap_of(roles.correlate(None).scalar_subquery(), COUNTED_IN_ALL)
    here = (
        Ticket.project_id == WorkerType.project_id,
        Ticket.current_stage == WorkerType.worker_type,
    )
    tickets = select(Ticket.ready_at).where(*here).correlate(WorkerType)
    ready = tickets.where(IN_QUEUE, or_(WorkerType.is_gate, ~Ticket.in_backoff()))
    none: ColumnElement[int] = literal_column("0")
    return _worker_types(visibility).add_columns(
        number_of(ready, cap),
        none,
        ready.order_by(Ticket.ready_at).limit(1).scalar_subquery(),
        none,
        number_of(tickets.where(ON_HOLD), cap),
        number_of(tickets.where(situation_is("blocked")), cap),
    )


@lru_cache(STATEMENTS_KEPT)
def _few(visibility: Visibility) -> CompoundSelect[*tuple[Any, ...]]:
    return union_all(_resting(visibility), _running(visibility)).execution_options(**PLANNED_ONCE)


def _resting(visibility: Visibility) -> Rows:
    """Pauses are short, so that few tickets are in one."""
    seen = visibility.of(unindexed(Ticket.project_id))
    return _count("backoff", situation_is("backoff"), seen)


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
        .execution_options(**PLANNED_ONCE)
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


@lru_cache(STATEMENTS_KEPT)
def _ready_and_running(visibility: Visibility) -> CompoundSelect[*tuple[Any, ...]]:
    parts = union_all(_ready(visibility), _running(visibility))
    ordered = parts.order_by("project_id", "current_stage")
    return ordered.execution_options(**PLANNED_ONCE)


def _ready(visibility: Visibility) -> Rows:
    places = queue_places(visibility)
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
            number_of(ready, bindparam("cap", type_=Integer())),
            ready.order_by(Ticket.ready_at).limit(1).scalar_subquery(),
        )
        .select_from(places)
        .outerjoin(WorkerType, at_stage)
        .where(places.c.stage != "")
    )


@lru_cache(STATEMENTS_KEPT)
def queue_places(visibility: Visibility) -> CTE:
    """Each project's stages at which a ticket is queued."""
    return stages_with(visibility, IN_QUEUE, "places")


def stages_with(visibility: Visibility, condition: TextClause, name: str) -> CTE:
    """Each project's stages at which a ticket meets the condition of an index by stages: one look
    into it leads to the next of them."""
    begin = select(
        Project.repository_name.label("project_id"), literal("", Text).label("stage")
    ).where(visibility.of(Project.repository_name))
    places = begin.cte(name, recursive=True)
    following = (
        select(Ticket.current_stage)
        .where(
            Ticket.project_id == places.c.project_id,
            Ticket.current_stage > places.c.stage,
            condition,
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
    """Claimed tickets are few, and their index tells where each of them is."""
    return _count("running", situation_is("running"), visibility.of(unindexed(Ticket.project_id)))


def _count(word: str, *conditions: ColumnElement[bool]) -> Rows:
    return (
        select(Ticket.project_id, Ticket.current_stage, literal(word), func.count(), null())
        .where(*conditions)
        .group_by(Ticket.project_id, Ticket.current_stage)
    )
