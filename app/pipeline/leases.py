"""Overdue leases end, and silent workers are given up: swept by whoever comes by.

A lease is as long as it was given for, even if the clock is set back meanwhile: what was extended
later than now begins anew.
"""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor
from app.db.columns import now_when_sent
from app.db.rows import rows_of
from app.models import StageRun, Ticket, Worker

Row = TypeVar("Row")

EXPIRE_BATCH = 200
"""Leases ended in one transaction: a sweep after a long silence must not hold up the others."""

# Built once: each process looks every few seconds whether there is anything to do.
_RUNS_RENEWED_LATER = (
    select(StageRun)
    .where(StageRun.finished_at.is_(None), StageRun.renewed_later())
    .order_by(StageRun.run_id)
)
_WORKERS_HEARD_OF_LATER = select(Worker).where(Worker.heard_of_later()).order_by(Worker.worker_id)
_OVERDUE_RUNS = (
    select(StageRun.run_id, StageRun.ticket_id)
    .where(StageRun.finished_at.is_(None), StageRun.lease_expires_at <= now_when_sent())
    .order_by(StageRun.lease_expires_at)
)
_SILENT_WORKERS = select(Worker).where(Worker.silent()).order_by(Worker.worker_id)
_SWEEP_IS_DUE = select(
    _OVERDUE_RUNS.exists()
    | _SILENT_WORKERS.exists()
    | _RUNS_RENEWED_LATER.exists()
    | _WORKERS_HEARD_OF_LATER.exists()
)


def expire_leases(session: Session) -> int:
    """End overdue leases and give silent workers up; returns how many leases ended.

    Whoever comes by may call this; two at once share the work.
    """
    ended = 0
    _restart_leases(session)
    for run_id, ticket_id in session.execute(_OVERDUE_RUNS.limit(EXPIRE_BATCH)).all():
        if session.scalar(_free(select(Ticket).where(Ticket.ticket_id == ticket_id))) is None:
            continue  # someone is changing this ticket right now, perhaps its late worker
        run = session.get_one(StageRun, run_id, populate_existing=True)
        if run.finished_at or not run.lease_expires_at or run.lease_expires_at > clock.now():
            continue
        run.expire(f"{run.worker_id} sent no heartbeat", cause="no_heartbeat")
        ended += 1
        if run.worker_id:
            _give_up_if_silent(session, run.worker_id, ticket_id)
    for worker in session.scalars(_free(_SILENT_WORKERS)).all():
        if StageRun.of_worker(session, worker.worker_id) is None:
            worker.fail(Actor.system(), "no heartbeat", {"cause": "no_heartbeat"})
    return ended


def is_sweep_due(session: Session) -> bool:
    """Whether there is anything for `expire_leases` to do: an indexed look, without a lock."""
    return bool(rows_of(session, _SWEEP_IS_DUE).scalar_one())


def _restart_leases(session: Session) -> None:
    """Only after the clock was set back is there anything to do."""
    for run in session.scalars(_free(_RUNS_RENEWED_LATER)).all():
        run.restart_lease()
    for worker in session.scalars(_free(_WORKERS_HEARD_OF_LATER)).all():
        worker.restart_lease()
    session.flush()


def _free(found: Select[Row]) -> Select[Row]:
    """The first of what is found, locked and read anew, even when the session knows an older state;
    without those that someone is changing right now."""
    free = found.limit(EXPIRE_BATCH).with_for_update(skip_locked=True, key_share=True)
    return free.execution_options(populate_existing=True)


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
