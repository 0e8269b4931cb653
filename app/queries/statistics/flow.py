"""Tickets that came and went: by week, and added up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import accumulate
from typing import Any

from sqlalchemy import ScalarSelect, Select, bindparam, func, select
from sqlalchemy.orm import Session

from app.db.columns import UTCDateTime
from app.db.rows import rows_of
from app.models import StageRun, Ticket
from app.queries.statistics.scope import Scope
from app.queries.statistics.span import Period, Span
from app.queries.statistics.sql import as_text, bounds_of, periods
from app.visibility import STATEMENTS_KEPT

BEGUN_LIMIT = 4_000
"""With more tickets open in a span it isn't told how many of them were begun: that takes a look at
the first run of each."""
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
    """Both, oldest first."""

    weeks: list[Week]
    standings: list[Standing]

    @property
    def completed(self) -> int:
        """Tickets completed in the span."""
        return sum(week.completed for week in self.weeks)


def flow(session: Session, scope: Scope, span: Span) -> Flow:
    """What came and went in the span. A ticket that was reopened counts as never closed."""
    steps = span.steps()
    # What came and went since the span's end leads from how it stands now back to then.
    bounds = [*(step.start for step in steps), span.end, FOR_EVER]
    rows = rows_of(session, _counts(scope), bounds=bounds_of(bounds)).all()
    found = {row.text: row for row in rows}
    counts = [found[as_text(start)] for start in bounds[:-1]]
    open_now = rows[0].open_now
    return Flow(_weeks(span, steps, counts), _standings(session, scope, span, counts, open_now))


@lru_cache(STATEMENTS_KEPT)
def _counts(scope: Scope) -> Select[*tuple[Any, ...]]:
    each = periods()
    created = Ticket.created_at >= each.c.start, Ticket.created_at < each.c.end
    closed = Ticket.closed_at >= each.c.start, Ticket.closed_at < each.c.end
    still_open = Ticket.state.in_(("open", "on_hold"))
    return select(
        each.c.text,
        _number(scope, *created).label("created"),
        _number(scope, Ticket.resolution == "completed", *closed).label("completed"),
        _number(scope, Ticket.resolution == "stopped", *closed).label("stopped"),
        _number(scope, still_open).label("open_now"),
    ).select_from(each)


def _number(scope: Scope, *conditions: Any) -> ScalarSelect[int]:
    return (
        select(func.count())
        .select_from(Ticket)
        .where(*scope.tickets(), *conditions)
        .scalar_subquery()
    )


def _weeks(span: Span, steps: list[Period], counts: list[Any]) -> list[Week]:
    weeks = span.weeks()
    starts = [step.start for step in steps]
    found = []
    for week in weeks:
        part = counts[bisect_left(starts, week.start) : bisect_left(starts, week.end)]
        found.append(Week(week.day, *(sum(row[name] for row in part) for name in _NUMBERS)))
    return found


_NUMBERS = (1, 2, 3)
"""Where a row has created, completed and stopped."""


def _standings(
    session: Session, scope: Scope, span: Span, counts: list[Any], open_now: int
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
