"""Workers report that they live, and end: in order, or declared dead by a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy.orm import Session

from app.actor import Actor
from app.errors import Conflict
from app.models import StageRun, Worker, WorkerType
from app.values import immutable


@immutable
class Instruction:
    """The answer to a heartbeat. `stop`: finish or give back what you hold, then exit."""

    instruction: Literal["continue", "stop"]
    lease_expires_at: datetime | None


def register_worker(session: Session, worker_id: str, **values: Any) -> Worker:
    """Put a process on the board: see `Worker.register`. What it holds passes with it to the token
    that it is registered with."""
    held = StageRun.of_worker(session, worker_id)
    run = StageRun.lock(session, held.run_id) if held else None
    worker = Worker.register(session, worker_id=worker_id, **values)
    if run is not None and run.is_current:
        run.token_id = worker.token_id
    return worker


def heartbeat(
    session: Session, worker_id: str, run_id: int | None = None, output_tail: str | None = None
) -> Instruction:
    """Note a sign of life and extend the lease of the run that the worker says it holds.

    Raises `RunNotCurrent` when that run is over; the sign of life counts all the same.
    """
    run = StageRun.lock(session, run_id) if run_id is not None else None
    worker = lock_worker(session, worker_id)
    lease = lease_of(WorkerType.named(session, worker.project_id, worker.worker_type))
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


def finish_worker(
    session: Session,
    worker_id: str,
    reason: str | None = None,
    actor: Actor | None = None,
    *,
    needs_attention: bool = False,
) -> Worker:
    """The process ends in order: give back what it holds, then mark it finished. `actor`: who says
    so, if not the worker."""
    worker, run = _lock_with_run(session, worker_id)
    if run is not None:
        cause = None if reason else "worker_stopped"
        run.release(reason or "the worker stopped", actor, cause=cause)
    if worker.status != "finished":
        worker.finish(actor or Actor.worker(worker_id), reason, needs_attention=needs_attention)
    return worker


def declare_dead(session: Session, worker_id: str, actor: Actor) -> Worker:
    """A person says the process is gone: free what it holds without waiting for the lease."""
    worker, run = _lock_with_run(session, worker_id)
    why = f"declared dead by {actor.label}"
    freed = f"; {run.ticket_id} went back to its queue" if run else ""
    facts = {"cause": "declared_dead", "freed_ticket_id": run.ticket_id if run else None}
    worker.fail(actor, why + freed, facts)
    if run is not None:
        run.expire(f"{worker_id} was {why}", actor, cause="declared_dead")
    return worker


def lock_worker(session: Session, worker_id: str, *, even_finished: bool = False) -> Worker:
    worker = Worker.lock(session, worker_id)
    if not even_finished:
        require_not_finished(worker_id, worker.status)
    return worker


def require_not_finished(worker_id: str, status: str) -> None:
    if status == "finished":
        raise Conflict(f"{worker_id} is finished. Register it again before it works on.")


def lease_of(role: WorkerType | None) -> timedelta:
    return timedelta(seconds=role.lease_seconds if role else WorkerType.LEASE_SECONDS_DEFAULT)


def _lock_with_run(session: Session, worker_id: str) -> tuple[Worker, StageRun | None]:
    """The worker, and the run that it holds, whose ticket is locked before the worker is."""
    held = StageRun.of_worker(session, worker_id)
    run = StageRun.lock(session, held.run_id) if held else None
    worker = lock_worker(session, worker_id, even_finished=True)
    newest = StageRun.of_worker(session, worker_id)
    if newest is not None and newest is not run:
        raise Conflict(f"{worker_id} took {newest.ticket_id} at this very moment; try again.")
    return worker, newest
