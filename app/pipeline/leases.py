"""Overdue leases end, and silent workers are given up: swept by whoever comes by.

A lease is as long as it was given for, even if the clock is set back meanwhile: what was extended
later than now begins anew.
"""

from __future__ import annotations

from sqlalchemy import Select, literal, select
from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor
from app.models import StageRun, Ticket, Worker

EXPIRE_BATCH = 200
"""Leases ended in one transaction: a sweep after a long silence must not hold up the others."""

FRESH = {"populate_existing": True}
"""What was locked is read anew, even when the session knows an older state of it."""


def expire_leases(session: Session) -> int:
    """End overdue leases and give silent workers up; returns how many leases ended.

    Whoever comes by may call this; two at once share the work.
    """
    ended = 0
    _restart_leases(session)
    for run_id, ticket_id in session.execute(_overdue_runs()).all():
        free = select(Ticket).where(Ticket.ticket_id == ticket_id)
        free = free.with_for_update(skip_locked=True, key_share=True)
        if session.scalar(free, execution_options=FRESH) is None:
            continue  # someone is changing this ticket right now, perhaps its late worker
        run = session.get_one(StageRun, run_id, populate_existing=True)
        if run.finished_at or not run.lease_expires_at or run.lease_expires_at > clock.now():
            continue
        run.expire(f"{run.worker_id} sent no heartbeat", cause="no_heartbeat")
        ended += 1
        if run.worker_id:
            _give_up_if_silent(session, run.worker_id, ticket_id)
    silent = _silent_workers().with_for_update(skip_locked=True, key_share=True)
    for worker in session.scalars(silent, execution_options=FRESH).all():
        if StageRun.of_worker(session, worker.worker_id) is None:
            worker.fail(Actor.system(), "no heartbeat", {"cause": "no_heartbeat"})
    return ended


def is_sweep_due(session: Session) -> bool:
    """Whether there is anything for `expire_leases` to do: an indexed look, without a lock."""
    due = session.scalar(
        select(literal(1)).where(
            _overdue_runs().exists()
            | _silent_workers().exists()
            | _runs_renewed_later().exists()
            | _workers_heard_of_later().exists()
        )
    )
    return due is not None


def _restart_leases(session: Session) -> None:
    """Only after the clock was set back is there anything to do."""
    for run in session.scalars(_runs_renewed_later().with_for_update(skip_locked=True)).all():
        run.restart_lease()
    later = _workers_heard_of_later().with_for_update(skip_locked=True, key_share=True)
    for worker in session.scalars(later, execution_options=FRESH).all():
        worker.restart_lease()
    session.flush()


def _runs_renewed_later() -> Select[StageRun]:
    return (
        select(StageRun)
        .where(StageRun.finished_at.is_(None), StageRun.renewed_later(clock.now()))
        .order_by(StageRun.run_id)
        .limit(EXPIRE_BATCH)
        .execution_options(**FRESH)
    )


def _workers_heard_of_later() -> Select[Worker]:
    return (
        select(Worker)
        .where(Worker.heard_of_later(clock.now()))
        .order_by(Worker.worker_id)
        .limit(EXPIRE_BATCH)
    )


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
        why = f"no heartbeat; {ticket_id} went back to its queue"
        worker.fail(Actor.system(), why, {"cause": "no_heartbeat", "freed_ticket_id": ticket_id})
