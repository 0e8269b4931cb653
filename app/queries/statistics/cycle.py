"""How long each ticket took that was completed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from app.db.columns import UTCDateTime
from app.db.rows import rows_of
from app.models import StageRun, Ticket
from app.queries.statistics import limits
from app.queries.statistics.percentiles import Spread, spread_of
from app.queries.statistics.runs import Runs
from app.queries.statistics.scope import SENT, Scope, as_sent
from app.queries.statistics.span import Span
from app.queries.statistics.sql import seconds_between
from app.visibility import STATEMENTS_KEPT


@dataclass(frozen=True, slots=True)
class Done:
    """A completed ticket. `cycle`: seconds since its first stage began, or since it was created
    when no run of it is known; `lead`: since it was created."""

    ticket_id: str
    closed_at: datetime
    cycle: float
    lead: float


@dataclass(frozen=True, slots=True)
class Cycle:
    """The tickets, oldest first. `is_sampled`: whether there are more."""

    tickets: Sequence[Done]
    cycle: Spread
    lead: Spread
    is_sampled: bool


def cycle_times(
    session: Session,
    scope: Scope,
    span: Span,
    runs: Runs,
    number: int,
    tickets: Sequence[str] | None = None,
) -> Cycle:
    """The tickets completed in the span, of which there are so many, and which are still closed.
    `tickets`: their ids, for a scope of which they are known."""
    is_sampled = number > limits.CLOSED
    times = {"since": span.start, "until": span.end}
    if is_sampled:
        found = _of_runs(runs, span)
    elif tickets is not None:
        rows = rows_of(session, _completed(SENT), sent_tickets=as_sent(tickets), **times)
        found = [Done(*row) for row in rows]
    else:
        found = [Done(*row) for row in rows_of(session, _completed(scope), **times)]
    return Cycle(
        sorted(found, key=lambda one: (one.closed_at, one.ticket_id)),
        spread_of([one.cycle for one in found]),
        spread_of([one.lead for one in found]),
        is_sampled,
    )


@lru_cache(STATEMENTS_KEPT)
def _completed(scope: Scope) -> Select[*tuple[Any, ...]]:
    since, until = (bindparam(name, type_=UTCDateTime()) for name in ("since", "until"))
    some = (
        select(Ticket.ticket_id, Ticket.created_at, Ticket.closed_at)
        .where(
            *scope.tickets(),
            scope.seen(Ticket.resolution) == "completed",
            scope.seen(Ticket.closed_at) >= since,
            scope.seen(Ticket.closed_at) < until,
        )
        .subquery()
    )
    begun = (
        select(StageRun.started_at)
        .where(StageRun.ticket_id == some.c.ticket_id)
        .order_by(StageRun.run_id)
        .limit(1)
        .scalar_subquery()
    )
    return select(
        some.c.ticket_id,
        some.c.closed_at,
        seconds_between(func.coalesce(begun, some.c.created_at), some.c.closed_at).label("cycle"),
        seconds_between(some.c.created_at, some.c.closed_at).label("lead"),
    )


def _of_runs(runs: Runs, span: Span) -> list[Done]:
    found = {
        run.ticket_id: Done(
            run.ticket_id, run.closed_at, run.begun_to_closed or 0.0, run.created_to_closed or 0.0
        )
        for run in runs.found
        if run.closed_at and span.start <= run.closed_at < span.end
    }
    return list(found.values())
