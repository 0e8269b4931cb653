"""Tickets that came and went: by week, and added up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from app import clock
from app.db.columns import UTCDateTime
from app.db.places import part_of, places_in, sent
from app.db.rows import rows_of
from app.models import DayTotals, StageRun, Ticket
from app.queries.statistics.scope import Scope
from app.queries.statistics.span import DAY, Part, Period, Span, in_days, midnight
from app.queries.statistics.sql import as_text, as_time
from app.visibility import STATEMENTS_KEPT

BEGUN_LIMIT = 4_000
"""With more tickets open in a span it isn't told how many of them were begun: that takes a look at
the first run of each."""
WORTH_KEEPING = 50_000
"""With as many tickets on days of which nothing is kept, counting them takes some milliseconds."""
FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Week:
    """What came and went in a week, or in the part of it that lies in the span."""

    day: date
    created: int
    completed: int
    stopped: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stood at the end of a day or week: `closed` since the span began; of the open tickets
    those that were `begun`, when that is known, and all others."""

    day: date
    closed: int
    begun: int | None
    waiting: int

    @property
    def open(self) -> int:
        """Tickets that weren't closed."""
        return self.waiting + (self.begun or 0)


@dataclass(frozen=True, slots=True)
class Flow:
    """Both, oldest first. `uncounted`: days that are over and were counted among much else, so that
    their totals are worth keeping."""

    weeks: list[Week]
    standings: list[Standing]
    uncounted: Sequence[datetime] = ()

    @property
    def completed(self) -> int:
        """Tickets completed in the span."""
        return sum(week.completed for week in self.weeks)


class Numbers(NamedTuple):
    """Tickets of a period."""

    created: int
    completed: int
    stopped: int


def flow(session: Session, scope: Scope, span: Span) -> Flow:
    """What came and went in the span. A ticket that was reopened counts as never closed."""
    steps = span.steps()
    # What came and went since the span's end leads from how it stands now back to then.
    periods = [*((step.start, step.end) for step in steps), (span.end, FOR_EVER)]
    today = midnight(clock.now().date(), UTC)
    parts = [
        (number, part)
        for number, period in enumerate(periods)
        for part in (in_days(*period, today) if scope.is_of_all else [Part(*period)])
    ]
    asked = [
        (place, as_text(part.start), as_text(part.end), part.days)
        for place, (_, part) in enumerate(parts)
    ]
    rows = rows_of(session, _counts(scope), parts=sent(asked)).all()
    counts = [Numbers(0, 0, 0)] * len(periods)
    uncounted, n_counted = [], 0
    for place, is_known, _, *found in rows:
        number, part = parts[place]
        both = zip(counts[number], found, strict=True)
        counts[number] = Numbers(*(before + part.sign * here for before, here in both))
        if part.days and not is_known:
            uncounted += [part.start + day * DAY for day in range(part.days)]
            n_counted += sum(found)
    return Flow(
        _weeks(span, steps, counts),
        _standings(session, scope, span, counts, rows[0].open_now),
        sorted(uncounted) if n_counted >= WORTH_KEEPING else (),
    )


@lru_cache(STATEMENTS_KEPT)
def _counts(scope: Scope) -> Select[*tuple[Any, ...]]:
    """For each part of the span what its days add up to if all are kept, or what is counted."""
    part = _parts(scope)
    is_kept = part.c.kept == part.c.days
    created = Ticket.created_at >= part.c.start, Ticket.created_at < part.c.end
    closed = Ticket.closed_at >= part.c.start, Ticket.closed_at < part.c.end
    conditions: dict[str, Sequence[ColumnElement[bool]]] = {
        "created": created,
        "completed": (Ticket.resolution == "completed", *closed),
        "stopped": (Ticket.resolution == "stopped", *closed),
    }
    numbers = []
    for name, these in conditions.items():
        counted = _number(*scope.tickets(), *these)
        kept: ColumnElement[int] = part.c[name]
        if scope.visibility.hidden:
            kept = kept - _number(*scope.unseen(), *these)
        numbers.append(case((is_kept, kept), else_=counted) if scope.is_of_all else counted)
    still_open = Ticket.state.in_(("open", "on_hold"))
    open_now = _number(*scope.tickets(), still_open).label("open_now")
    # Nothing is kept for whoever can't use it.
    is_known = or_(is_kept, ~scope.has_few_unseen()) if scope.visibility.hidden else is_kept
    return select(part.c.place, is_known, open_now, *numbers)


def _parts(scope: Scope) -> CTE:
    """The parts of the span, with how many of their days are kept, and what these add up to. A part
    that isn't of whole days has one that never is."""
    parts = places_in("parts")
    times = (as_time(part_of(parts, number)) for number in (1, 2))
    columns = [part_of(parts, 0, Integer), *times, part_of(parts, 3, Integer)]
    place, start, end, days = columns
    day = DayTotals
    is_of_part = and_(days > 0, day.begins_at >= start, day.begins_at < end)
    if not scope.is_of_all:
        is_of_part = false()
    elif scope.visibility.hidden:
        is_of_part = and_(is_of_part, scope.has_few_unseen())
    return (
        select(
            place.label("place"),
            start.label("start"),
            end.label("end"),
            case((days > 0, days), else_=1).label("days"),
            func.count(day.begins_at).label("kept"),
            *(func.sum(getattr(day, name)).label(name) for name in Numbers._fields),
        )
        .select_from(parts)
        .outerjoin(day, is_of_part)
        .group_by(*columns)
        .cte("parts_of_span")
    )


def _number(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(Ticket).where(*conditions).scalar_subquery()


def _weeks(span: Span, steps: list[Period], counts: list[Numbers]) -> list[Week]:
    weeks = span.weeks()
    starts = [step.start for step in steps]
    found = []
    for week in weeks:
        part = counts[bisect_left(starts, week.start) : bisect_left(starts, week.end)]
        found.append(Week(week.day, *map(sum, zip(*part, strict=True))))
    return found


def _standings(
    session: Session, scope: Scope, span: Span, counts: list[Numbers], open_now: int
) -> list[Standing]:
    *within, later = counts
    opens = [open_now - later.created + later.completed + later.stopped]
    for row in reversed(within[1:]):
        opens.append(opens[-1] - row.created + row.completed + row.stopped)
    closed = list(accumulate(row.completed + row.stopped for row in within))
    steps = span.steps()
    ends = [step.end for step in steps]
    were_open = open_now + later.completed + later.stopped + closed[-1]
    begun: Sequence[int | None] = [None] * len(ends)
    if were_open <= BEGUN_LIMIT:
        begun = _begun(session, scope, span, ends)
    return [
        Standing(step.day, gone, at_work, max(0, number - (at_work or 0)))
        for step, gone, number, at_work in zip(steps, closed, reversed(opens), begun, strict=True)
    ]


def _begun(session: Session, scope: Scope, span: Span, ends: list[datetime]) -> list[int]:
    """How many tickets were begun and not closed at each of these times."""
    rows = rows_of(session, _beginnings(scope), since=span.start).all()
    begun = sorted(row.begun_at for row in rows if row.begun_at)
    over = sorted(row.closed_at for row in rows if row.begun_at and row.closed_at)
    return [bisect_left(begun, end) - bisect_left(over, end) for end in ends]


@lru_cache(STATEMENTS_KEPT)
def _beginnings(scope: Scope) -> Select[*tuple[Any, ...]]:
    """When each ticket that was open since the span began was begun and closed."""
    first = (
        select(StageRun.started_at)
        .where(StageRun.ticket_id == Ticket.ticket_id)
        .order_by(StageRun.run_id)
        .limit(1)
        .correlate(Ticket)
        .scalar_subquery()
    )
    since = bindparam("since", type_=UTCDateTime())
    rows = select(first.label("begun_at"), Ticket.closed_at).where(*scope.tickets())
    is_open = rows.where(Ticket.state.in_(("open", "on_hold")))
    closed = rows.where(Ticket.state == "closed", Ticket.closed_at >= since)
    both = is_open.union_all(closed).subquery()
    return select(both.c.begun_at, both.c.closed_at)
