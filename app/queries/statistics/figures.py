"""All that the page of statistics says, in a number of statements that doesn't grow."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app import clock
from app.db.best_effort import write_best_effort
from app.db.day_totals import keep_days
from app.queries.statistics.cycle import Cycle, cycle_times
from app.queries.statistics.flow import Flow, flow
from app.queries.statistics.found import find
from app.queries.statistics.runs import runs_in
from app.queries.statistics.scope import Scope
from app.queries.statistics.span import Span
from app.queries.statistics.stages import (
    Rework,
    StageTime,
    rework,
    rework_by_prompt,
    stage_times,
)
from app.queries.statistics.waits import Wait, waits
from app.values import immutable

KEPT_AT_ONCE = 60
"""So many days are counted while nobody else writes; of a board of a million tickets some 20 ms."""


@immutable
class Statistics:
    """What was done in a span. `runs`: how many were read for times and rework; `is_sampled`:
    whether there are more. `taken_at`: when all was counted."""

    span: Span
    flow: Flow
    cycle: Cycle
    stages: list[StageTime]
    rework: list[Rework]
    rework_by_prompt: list[Rework]
    waits: list[Wait]
    runs: int
    is_sampled: bool
    taken_at: datetime

    @property
    def tickets(self) -> int:
        """Tickets that were open at any time of the span."""
        return self.flow.tickets

    @property
    def completed(self) -> int:
        """Tickets completed in the span."""
        return self.flow.completed

    @property
    def created(self) -> int:
        """Tickets created in the span."""
        return sum(week.created for week in self.flow.weeks)

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened, and nothing was open."""
        went = any(week.created or week.completed or week.stopped for week in self.flow.weeks)
        stood = any(standing.open for standing in self.flow.standings)
        return not (went or stood or self.runs or self.waits)


def statistics(
    session: Session, scope: Scope, span: Span, taken_at: datetime | None = None
) -> Statistics:
    """How the scope's work flowed in the span. `taken_at`: now, if nothing else is said."""
    found = find(session, scope, span) if scope.conditions else None
    went = flow(session, scope, span, found)
    runs = runs_in(session, scope, span, went.tickets, found.touched if found else None)
    if went.uncounted:
        keep = went.uncounted[-KEPT_AT_ONCE:]
        write_best_effort(lambda apart: keep_days(apart.connection(), keep))
    return Statistics(
        span=span,
        flow=went,
        cycle=cycle_times(session, scope, span, runs, went.completed, found),
        stages=stage_times(runs.groups),
        rework=rework(runs.groups),
        rework_by_prompt=rework_by_prompt(runs.groups),
        waits=waits(session, scope, span, runs.groups),
        runs=runs.number,
        is_sampled=runs.is_sampled,
        taken_at=taken_at or clock.now(),
    )
