"""Who gets which stage next.

Nobody else can write while a worker claims on SQLite, so a claim is five statements, built once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from app import clock
from app.db.plans import without_sorting
from app.db.transactions import past_the_session
from app.errors import NotFound
from app.models import Event, Project, StageRun, Ticket, Worker, WorkerType
from app.models.ticket import IN_QUEUE
from app.pipeline.limits import has_room, take_turns
from app.pipeline.workers import require_not_finished
from app.values import immutable

_LOCK_CLAIMANT = (
    select(
        Worker.worker_id,
        Worker.project_id,
        Worker.worker_type,
        Worker.status,
        Worker.token_id,
        Worker.stop_requested_at,
        WorkerType.lease_seconds,
        WorkerType.prompt_version,
        WorkerType.max_running,
        Project.max_in_progress,
        and_(~WorkerType.is_gate, Project.archived_at.is_(None)),
        without_sorting(),
    )
    .join(Project, Project.repository_name == Worker.project_id)
    .outerjoin(
        WorkerType,
        and_(
            WorkerType.project_id == Worker.project_id, WorkerType.worker_type == Worker.worker_type
        ),
    )
    .where(Worker.worker_id == bindparam("claimant"))
    .with_for_update(of=Worker, key_share=True)
)

_HELD_RUN = select(
    StageRun.run_id,
    StageRun.ticket_id,
    StageRun.stage_number,
    StageRun.attempt,
    StageRun.lease_expires_at,
).where(StageRun.worker_id == bindparam("claimant"), StageRun.finished_at.is_(None))

_READY = (
    select(Ticket.ticket_id)
    .where(
        Ticket.project_id == bindparam("in_project"),
        Ticket.current_stage == bindparam("stage"),
        IN_QUEUE,
        ~Ticket.in_backoff(),
        ~_HELD_RUN.exists(),
    )
    .order_by(Ticket.priority, Ticket.queue_rank, Ticket.created_at, Ticket.ticket_id)
    .limit(1)
    .with_for_update(of=Ticket, skip_locked=True, key_share=True)
)


def _taking_first(ready: Select[str]) -> ReturningUpdate[str, int, int]:
    """The queue is chosen and taken in one statement; PostgreSQL skips what others are taking."""
    return (
        update(Ticket)
        .where(Ticket.ticket_id == ready.scalar_subquery(), Ticket.claimed_by.is_(None))
        .values(claimed_by=bindparam("claimant"), updated_at=bindparam("at"))
        .returning(Ticket.ticket_id, Ticket.completed_stages, Ticket.failed_attempts)
    )


_TAKE_FIRST_READY = _taking_first(_READY)
_TAKE_FIRST_WITH_ROOM = _taking_first(_READY.where(has_room()))

_START_RUN = insert(StageRun).returning(StageRun.run_id)
_BIND_RUN = update(StageRun).where(StageRun.run_id == bindparam("run"), StageRun.token_id.is_(None))
_NOTE_SIGN_OF_LIFE = update(Worker).where(Worker.worker_id == bindparam("claimant"))
_RECORD_START = insert(Event)


@immutable
class Claim:
    """What a worker holds: a stage of a ticket, until the lease ends."""

    run_id: int
    ticket_id: str
    stage_number: int
    attempt: int
    lease_expires_at: datetime


@immutable
class Claimant:
    """A worker that asks for a stage, with its role, as it stands while nobody else changes it."""

    worker_id: str
    project_id: str
    worker_type: str
    status: str
    token_id: int | None
    stop_requested_at: datetime | None
    lease_seconds: int | None
    prompt_version: int | None
    max_running: int | None
    max_in_progress: int | None
    is_role_at_work: bool | None
    """Whether its project is at work and the role still an agent's. None: there is no such role."""

    @classmethod
    def lock(cls, session: Session, worker_id: str) -> Claimant:
        """The worker, held until the transaction ends; raises `NotFound`."""
        with past_the_session(session) as connection:
            row = connection.execute(_LOCK_CLAIMANT, {"claimant": worker_id}).first()
        if row is None:
            raise NotFound(Worker.MISSING.format(worker_id))
        columns: list[Any] = list(row[:-1])
        return cls(*columns)

    @property
    def is_to_stop(self) -> bool:
        """Whether it was asked to stop."""
        return self.stop_requested_at is not None

    @property
    def is_limited(self) -> bool:
        """Whether there may be ready tickets and no room for another run."""
        return self.max_running is not None or self.max_in_progress is not None

    @property
    def lease(self) -> timedelta:
        """How long it may be silent."""
        return timedelta(seconds=self.lease_seconds or WorkerType.LEASE_SECONDS_DEFAULT)


def claim_next(session: Session, worker_id: str, token_id: int | None = None) -> Claim | None:
    """Give the worker the next stage of its queue: by priority, then age. None: nothing to do.

    A worker that holds a run already gets that one again, in case the first answer was lost. The
    run is bound to the worker's API token; a worker that has none yet is bound to `token_id`.
    """
    return claim_for(session, Claimant.lock(session, worker_id), token_id)


def claim_for(session: Session, worker: Claimant, token_id: int | None = None) -> Claim | None:
    """The same for a worker that is held already."""
    require_not_finished(worker.worker_id, worker.status)
    status = _wake(session, worker)
    token_id = worker.token_id or token_id
    with past_the_session(session) as connection:
        claim = None
        if worker.is_role_at_work and not worker.is_to_stop:
            claim = _take_first_ready(connection, worker, token_id)
        if claim:
            status = "active"
        else:
            claim = _held_by(connection, worker, token_id)
        now = clock.now()
        life = {"last_activity": now, "expected_by": now + worker.lease}
        connection.execute(
            _NOTE_SIGN_OF_LIFE,
            {"claimant": worker.worker_id, "status": status, "token_id": token_id, **life},
        )
    return claim


def _wake(session: Session, worker: Claimant) -> str:
    """Its status now that it is heard of. A worker given up as failed is itself again."""
    if worker.status in ("active", "idle"):
        return worker.status
    woken = Worker.lock(session, worker.worker_id)
    woken.touch(worker.lease)
    return woken.status


def _take_first_ready(
    connection: Connection, worker: Claimant, token_id: int | None
) -> Claim | None:
    """Nothing is taken for a worker that holds a run."""
    statement, limits = _TAKE_FIRST_READY, {}
    if worker.is_limited:
        take_turns(connection, worker.project_id)
        statement = _TAKE_FIRST_WITH_ROOM
        limits = {"max_running": worker.max_running, "max_in_progress": worker.max_in_progress}
    taken = connection.execute(
        statement,
        {
            "claimant": worker.worker_id,
            "in_project": worker.project_id,
            "stage": worker.worker_type,
            "at": clock.now(),
            **limits,
        },
    ).first()
    if taken is None:
        return None
    # What it waited for may have been over just before PostgreSQL looked: the run begins after it.
    now = clock.now()
    ticket_id, completed_stages, failed_attempts = taken
    stage_number, attempt = completed_stages + 1, failed_attempts + 1
    lease_expires_at = now + worker.lease
    run_id = connection.execute(
        _START_RUN,
        {
            "ticket_id": ticket_id,
            "stage_number": stage_number,
            "worker_type": worker.worker_type,
            "worker_id": worker.worker_id,
            "token_id": token_id,
            "actor": worker.worker_id,
            "attempt": attempt,
            "prompt_version": worker.prompt_version,
            "started_at": now,
            "lease_expires_at": lease_expires_at,
            "lease_renewed_at": now,
        },
    ).scalar_one()
    connection.execute(
        _RECORD_START,
        {
            "event_type": "ticket_stage_started",
            "project_id": worker.project_id,
            "ticket_id": ticket_id,
            "run_id": run_id,
            "worker_id": worker.worker_id,
            "stage": worker.worker_type,
            "actor": worker.worker_id,
            "processed": True,
            "created_at": now,
        },
    )
    return Claim(run_id, ticket_id, stage_number, attempt, lease_expires_at)


def _held_by(connection: Connection, worker: Claimant, token_id: int | None) -> Claim | None:
    held: Any = connection.execute(_HELD_RUN, {"claimant": worker.worker_id}).first()
    if held is None:
        return None
    if token_id is not None:
        connection.execute(_BIND_RUN, {"run": held.run_id, "token_id": token_id})
    return Claim(*held)
