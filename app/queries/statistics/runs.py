"""The runs that finished in a span of time: all of them, or an even sample of many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    case,
    func,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from app.db.columns import UTCDateTime
from app.db.rows import rows_of
from app.models import StageRun, Ticket
from app.queries.statistics import limits
from app.queries.statistics.scope import IDS, Scope, as_sent
from app.queries.statistics.span import Span
from app.queries.statistics.sql import seconds_between, shuffled
from app.values import immutable
from app.visibility import STATEMENTS_KEPT

Rows = Select[*tuple[Any, ...]]
Earlier, Later = aliased(StageRun), aliased(StageRun)
SINCE, UNTIL = (bindparam(name, type_=UTCDateTime()) for name in ("since", "until"))
IN_SPAN = and_(StageRun.finished_at >= SINCE, StageRun.finished_at < UNTIL)


class Run(NamedTuple):
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


@immutable
class Runs:
    """Those that were read. `is_sampled`: whether there are more."""

    found: Sequence[Run]
    is_sampled: bool


def runs_in(
    session: Session, scope: Scope, span: Span, tickets: Sequence[str] | None = None
) -> Runs:
    """Those of the scope that finished in the span. `tickets`: what `some_touched` would find, for
    a scope of which they are known."""
    times = {"since": span.start, "until": span.end}
    if scope.is_narrowed:
        if tickets is None:
            tickets = some_touched(session, scope, span)
        some = as_sent(tickets[: limits.TICKETS])
        rows = rows_of(session, _OF_TICKETS, sent_tickets=some, **times).all()
        return Runs([_run(row) for row in rows], len(tickets) > limits.TICKETS and bool(rows))
    ids = rows_of(session, _FIRST, most=limits.RUNS + 1, **times).scalars().all()
    if len(ids) <= limits.RUNS:
        rows = rows_of(session, _all(scope), **times).all()
        return Runs([_run(row) for row in rows], is_sampled=False)
    newest = rows_of(session, _LAST, **times).scalar_one()
    low, high = min(ids), max(newest, *ids)
    step = -(-(high - low + 1) // limits.RUNS)
    rows = rows_of(session, _some(scope), low=low, high=high, step=step, **times).all()
    return Runs([_run(row) for row in rows], is_sampled=True)


def _run(row: Row[*tuple[Any, ...]]) -> Run:
    return Run(*row)


def some_touched(session: Session, scope: Scope, span: Span) -> Sequence[str]:
    """An even sample of the tickets that can have a run in the span: one more than are read, if
    there are more."""
    most = limits.TICKETS + 1
    return rows_of(session, _touched(scope), since=span.start, most=most).scalars().all()


@lru_cache(STATEMENTS_KEPT)
def _touched(scope: Scope) -> Rows:
    """A run that finishes touches its ticket, and is over when that is closed."""
    is_open = Ticket.state.in_(("open", "on_hold")), Ticket.updated_at >= SINCE
    closed = Ticket.resolution.in_(("completed", "stopped")), Ticket.closed_at >= SINCE
    place = shuffled(Ticket.ticket_id).label("place")
    most = bindparam("most", type_=Integer())
    tickets = select(Ticket.ticket_id, place).where(*scope.tickets()).order_by(place).limit(most)
    # Each by its own index, which tells no id: it is looked up for few.
    parts = (tickets.where(*these).subquery() for these in (is_open, closed))
    both = union_all(*map(select, parts)).subquery()
    return select(both.c.ticket_id).order_by(both.c.place).limit(most)


_FIRST = (
    select(StageRun.run_id).where(IN_SPAN).order_by(StageRun.finished_at).limit(bindparam("most"))
)
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


_OF_TICKETS = _facts().where(StageRun.ticket_id.in_(IDS), IN_SPAN)
