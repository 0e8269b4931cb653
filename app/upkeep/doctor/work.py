"""Runs, claims and workers that don't fit together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, case, exists, or_, select
from sqlalchemy.orm import Session

from app import clock, pipeline
from app.actor import Actor
from app.models import StageRun, Ticket, Worker
from app.models.worker import LIVE_STATUSES
from app.upkeep.doctor.finding import BoardCheck

SWEEP_GRACE = timedelta(minutes=5)
"""Overdue leases end when someone comes by. Nobody came for so long: the server doesn't run, or
nobody works."""

SWEEPS_MAX = 1_000

DOCTOR = Actor.system()

UNFINISHED = StageRun.finished_at.is_(None)


def _runs_of_tickets_at_rest(session: Session) -> Sequence[int]:
    return session.scalars(
        select(StageRun.run_id)
        .join(Ticket, Ticket.ticket_id == StageRun.ticket_id)
        .where(UNFINISHED, Ticket.state != "open")
        .order_by(StageRun.run_id)
    ).all()


def _runs_without_their_ticket(session: Session) -> Sequence[int]:
    """Their ticket says that another worker holds it, or none."""
    is_held = and_(Ticket.claimed_by.is_not(None), Ticket.claimed_by == StageRun.worker_id)
    return session.scalars(
        select(StageRun.run_id)
        .join(Ticket, Ticket.ticket_id == StageRun.ticket_id)
        .where(UNFINISHED, Ticket.state == "open", case((is_held, False), else_=True))
        .order_by(StageRun.run_id)
    ).all()


def _runs_of_workers_gone(session: Session) -> Sequence[int]:
    return session.scalars(
        select(StageRun.run_id)
        .join(Worker, Worker.worker_id == StageRun.worker_id)
        .where(UNFINISHED, Worker.status.not_in(LIVE_STATUSES))
        .order_by(StageRun.run_id)
    ).all()


def _release(session: Session, run_ids: Sequence[object]) -> None:
    for run_id in run_ids:
        StageRun.lock(session, int(str(run_id))).release("found by callboard doctor", DOCTOR)


def _claimed_without_a_run(session: Session) -> Sequence[str]:
    return session.scalars(
        select(Ticket.ticket_id)
        .where(Ticket.claimed_by.is_not(None))
        .where(~exists().where(StageRun.ticket_id == Ticket.ticket_id, UNFINISHED))
        .order_by(Ticket.ticket_id)
    ).all()


def _free(session: Session, ticket_ids: Sequence[object]) -> None:
    for ticket_id in ticket_ids:
        ticket = Ticket.lock(session, str(ticket_id))
        facts = {"cause": "claimed_without_run", "claimed_by": ticket.claimed_by}
        ticket.free()
        ticket.record("ticket_stage_released", DOCTOR, stage=ticket.current_stage, details=facts)


def _overdue_leases(session: Session) -> Sequence[int]:
    return session.scalars(
        select(StageRun.run_id)
        .where(UNFINISHED, StageRun.lease_expires_at <= clock.now() - SWEEP_GRACE)
        .order_by(StageRun.run_id)
    ).all()


def _silent_workers(session: Session) -> Sequence[str]:
    return session.scalars(
        select(Worker.worker_id).where(Worker.silent(SWEEP_GRACE)).order_by(Worker.worker_id)
    ).all()


def _sweep(session: Session, _: Sequence[object]) -> None:
    for _turn in range(SWEEPS_MAX):
        pipeline.expire_leases(session)
        if not pipeline.is_sweep_due(session):
            return


def _workers_in_the_wrong_state(session: Session) -> Sequence[str]:
    return session.scalars(
        select(Worker.worker_id)
        .where(
            or_(
                and_(Worker.status == "active", ~_holds_a_run()),
                and_(Worker.status.in_(("spawning", "idle")), _holds_a_run()),
            )
        )
        .order_by(Worker.worker_id)
    ).all()


def _set_state(session: Session, worker_ids: Sequence[object]) -> None:
    for worker_id in worker_ids:
        worker = Worker.lock(session, str(worker_id))
        held = StageRun.of_worker(session, worker.worker_id)
        worker.status = "active" if held else "idle"


def _runs_that_end_before_they_begin(session: Session) -> Sequence[int]:
    return session.scalars(
        select(StageRun.run_id)
        .where(StageRun.finished_at < StageRun.started_at)
        .order_by(StageRun.run_id)
    ).all()


def _end_where_they_began(session: Session, run_ids: Sequence[object]) -> None:
    """How long they took isn't known; less than nothing would spoil the statistics."""
    for run_id in run_ids:
        run = StageRun.lock(session, int(str(run_id)))
        run.finished_at = run.started_at


def _holds_a_run() -> ColumnElement[bool]:
    return exists().where(StageRun.worker_id == Worker.worker_id, UNFINISHED)


CHECKS = (
    BoardCheck(
        "runs of tickets at rest",
        "no ticket that is closed or on hold is being worked on",
        "runs go on although their ticket is closed or on hold",
        _runs_of_tickets_at_rest,
        "--fix releases them.",
        "They were released.",
        _release,
    ),
    BoardCheck(
        "runs and claims",
        "every run's ticket is held by its worker",
        "runs whose ticket isn't held by their worker",
        _runs_without_their_ticket,
        "--fix releases them.",
        "They were released.",
        _release,
    ),
    BoardCheck(
        "runs of workers that are gone",
        "whoever holds a run is there",
        "runs held by workers that finished or failed",
        _runs_of_workers_gone,
        "--fix releases them.",
        "They were released.",
        _release,
    ),
    BoardCheck(
        "claimed tickets",
        "every claimed ticket has its run",
        "tickets are claimed without a run, so that nobody can take them",
        _claimed_without_a_run,
        "--fix frees them.",
        "They were freed.",
        _free,
    ),
    BoardCheck(
        "leases",
        "none is long overdue",
        f"leases are overdue for more than {SWEEP_GRACE.seconds // 60} minutes (runs)",
        _overdue_leases,
        "--fix ends them.",
        "They were ended.",
        _sweep,
    ),
    BoardCheck(
        "silent workers",
        "every worker that is called alive was heard of",
        "workers are called alive but were not heard of",
        _silent_workers,
        "--fix gives them up as failed.",
        "They were given up as failed.",
        _sweep,
    ),
    BoardCheck(
        "states of workers",
        "who holds a run is active, and nobody else",
        "workers are called active without a run, or idle with one",
        _workers_in_the_wrong_state,
        "--fix sets their state right.",
        "Their state was set right.",
        _set_state,
    ),
    BoardCheck(
        "times of runs",
        "none ends before it began",
        "runs end before they began: the machine's clock went back, so watch its time service",
        _runs_that_end_before_they_begin,
        "--fix lets them end when they began.",
        "They end when they began now.",
        _end_where_they_began,
    ),
)
"""In the order in which they are repaired: one repair may be what the next one needs."""
