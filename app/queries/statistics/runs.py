"""The runs that finished in a span of time: all of them, or an even sample of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from app.db.columns import UTCDateTime
from app.db.rows import rows_of
from app.models import StageRun, Ticket
from app.queries.statistics.scope import Scope
from app.queries.statistics.span import Span
from app.queries.statistics.sql import seconds_between
from app.visibility import STATEMENTS_KEPT

RUNS_LIMIT = 2_500
"""Of all projects so many runs are read at most."""
TICKETS_LIMIT = 1_000
"""Of one project, or of what a query finds, all runs of so many tickets."""

Rows = Select[*tuple[Any, ...]]
Earlier, Later = aliased(StageRun), aliased(StageRun)
SINCE, UNTIL = (bindparam(name, type_=UTCDateTime()) for name in ("since", "until"))
IN_SPAN = and_(StageRun.finished_at >= SINCE, StageRun.finished_at < UNTIL)


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt at a stage. `waited`: seconds from the end of the attempt before it, or from when
    the ticket was created, until it began; a person's stage is waiting until it is over.
    `is_redone`: it was completed, and done again after the ticket was sent back or reopened."""

    ticket_id: str
    worker_type: str
    prompt_version: int | None
    is_person: bool
    outcome: str
    waited: float
    worked: float | None
    is_redone: bool
    closed_at: datetime | None
    """When it closed its ticket as completed."""
    created_to_closed: float | None
    begun_to_closed: float | None


@dataclass(frozen=True, slots=True)
class Runs:
    """Those that were read. `is_sampled`: whether there are more."""

    found: Sequence[Run]
    is_sampled: bool


def runs_in(session: Session, scope: Scope, span: Span) -> Runs:
    """Those of the scope that finished in the span."""
    times = {"since": span.start, "until": span.end}
    if scope.conditions:
        rows = rows_of(session, _of_found(scope), most=TICKETS_LIMIT, **times).all()
        return Runs([Run(*row[:-1]) for row in rows], is_sampled=bool(rows) and rows[0].is_sampled)
    if scope.is_narrowed:
        number = rows_of(session, _number_of_tickets(scope), **times).scalar_one()
        step = -(-number // TICKETS_LIMIT)
        rows = rows_of(session, _of_tickets(scope), step=max(1, step), **times).all()
        return Runs([_run(row) for row in rows], is_sampled=step > 1 and bool(rows))
    ids = rows_of(session, _FIRST, **times).scalars().all()
    if len(ids) <= RUNS_LIMIT:
        rows = rows_of(session, _all(scope), **times).all()
        return Runs([_run(row) for row in rows], is_sampled=False)
    newest = rows_of(session, _LAST, **times).scalar_one()
    low, high = min(ids), max(newest, *ids)
    step = -(-(high - low + 1) // RUNS_LIMIT)
    rows = rows_of(session, _some(scope), low=low, high=high, step=step, **times).all()
    return Runs([_run(row) for row in rows], is_sampled=True)


def _run(row: Row[*tuple[Any, ...]]) -> Run:
    return Run(*row)


_FIRST = select(StageRun.run_id).where(IN_SPAN).order_by(StageRun.finished_at).limit(RUNS_LIMIT + 1)
_LAST = select(StageRun.run_id).where(IN_SPAN).order_by(StageRun.finished_at.desc()).limit(1)


@lru_cache(STATEMENTS_KEPT)
def _all(scope: Scope) -> Rows:
    return _facts().where(IN_SPAN, *scope.tickets())


@lru_cache(STATEMENTS_KEPT)
def _some(scope: Scope) -> Rows:
    """Every so manieth run by its number. They are given out in the order in which runs begin, so
    the sample is even over the span; it costs what it has, whatever the board holds."""
    low, high, step = (
        bindparam(name, type_=StageRun.run_id.type) for name in ("low", "high", "step")
    )
    numbers = select(low.label("run_id")).cte("numbers", recursive=True)
    following = numbers.c.run_id + step
    numbers = numbers.union_all(select(following).where(following <= high))
    return _facts().where(StageRun.run_id.in_(select(numbers.c.run_id)), IN_SPAN, *scope.tickets())


@lru_cache(STATEMENTS_KEPT)
def _of_found(scope: Scope) -> Rows:
    """The runs of every so manieth ticket that a query finds and something happened to, and whether
    there are more. The query is answered once."""
    columns = Ticket.ticket_id, Ticket.updated_at, Ticket.closed_at
    found = select(*columns).where(*scope.tickets()).cte("found").prefix_with("MATERIALIZED")
    is_open = and_(found.c.closed_at.is_(None), found.c.updated_at >= SINCE)
    touched = select(
        found.c.ticket_id,
        func.row_number().over().label("number"),
        func.count().over().label("total"),
    ).where(or_(found.c.closed_at >= SINCE, is_open))
    every = touched.subquery()
    most = bindparam("most", type_=StageRun.run_id.type)
    step = (every.c.total + most - 1) // most
    some = select(every.c.ticket_id, every.c.total).where(every.c.number % step == 0).subquery()
    return (
        _facts()
        .add_columns((some.c.total > most).label("is_sampled"))
        .join(some, some.c.ticket_id == StageRun.ticket_id)
        .where(IN_SPAN)
    )


@lru_cache(STATEMENTS_KEPT)
def _number_of_tickets(scope: Scope) -> Rows:
    """How many there are at most: of those that closed before, some were edited since."""
    any_state = Ticket.state.in_(("open", "on_hold", "closed"))
    return (
        select(func.count())
        .select_from(Ticket)
        .where(*scope.tickets(), any_state, Ticket.updated_at >= SINCE)
    )


@lru_cache(STATEMENTS_KEPT)
def _of_tickets(scope: Scope) -> Rows:
    """The runs of every so manieth ticket that something happened to."""
    numbered = _touched(scope).add_columns(func.row_number().over().label("number")).subquery()
    step = bindparam("step", type_=StageRun.run_id.type)
    some = select(numbered.c.ticket_id).where(numbered.c.number % step == 0)
    return _facts().where(StageRun.ticket_id.in_(some), IN_SPAN)


def _touched(scope: Scope) -> Rows:
    """The tickets that can have a run in the span: a run that finishes touches its ticket, and is
    over when that is closed."""
    tickets = select(Ticket.ticket_id).where(*scope.tickets())
    is_open = Ticket.state.in_(("open", "on_hold")), Ticket.updated_at >= SINCE
    closed = Ticket.resolution.in_(("completed", "stopped")), Ticket.closed_at >= SINCE
    both = tickets.where(*is_open).union_all(tickets.where(*closed)).subquery()
    return select(both.c.ticket_id)


def _facts() -> Rows:
    before = (
        select(Earlier.finished_at)
        .where(Earlier.ticket_id == StageRun.ticket_id, Earlier.run_id < StageRun.run_id)
        .order_by(Earlier.run_id.desc())
        .limit(1)
        .correlate(StageRun)
        .scalar_subquery()
    )
    first = (
        select(Earlier.started_at)
        .where(Earlier.ticket_id == StageRun.ticket_id)
        .order_by(Earlier.run_id)
        .limit(1)
        .correlate(StageRun)
        .scalar_subquery()
    )
    # A worker may be gone, its lease stays; people have none.
    is_person = StageRun.lease_expires_at.is_(None)
    waited_from = case(
        (is_person, StageRun.started_at), else_=func.coalesce(before, Ticket.created_at)
    )
    waited_until = case((is_person, StageRun.finished_at), else_=StageRun.started_at)
    closes = and_(
        StageRun.outcome == "completed",
        StageRun.stage_number == Ticket.completed_stages,
        Ticket.resolution == "completed",
    )
    return select(
        StageRun.ticket_id,
        StageRun.worker_type,
        StageRun.prompt_version,
        is_person.label("is_person"),
        StageRun.outcome,
        seconds_between(waited_from, waited_until).label("waited"),
        case((~is_person, seconds_between(StageRun.started_at, StageRun.finished_at))).label(
            "worked"
        ),
        and_(StageRun.outcome == "completed", _is_done_again()).label("is_redone"),
        case((closes, Ticket.closed_at)).label("closed_at"),
        case((closes, seconds_between(Ticket.created_at, Ticket.closed_at))).label("lead"),
        case((closes, seconds_between(first, Ticket.closed_at))).label("cycle"),
    ).join(Ticket, Ticket.ticket_id == StageRun.ticket_id)


def _is_done_again() -> ColumnElement[bool]:
    """Whether a later run is at the same stage, or at one before it."""
    return (
        select(Later.run_id)
        .where(
            Later.ticket_id == StageRun.ticket_id,
            Later.run_id > StageRun.run_id,
            Later.stage_number <= StageRun.stage_number,
        )
        .correlate(StageRun)
        .exists()
    )
