"""Tickets that came and went: by week, and added up."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
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
from app.models import DayTotals, Ticket
from app.queries.statistics import limits
from app.queries.statistics.found import Found
from app.queries.statistics.scope import Scope
from app.queries.statistics.span import DAY, Part, Span, in_days, midnight
from app.queries.statistics.sql import WHOLE, as_text, as_time, cut_to, first_run
from app.values import immutable
from app.visibility import STATEMENTS_KEPT

WORTH_KEEPING = 50_000
"""With as many tickets on days of which nothing is kept, counting them takes some milliseconds."""
FOR_EVER = datetime.max.replace(tzinfo=UTC)


@immutable
class Week:
    """What came and went in a week, or in the part of it that lies in the span."""

    day: date
    created: int
    completed: int
    stopped: int


@immutable
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


@immutable
class Flow:
    """Both, oldest first. `uncounted`: days that are over and were counted among much else, so that
    their totals are worth keeping."""

    weeks: list[Week]
    standings: list[Standing]
    uncounted: Sequence[datetime] = ()

    @property
    def tickets(self) -> int:
        """Tickets that were open at any time of the span."""
        return self.standings[-1].open + self.standings[-1].closed

    @property
    def completed(self) -> int:
        """Tickets completed in the span."""
        return sum(week.completed for week in self.weeks)


Times = tuple[datetime, datetime]
"""When a period begins, and when it is over."""


class Numbers(NamedTuple):
    """Tickets of a period."""

    created: int = 0
    completed: int = 0
    stopped: int = 0


class Counted(NamedTuple):
    """The numbers of each period, and how many tickets are open now."""

    numbers: Sequence[Numbers]
    open_now: int
    uncounted: Sequence[datetime] = ()


def flow(session: Session, scope: Scope, span: Span, found: Found | None = None) -> Flow:
    """What came and went in the span. A ticket that was reopened counts as never closed. `found`:
    the tickets of a scope that has a query."""
    # What came and went since the span's end leads from how it stands now back to then.
    periods = [*((step.start, step.end) for step in span.steps()), (span.end, FOR_EVER)]
    counted = _of_found(found, periods) if found else _count(session, scope, periods)
    counts, open_now, uncounted = counted
    standings = _standings(session, scope, span, counts, open_now, found)
    return Flow(_weeks(span, counts), standings, uncounted)


def _count(session: Session, scope: Scope, periods: Sequence[Times]) -> Counted:
    """By indexes that have the tickets of each period."""
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
    counts = [Numbers()] * len(periods)
    uncounted, n_counted = [], 0
    for place, is_known, _, *found in rows:
        number, part = parts[place]
        both = zip(counts[number], found, strict=True)
        counts[number] = Numbers(*(before + part.sign * here for before, here in both))
        if part.days and not is_known:
            uncounted += [part.start + day * DAY for day in range(part.days)]
            n_counted += sum(found)
    return Counted(
        counts, rows[0].open_now, sorted(uncounted) if n_counted >= WORTH_KEEPING else ()
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


def _of_found(found: Found, periods: Sequence[Times]) -> Counted:
    """As they were counted when each was looked at."""
    starts = [as_text(start)[: found.length] for start, _ in periods]
    counts = [Counter[str]() for _ in periods]
    for kind in Numbers._fields:
        for at, number in found.numbers[kind].items():
            counts[bisect_right(starts, at) - 1][kind] += number
    return Counted([Numbers(**one) for one in counts], found.open_now)


def _number(*conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(Ticket).where(*conditions).scalar_subquery()


def _weeks(span: Span, counts: Sequence[Numbers]) -> list[Week]:
    weeks = span.weeks()
    starts = [step.start for step in span.steps()]
    found = []
    for week in weeks:
        part = counts[bisect_left(starts, week.start) : bisect_left(starts, week.end)]
        found.append(Week(week.day, *map(sum, zip(Numbers(), *part, strict=True))))
    return found


def _standings(
    session: Session,
    scope: Scope,
    span: Span,
    counts: Sequence[Numbers],
    open_now: int,
    found: Found | None,
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
    if were_open <= limits.BEGUN:
        begun = _begun(session, scope, span, ends, found)
    return [
        Standing(step.day, gone, at_work, max(0, number - (at_work or 0)))
        for step, gone, number, at_work in zip(steps, closed, reversed(opens), begun, strict=True)
    ]


def _begun(
    session: Session, scope: Scope, span: Span, ends: Iterable[datetime], found: Found | None
) -> list[int]:
    """How many tickets were begun and not closed at each of these times."""
    if found:
        times = [(found.begun[life.ticket_id], life.closed) for life in found.alive]
    else:
        rows = rows_of(session, _beginnings(scope), since=span.start).all()
        times = [(row.begun, row.closed) for row in rows]
    begun = sorted(begun for begun, _ in times if begun)
    over = sorted(closed for begun, closed in times if begun and closed)
    texts = [as_text(end) for end in ends]
    return [bisect_left(begun, end) - bisect_left(over, end) for end in texts]


@lru_cache(STATEMENTS_KEPT)
def _beginnings(scope: Scope) -> CompoundSelect[*tuple[Any, ...]]:
    """When each ticket that was open since the span began was begun and closed."""
    since = bindparam("since", type_=UTCDateTime())
    begun, closed_at = cut_to(first_run(Ticket.ticket_id), WHOLE), cut_to(Ticket.closed_at, WHOLE)
    rows = select(begun.label("begun"), closed_at.label("closed")).where(*scope.tickets())
    is_open = rows.where(Ticket.state.in_(("open", "on_hold")))
    closed = rows.where(Ticket.state == "closed", Ticket.closed_at >= since)
    return is_open.union_all(closed)
