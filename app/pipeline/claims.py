"""Who gets which stage next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app import clock
from app.models import Event, Project, StageRun, Ticket, Worker, WorkerType
from app.models.ticket import IN_QUEUE
from app.pipeline.workers import lease_of, lock_worker


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker holds: a stage of a ticket, until the lease ends."""

    run_id: int
    ticket_id: str
    stage_number: int
    attempt: int
    lease_expires_at: datetime


def claim_next(session: Session, worker_id: str, token_id: int | None = None) -> Claim | None:
    """Give the worker the next stage of its queue: by priority, then age. None: nothing to do.

    A worker that holds a run already gets that one again, in case the first answer was lost. The
    run is bound to the worker's API token; a worker that has none yet is bound to `token_id`.
    """
    worker = lock_worker(session, worker_id)
    worker.token_id = worker.token_id or token_id
    role = _working_role(session, worker)
    worker.touch(lease_of(role))
    with session.no_autoflush:
        held = StageRun.of_worker(session, worker_id)
    if held:
        held.token_id = held.token_id or worker.token_id
        return _as_claim(held)
    if worker.stop_requested_at or role is None:
        return None
    now = clock.now()
    # The queue is chosen and taken in one statement; PostgreSQL skips what others are taking.
    first_ready = (
        select(Ticket.ticket_id)
        .where(
            Ticket.project_id == worker.project_id,
            Ticket.current_stage == worker.worker_type,
            IN_QUEUE,
            ~Ticket.in_backoff(now),
        )
        .order_by(Ticket.priority, Ticket.created_at, Ticket.ticket_id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
        .scalar_subquery()
    )
    taken = session.execute(
        update(Ticket)
        .where(Ticket.ticket_id == first_ready, Ticket.claimed_by.is_(None))
        .values(claimed_by=worker_id, updated_at=now)
        .returning(Ticket.ticket_id, Ticket.completed_stages, Ticket.failed_attempts)
        .execution_options(synchronize_session="fetch")
    ).first()
    if taken is None:
        return None
    return _start_run(session, worker, role, *taken)


def _working_role(session: Session, worker: Worker) -> WorkerType | None:
    """The worker's role, if its project is at work and the role is still an agent's."""
    return session.scalar(
        select(WorkerType)
        .join(Project, Project.repository_name == WorkerType.project_id)
        .where(
            WorkerType.project_id == worker.project_id,
            WorkerType.worker_type == worker.worker_type,
            ~WorkerType.is_gate,
            Project.archived_at.is_(None),
        )
    )


def _start_run(
    session: Session,
    worker: Worker,
    role: WorkerType,
    ticket_id: str,
    completed_stages: int,
    failed_attempts: int,
) -> Claim:
    now = clock.now()
    run = session.execute(
        insert(StageRun)
        .values(
            ticket_id=ticket_id,
            stage_number=completed_stages + 1,
            worker_type=role.worker_type,
            worker_id=worker.worker_id,
            token_id=worker.token_id,
            actor=worker.worker_id,
            attempt=failed_attempts + 1,
            prompt_version=role.prompt_version,
            started_at=now,
            lease_expires_at=now + timedelta(seconds=role.lease_seconds),
            lease_renewed_at=now,
        )
        .returning(StageRun)
    ).scalar_one()
    worker.status = "active"
    session.execute(
        insert(Event).values(
            event_type="ticket_stage_started",
            project_id=worker.project_id,
            ticket_id=ticket_id,
            run_id=run.run_id,
            worker_id=worker.worker_id,
            stage=role.worker_type,
            actor=worker.worker_id,
            processed=True,
            created_at=now,
        )
    )
    return _as_claim(run)


def _as_claim(run: StageRun) -> Claim:
    if run.lease_expires_at is None:
        raise ValueError("only a person's run has no lease")
    return Claim(run.run_id, run.ticket_id, run.stage_number, run.attempt, run.lease_expires_at)
