"""How deep the queues are, how long the oldest has waited, and who is there to take it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app import clock
from app.models import Project, Ticket, Worker, WorkerType
from app.queries.tickets.conditions import situation
from app.queries.workers.conditions import is_live
from app.visibility import Visibility

WAITING = ("ready", "waiting")


@dataclass(slots=True)
class Queue:
    """The queue of one worker type. `depth`: how many tickets are in each situation there."""

    project_id: str
    worker_type: str
    performed_by: str
    depth: dict[str, int] = field(default_factory=dict)
    oldest: datetime | None = None
    workers_live: int = 0
    workers_idle: int = 0

    @property
    def ready(self) -> int:
        """What can be taken now; a person's queue holds what waits for a person."""
        return self.depth.get("ready", 0) + self.depth.get("waiting", 0)

    @property
    def backoff(self) -> int:
        """What rests after a failed attempt."""
        return self.depth.get("backoff", 0)

    @property
    def blocked(self) -> int:
        """What waits for other tickets."""
        return self.depth.get("blocked", 0)

    @property
    def on_hold(self) -> int:
        """What waits until someone resumes it."""
        return self.depth.get("on_hold", 0)

    @property
    def running(self) -> int:
        """What is being worked on."""
        return self.depth.get("running", 0)

    @property
    def oldest_wait_seconds(self) -> float | None:
        """How long the longest ready one has waited."""
        return (clock.now() - self.oldest).total_seconds() if self.oldest else None


def queues(session: Session, visibility: Visibility, project: str | None = None) -> list[Queue]:
    """The queues of a project, or of all that aren't archived: three queries in all."""
    roles = (
        select(WorkerType.project_id, WorkerType.worker_type, WorkerType.performed_by)
        .join(Project, Project.repository_name == WorkerType.project_id)
        .where(Project.archived_at.is_(None), visibility.of(WorkerType.project_id))
        .order_by(WorkerType.project_id, WorkerType.worker_type)
    )
    if project is not None:
        roles = roles.where(WorkerType.project_id == project)
    found = {(row.project_id, row.worker_type): Queue(*row) for row in session.execute(roles)}
    _count_tickets(session, visibility, project, found)
    _count_workers(session, visibility, project, found)
    return list(found.values())


def _count_tickets(
    session: Session,
    visibility: Visibility,
    project: str | None,
    found: dict[tuple[str, str], Queue],
) -> None:
    tickets = select(Ticket.project_id, Ticket.current_stage, situation(), Ticket.ready_at).where(
        Ticket.state != "closed", visibility.of(Ticket.project_id)
    )
    if project is not None:
        tickets = tickets.where(Ticket.project_id == project)
    each = tickets.subquery()
    counts = select(
        each.c.project_id,
        each.c.current_stage,
        each.c.situation,
        func.count(),
        func.min(each.c.ready_at),
    ).group_by(each.c.project_id, each.c.current_stage, each.c.situation)
    for project_id, stage, word, count, since in session.execute(counts):
        if queue := found.get((project_id, stage)):
            queue.depth[word] = count
            if word in WAITING:
                queue.oldest = since


def _count_workers(
    session: Session,
    visibility: Visibility,
    project: str | None,
    found: dict[tuple[str, str], Queue],
) -> None:
    idle = func.sum(case((Worker.status == "idle", 1), else_=0))
    workers = (
        select(Worker.project_id, Worker.worker_type, func.count(), idle)
        .where(is_live(), visibility.of(Worker.project_id))
        .group_by(Worker.project_id, Worker.worker_type)
    )
    if project is not None:
        workers = workers.where(Worker.project_id == project)
    for project_id, worker_type, live, resting in session.execute(workers):
        if queue := found.get((project_id, worker_type)):
            queue.workers_live, queue.workers_idle = live, resting
