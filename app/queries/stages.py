"""What is at each stage of a project now: tickets that run or wait there, and who could take them.

Tickets on hold or blocked by others aren't counted here: no worker may take them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import StageRun, Ticket, Worker, WorkerType
from app.models.ticket import READY
from app.queries.workers.conditions import is_live


@dataclass(frozen=True, slots=True)
class Running:
    """A ticket that a worker holds."""

    ticket_id: str
    title: str
    stage: str
    priority: int
    started_at: datetime
    worker_id: str | None


@dataclass(slots=True)
class Stage:
    """One worker type and its queue. `role_id` is None when the project no longer has it."""

    name: str
    role_id: int | None = None
    is_gate: bool = False
    live_workers: int = 0
    queued: int = 0
    oldest: datetime | None = None
    running: list[Running] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Tickets that run or wait here."""
        return len(self.running) + self.queued

    @property
    def is_stranded(self) -> bool:
        """Whether tickets wait that nobody alive will take."""
        return bool(self.queued and not self.live_workers and not self.is_gate)


def stages(session: Session, project_id: str) -> dict[str, Stage]:
    """Every stage of a project by name, in four queries: worker types first, as they were made."""
    found = {
        name: Stage(name, role_id, performed_by == "person")
        for role_id, name, performed_by in session.execute(
            select(WorkerType.id, WorkerType.worker_type, WorkerType.performed_by)
            .where(WorkerType.project_id == project_id)
            .order_by(WorkerType.id)
        )
    }
    for name, queued, oldest in _queues(session, project_id):
        stage = found.setdefault(name, Stage(name))
        stage.queued, stage.oldest = queued, oldest
    for run in _running(session, project_id):
        found.setdefault(run.stage, Stage(run.stage)).running.append(run)
    for name, live in _live_workers(session, project_id):
        if name in found:
            found[name].live_workers = live
    return found


def _queues(session: Session, project_id: str) -> Iterable[tuple[str, int, datetime]]:
    rows = session.execute(
        select(Ticket.current_stage, func.count(), func.min(Ticket.ready_at))
        .where(Ticket.project_id == project_id, READY, Ticket.current_stage.is_not(None))
        .group_by(Ticket.current_stage)
        .order_by(Ticket.current_stage)
    )
    return ((name or "", queued, oldest) for name, queued, oldest in rows)


def _running(session: Session, project_id: str) -> Iterable[Running]:
    # Runs in progress are few and have an index of their own. The planner, which doesn't know it,
    # would begin with the project's tickets: with `|| ''` no index leads there.
    rows = session.execute(
        select(
            StageRun.ticket_id,
            Ticket.title,
            StageRun.worker_type,
            Ticket.priority,
            StageRun.started_at,
            StageRun.worker_id,
        )
        .join(Ticket, Ticket.ticket_id == StageRun.ticket_id)
        .where(StageRun.finished_at.is_(None), Ticket.project_id.concat("") == project_id)
        .order_by(StageRun.started_at, StageRun.run_id)
    )
    return (Running(*row) for row in rows)


def _live_workers(session: Session, project_id: str) -> Iterable[tuple[str, int]]:
    rows = session.execute(
        select(Worker.worker_type, func.count())
        .where(Worker.project_id == project_id, is_live())
        .group_by(Worker.worker_type)
    )
    return ((name, live) for name, live in rows)
