"""The runs that finished in a span of time: all of them, or an even sample of many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from app.db.columns import UTCDateTime
from app.db.plans import one_of
from app.db.rows import rows_of
from app.models import StageRun, Ticket
from app.queries.statistics import limits
from app.queries.statistics.scope import IDS, Scope, as_sent
from app.queries.statistics.span import Span
from app.queries.statistics.sql import (
    WHOLE,
    cut_to,
    from_text,
    id_at,
    line_of,
    lines_of,
    row_key,
    seconds_between,
    shuffled,
)
from app.values import immutable
from app.visibility import STATEMENTS_KEPT

Rows = Select[*tuple[Any, ...]]
Earlier, Later = aliased(StageRun), aliased(StageRun)
SINCE, UNTIL = (bindparam(name, type_=UTCDateTime()) for name in ("since", "until"))
STILL_OPEN = union_all(*(select(literal(state)) for state in ("open", "on_hold"))).scalar_subquery()
IN_SPAN = and_(StageRun.finished_at >= SINCE, StageRun.finished_at < UNTIL)


class RunGroup(NamedTuple):
    """Runs that agree in all but their times, and the seconds of each. `waited`: from the end of
    the attempt before it, or from when the ticket was created, until it began; a person's stage is
    waiting until it is over. `worked`: from then until it was over; people's have none.
    `is_redone`: completed, and done again after the ticket was sent back or reopened."""

    worker_type: str
    prompt_version: int | None
    is_person: bool
    outcome: str
    is_redone: bool
    number: int
    waited: Sequence[float]
    worked: Sequence[float]


class Done(NamedTuple):
    """A completed ticket. `cycle`: seconds since its first stage began, or since it was created
    when no run of it is known; `lead`: since it was created."""

    ticket_id: str
    closed_at: datetime
    cycle: float
    lead: float


@immutable
class Runs:
    """Those that were read, in groups, and the tickets that they closed as completed.
    `is_sampled`: whether there are more."""

    groups: Sequence[RunGroup]
    closed: Sequence[Done]
    is_sampled: bool = False

    @property
    def number(self) -> int:
        """How many there are."""
        return sum(group.number for group in self.groups)


def runs_in(
    session: Session, scope: Scope, span: Span, number: int, tickets: Sequence[str] | None = None
) -> Runs:
    """Those of the scope that finished in the span, in which so many tickets were open. `tickets`:
    what `some_touched` would find, or more, for a scope of which they are known."""
    times = {"since": span.start, "until": span.end}
    if scope.is_narrowed:
        most = limits.TICKETS if number <= limits.TICKETS else limits.SOME_TICKETS
        if tickets is None:
            tickets = some_touched(session, scope, span, most + 1)
        some = as_sent(tickets[:most])
        rows = rows_of(session, _OF_TICKETS, sent_tickets=some, **times)
        return _runs(rows, is_sampled=len(tickets) > most)
    ids = rows_of(session, _FIRST, most=limits.RUNS + 1, **times).scalars().all()
    if len(ids) <= limits.RUNS:
        return _runs(rows_of(session, _all(scope), **times), is_sampled=False)
    newest = rows_of(session, _LAST, **times).scalar_one()
    low, high = min(ids), max(newest, *ids)
    step = -(-(high - low + 1) // limits.SOME_RUNS)
    rows = rows_of(session, _some(scope), low=low, high=high, step=step, **times)
    return _runs(rows, is_sampled=True)


def _runs(rows: Iterable[Row[*tuple[Any, ...]]], *, is_sampled: bool) -> Runs:
    groups, closed = [], []
    for *in_common, waited, worked, lines in rows:
        groups.append(RunGroup._make((*in_common, _seconds(waited), _seconds(worked))))
        for line in (lines or "").splitlines():
            ticket_id, closed_at, cycle, lead = line.split("|")
            closed.append(Done(ticket_id, from_text(closed_at), float(cycle), float(lead)))
    return Runs(groups, closed, is_sampled and bool(groups))


def _seconds(lines: str | None) -> list[float]:
    return [float(line) for line in (lines or "").splitlines()]


def some_touched(session: Session, scope: Scope, span: Span, most: int) -> Sequence[str]:
    """An even sample of the tickets that can have a run in the span."""
    return rows_of(session, _touched(scope), since=span.start, most=most).scalars().all()


@lru_cache(STATEMENTS_KEPT)
def _touched(scope: Scope) -> Rows:
    """A run that finishes touches its ticket, and is over when that is closed."""
    # Said so, PostgreSQL with statistics doesn't read all open tickets of the project, and all that
    # were touched in others, to intersect them.
    is_open = one_of(Ticket.state.expression, STILL_OPEN), Ticket.updated_at >= SINCE
    closed = Ticket.resolution.in_(("completed", "stopped")), Ticket.closed_at >= SINCE
    place, key = shuffled(Ticket.ticket_id).label("place"), row_key(Ticket.ticket_id).label("key")
    tickets = select(key, place).where(*scope.tickets())
    # Each by its own index, which tells no id: it is looked up for those that come first.
    both = union_all(*(tickets.where(*these) for these in (is_open, closed)))
    first = both.order_by("place").limit(bindparam("most", type_=Integer())).subquery()
    return select(id_at(first.c.key))


_FIRST = (
    select(StageRun.run_id).where(IN_SPAN).order_by(StageRun.finished_at).limit(bindparam("most"))
)
_LAST = select(StageRun.run_id).where(IN_SPAN).order_by(StageRun.finished_at.desc()).limit(1)


@lru_cache(STATEMENTS_KEPT)
def _all(scope: Scope) -> Rows:
    return _grouped(_facts().where(IN_SPAN, *scope.tickets()))


@lru_cache(STATEMENTS_KEPT)
def _some(scope: Scope) -> Rows:
    """Every n-th run by its number. Numbers are given out in the order in which runs begin, so
    the sample is even over the span; it costs what it has, whatever the board holds."""
    low, high, step = (
        bindparam(name, type_=StageRun.run_id.type) for name in ("low", "high", "step")
    )
    numbers = select(low.label("run_id")).cte("numbers", recursive=True)
    following = numbers.c.run_id + step
    numbers = numbers.union_all(select(following).where(following <= high))
    some = StageRun.run_id.in_(select(numbers.c.run_id))
    return _grouped(_facts().where(some, IN_SPAN, *scope.tickets()))


def _grouped(facts: Rows) -> Rows:
    """The runs in groups, their times as texts: a row for each would take as long again as to find
    them."""
    run = facts.subquery("runs").c
    in_common = run.worker_type, run.prompt_version, run.is_person, run.outcome, run.is_redone
    texts = (lines_of(cast(seconds, Text)) for seconds in (run.waited, run.worked))
    return select(*in_common, func.count(), *texts, lines_of(run.closed)).group_by(*in_common)


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
    closed = (
        StageRun.ticket_id,
        cut_to(Ticket.closed_at, WHOLE),
        cast(seconds_between(first, Ticket.closed_at), Text),
        cast(seconds_between(Ticket.created_at, Ticket.closed_at), Text),
    )
    return select(
        StageRun.worker_type,
        StageRun.prompt_version,
        is_person.label("is_person"),
        StageRun.outcome,
        seconds_between(waited_from, waited_until).label("waited"),
        case((~is_person, seconds_between(StageRun.started_at, StageRun.finished_at))).label(
            "worked"
        ),
        and_(StageRun.outcome == "completed", _is_done_again()).label("is_redone"),
        case((closes, line_of(*closed))).label("closed"),
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


_OF_TICKETS = _grouped(_facts().where(StageRun.ticket_id.in_(IDS), IN_SPAN))
