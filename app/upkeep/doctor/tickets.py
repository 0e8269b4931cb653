"""Tickets whose own words don't agree: plans, positions, blockers, calls for attention."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from sqlalchemy import ColumnElement, ScalarSelect, exists, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from app import clock
from app.actor import Actor
from app.models import Event, Ticket, TicketDependency, WorkerType
from app.upkeep.doctor.finding import BoardCheck

DOCTOR = Actor.system()
FOUND = "found by callboard doctor"

OUT_OF_STEP = text(
    "last_completed_stage <> CASE completed_stages WHEN 0 THEN 'Planned' "
    "ELSE execution_plan ->> (completed_stages - 1) END"
)
"""A negative place would mean the plan's end on PostgreSQL."""


def _plans_naming_nobody(session: Session) -> Sequence[str]:
    """Open tickets with a stage to come whose worker type their project doesn't have."""
    roles = {
        tuple(row) for row in session.execute(select(WorkerType.project_id, WorkerType.worker_type))
    }
    tickets = session.execute(
        select(Ticket.ticket_id, Ticket.project_id, Ticket.execution_plan, Ticket.completed_stages)
        .where(Ticket.state != "closed")
        .order_by(Ticket.ticket_id)
    )
    return [
        ticket_id
        for ticket_id, project_id, plan, done in tickets
        if any((project_id, stage) not in roles for stage in plan[done:])
    ]


def _open_at_the_end(session: Session) -> Sequence[str]:
    return _ids(session, Ticket.state != "closed", Ticket.current_stage.is_(None))


def _names_out_of_step(session: Session) -> Sequence[str]:
    return session.scalars(
        select(Ticket.ticket_id).where(OUT_OF_STEP).order_by(Ticket.ticket_id)
    ).all()


def _name_stages(session: Session, ticket_ids: Sequence[object]) -> None:
    for ticket_id in ticket_ids:
        ticket = Ticket.lock(session, str(ticket_id))
        done = ticket.completed_stages
        ticket.last_completed_stage = ticket.stage_name(done) if done else ticket.PLANNED


def _blockers_miscounted(session: Session) -> Sequence[str]:
    return _ids(session, Ticket.open_blockers != _open_blockers())


def _count_blockers(session: Session, ticket_ids: Sequence[object]) -> None:
    for ticket_id in ticket_ids:
        ticket = Ticket.lock(session, str(ticket_id))
        before = ticket.open_blockers
        is_it = Ticket.ticket_id == ticket.ticket_id
        ticket.open_blockers = session.scalar(select(_open_blockers()).where(is_it)) or 0
        if not ticket.open_blockers:
            ticket.ready_at, ticket.backoff_until = clock.now(), None
        facts = {
            "cause": "counted",
            "open_blockers": ticket.open_blockers,
            "open_blockers_before": before,
        }
        ticket.record("ticket_dependency_changed", DOCTOR, details=facts)


def _open_blockers() -> ScalarSelect[int]:
    blocker = aliased(Ticket)
    return (
        select(func.count())
        .select_from(TicketDependency)
        .join(blocker, blocker.ticket_id == TicketDependency.blocked_by_id)
        .where(TicketDependency.ticket_id == Ticket.ticket_id, blocker.state != "closed")
        .correlate(Ticket)
        .scalar_subquery()
    )


def _circles(session: Session) -> Sequence[str]:
    """Tickets of the first circle of dependencies, if there is one."""
    waits: dict[str, list[str]] = {}
    pairs = select(TicketDependency.ticket_id, TicketDependency.blocked_by_id)
    for ticket_id, blocker_id in session.execute(pairs):
        waits.setdefault(ticket_id, []).append(blocker_id)
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        return sorted(set(error.args[1]))
    return []


def _calls_for_nobody(session: Session) -> Sequence[int]:
    """Events that wait for a person although their ticket is closed, or gone."""
    is_there = exists().where(Ticket.ticket_id == Event.ticket_id)
    is_closed = exists().where(Ticket.ticket_id == Event.ticket_id, Ticket.state == "closed")
    return session.scalars(
        select(Event.id)
        .where(Event.needs_attention, ~Event.processed, Event.ticket_id.is_not(None))
        .where(or_(~is_there, is_closed))
        .order_by(Event.id)
    ).all()


def _process(session: Session, event_ids: Sequence[object]) -> None:
    for event_id in event_ids:
        event = Event.get(session, int(str(event_id)))
        event.process(DOCTOR, f"the ticket is closed or gone; {FOUND}")


def _ids(session: Session, *conditions: ColumnElement[bool]) -> Sequence[str]:
    query = select(Ticket.ticket_id).where(*conditions).order_by(Ticket.ticket_id)
    return session.scalars(query).all()


CHECKS = (
    BoardCheck(
        "plans",
        "every stage to come has its worker type",
        "open tickets name a worker type that their project doesn't have",
        _plans_naming_nobody,
        "Add the worker type, or change the plan on the ticket's page.",
    ),
    BoardCheck(
        "ends of plans",
        "every ticket whose plan is done is closed",
        "tickets are open although their plan is done",
        _open_at_the_end,
        "Close them on their pages, or add a stage to their plans.",
    ),
    BoardCheck(
        "positions",
        "every ticket's last completed stage is named as in its plan",
        "tickets name another last completed stage than their plan",
        _names_out_of_step,
        "--fix names it as in the plan.",
        "It was named as in the plan.",
        _name_stages,
    ),
    BoardCheck(
        "blockers",
        "all are counted right",
        "tickets wait for more or fewer others than they say",
        _blockers_miscounted,
        "--fix counts them anew.",
        "They were counted anew.",
        _count_blockers,
    ),
    BoardCheck(
        "dependencies",
        "no ticket waits for itself through others",
        "tickets wait for each other in a circle",
        _circles,
        "Remove a dependency on one of their pages.",
    ),
    BoardCheck(
        "calls for attention",
        "each belongs to a ticket that isn't closed",
        "events wait for a person although their ticket is closed or gone",
        _calls_for_nobody,
        "--fix marks them as dealt with.",
        "They were marked as dealt with.",
        _process,
    ),
)
