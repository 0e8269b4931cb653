"""The rules that choose among rows or change many: claims, leases, and what plans still need.

None of them commits: the door that called does, once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Select, insert, literal, select, update
from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor
from app.errors import Conflict
from app.models import Event, PlanTemplate, Project, StageRun, Ticket, Worker, WorkerType
from app.models.ticket_row import READY
from app.models.worker import LIVE_STATUSES
from app.models.worker_type import StillNeeded

EXPIRE_BATCH = 200
"""Leases ended in one transaction: a sweep after a long silence must not hold up the others."""

FRESH = {"populate_existing": True}
"""What was locked is read anew, even when the session knows an older state of it."""

NAMED_TICKETS = 10
"""Ids that a refusal lists before it says how many more there are."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker holds: a stage of a ticket, until the lease ends."""

    run_id: int
    ticket_id: str
    stage_number: int
    attempt: int
    lease_expires_at: datetime


@dataclass(frozen=True, slots=True)
class Instruction:
    """The answer to a heartbeat. `stop`: finish or give back what you hold, then exit."""

    instruction: Literal["continue", "stop"]
    lease_expires_at: datetime | None


def claim_next(session: Session, worker_id: str) -> Claim | None:
    """Give the worker the next stage of its queue: by priority, then age. None: nothing to do.

    A worker that holds a run already gets that one again, in case the first answer was lost.
    """
    worker = _lock_worker(session, worker_id)
    role = _working_role(session, worker)
    worker.touch(_lease(role))
    with session.no_autoflush:
        held = StageRun.of_worker(session, worker_id)
    if held:
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
            READY,
            Ticket.ready_at <= now,
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


def heartbeat(
    session: Session, worker_id: str, run_id: int | None = None, output_tail: str | None = None
) -> Instruction:
    """Note a sign of life and extend the lease of the run that the worker says it holds.

    Raises `RunNotCurrent` when that run is over; the sign of life counts all the same.
    """
    run = StageRun.lock(session, run_id) if run_id is not None else None
    worker = _lock_worker(session, worker_id)
    lease = _lease(WorkerType.named(session, worker.project_id, worker.worker_type))
    worker.touch(lease)
    if output_tail is not None:
        worker.show_output(output_tail)
    lease_expires_at = None
    if run is not None:
        if run.worker_id != worker_id:
            raise Conflict(f"Run {run_id} belongs to another worker than {worker_id}.", "run_id")
        if run.is_current:
            worker.status = "active"
        lease_expires_at = run.heartbeat(lease)
    return Instruction("stop" if worker.stop_requested_at else "continue", lease_expires_at)


def finish_worker(session: Session, worker_id: str, reason: str | None = None) -> Worker:
    """The process ends in order: give back what it holds, then mark it finished."""
    worker, run = _lock_with_run(session, worker_id)
    if run is not None:
        run.release(reason or "the worker stopped")
    if worker.status != "finished":
        worker.finish(Actor.worker(worker_id), reason)
    return worker


def declare_dead(session: Session, worker_id: str, actor: Actor) -> Worker:
    """A person says the process is gone: free what it holds without waiting for the lease."""
    worker, run = _lock_with_run(session, worker_id)
    why = f"declared dead by {actor.label}"
    freed = f"; {run.ticket_id} went back to its queue" if run else ""
    worker.fail(actor, why + freed)
    if run is not None:
        run.expire(f"{worker_id} was {why}", actor)
    return worker


def expire_leases(session: Session) -> int:
    """End overdue leases and give silent workers up; returns how many leases ended.

    Whoever comes by may call this; two at once share the work.
    """
    ended = 0
    for run_id, ticket_id in session.execute(_overdue_runs()).all():
        free = select(Ticket).where(Ticket.ticket_id == ticket_id)
        free = free.with_for_update(skip_locked=True, key_share=True)
        if session.scalar(free, execution_options=FRESH) is None:
            continue  # someone is changing this ticket right now, perhaps its late worker
        run = session.get_one(StageRun, run_id, populate_existing=True)
        if run.finished_at or not run.lease_expires_at or run.lease_expires_at > clock.now():
            continue
        run.expire(f"{run.worker_id} sent no heartbeat")
        ended += 1
        if run.worker_id:
            _give_up_if_silent(session, run.worker_id, ticket_id)
    silent = _silent_workers().with_for_update(skip_locked=True, key_share=True)
    for worker in session.scalars(silent, execution_options=FRESH).all():
        if StageRun.of_worker(session, worker.worker_id) is None:
            worker.fail(Actor.system(), "no heartbeat")
    return ended


def is_sweep_due(session: Session) -> bool:
    """Whether there is anything for `expire_leases` to do: an indexed look, without a lock."""
    due = session.scalar(
        select(literal(1)).where(_overdue_runs().exists() | _silent_workers().exists())
    )
    return due is not None


def process_events(session: Session, event_ids: Iterable[int], actor: Actor, note: str) -> int:
    """Mark events as dealt with, with one note; returns how many were still open."""
    events = session.scalars(
        select(Event).where(Event.id.in_(list(event_ids)), ~Event.processed).with_for_update()
    ).all()
    for event in events:
        event.process(actor, note)
    return len(events)


def tickets_needing(session: Session, role: WorkerType) -> list[str]:
    """Ids of the project's open tickets with a stage yet to be done by this worker type."""
    candidates = session.execute(
        select(Ticket.ticket_id, Ticket.execution_plan, Ticket.completed_stages)
        .where(Ticket.project_id == role.project_id, Ticket.state != "closed")
        .order_by(Ticket.created_at, Ticket.ticket_id)
    )
    return [ticket_id for ticket_id, plan, done in candidates if role.worker_type in plan[done:]]


def rename_worker_type(session: Session, role: WorkerType, name: str) -> None:
    """Give a worker type another name; refused while open tickets or templates name the old."""
    role = WorkerType.lock(session, role.id)
    old = role.worker_type
    if name.strip() == old:
        return
    _require_unneeded(session, role, "renamed")
    role.rename(name)
    # Those who work at it go on under its new name, instead of waiting at a queue that is gone.
    session.execute(
        update(Worker)
        .where(Worker.project_id == role.project_id, Worker.worker_type == old)
        .where(Worker.status.in_(LIVE_STATUSES))
        .values(
            worker_type=role.worker_type,
            queue_name=Worker.queue_of(role.project_id, role.worker_type),
        )
    )


def delete_worker_type(session: Session, role: WorkerType) -> None:
    """Delete a worker type; refused while open tickets or plan templates still need it."""
    role = WorkerType.lock(session, role.id)
    _require_unneeded(session, role, "deleted")
    session.delete(role)


def _lock_worker(session: Session, worker_id: str, *, even_finished: bool = False) -> Worker:
    worker = Worker.lock(session, worker_id)
    if worker.status == "finished" and not even_finished:
        raise Conflict(f"{worker_id} is finished. Register it again before it works on.")
    return worker


def _working_role(session: Session, worker: Worker) -> WorkerType | None:
    """The worker's role, if its project is at work and the role is still an agent's."""
    return session.scalar(
        select(WorkerType)
        .join(Project, Project.repository_name == WorkerType.project_id)
        .where(
            WorkerType.project_id == worker.project_id,
            WorkerType.worker_type == worker.worker_type,
            WorkerType.performed_by == "agent",
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
            actor=worker.worker_id,
            attempt=failed_attempts + 1,
            prompt_version=role.prompt_version,
            started_at=now,
            lease_expires_at=now + timedelta(seconds=role.lease_seconds),
        )
        .returning(StageRun)
    ).scalar_one()
    worker.status = "active"
    session.execute(
        insert(Event).values(
            event_type="ticket_stage_started",
            project_id=worker.project_id,
            ticket_id=ticket_id,
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


def _lease(role: WorkerType | None) -> timedelta:
    return timedelta(seconds=role.lease_seconds if role else WorkerType.LEASE_SECONDS_DEFAULT)


def _lock_with_run(session: Session, worker_id: str) -> tuple[Worker, StageRun | None]:
    """The worker, and the run that it holds, whose ticket is locked before the worker is."""
    held = StageRun.of_worker(session, worker_id)
    run = StageRun.lock(session, held.run_id) if held else None
    worker = _lock_worker(session, worker_id, even_finished=True)
    newest = StageRun.of_worker(session, worker_id)
    if newest is not None and newest is not run:
        raise Conflict(f"{worker_id} took {newest.ticket_id} at this very moment; try again.")
    return worker, newest


def _overdue_runs() -> Select[int, str]:
    return (
        select(StageRun.run_id, StageRun.ticket_id)
        .where(StageRun.finished_at.is_(None), StageRun.lease_expires_at <= clock.now())
        .order_by(StageRun.lease_expires_at)
        .limit(EXPIRE_BATCH)
    )


def _silent_workers() -> Select[Worker]:
    return (
        select(Worker)
        .where(Worker.silent_since(clock.now()))
        .order_by(Worker.worker_id)
        .limit(EXPIRE_BATCH)
    )


def _give_up_if_silent(session: Session, worker_id: str, ticket_id: str) -> None:
    """Its run is over; if the worker itself was heard of since, it is idle, else it failed."""
    worker = Worker.lock(session, worker_id)
    if not worker.is_live:
        return
    if worker.expected_by and worker.expected_by > clock.now():
        worker.status = "idle"
    else:
        worker.fail(Actor.system(), f"no heartbeat; {ticket_id} went back to its queue")


def _require_unneeded(session: Session, role: WorkerType, change: str) -> None:
    if needing := tickets_needing(session, role):
        shown = ", ".join(needing[:NAMED_TICKETS])
        rest = len(needing) - NAMED_TICKETS
        more = f" and {rest:,} more" if rest > 0 else ""
        raise StillNeeded(
            f"{role.worker_type} can't be {change}: open tickets still need it ({shown}{more}). "
            "Change their plans or close them first.",
            needing,
        )
    templates = session.scalars(
        select(PlanTemplate).where(PlanTemplate.project_id == role.project_id)
    )
    if named := [template.name for template in templates if role.worker_type in template.plan]:
        raise Conflict(
            f"{role.worker_type} can't be {change}: the plan template “{named[0]}” names it. "
            "Delete that template first."
        )
