"""How long each ticket took that was completed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from app.db.columns import UTCDateTime
from app.db.rows import rows_of
from app.models import Ticket
from app.queries.statistics import limits
from app.queries.statistics.found import Found, Life
from app.queries.statistics.percentiles import Spread, spread_of
from app.queries.statistics.runs import Done, Runs
from app.queries.statistics.scope import Scope
from app.queries.statistics.span import Span
from app.queries.statistics.sql import first_run, from_text, seconds_between
from app.values import immutable
from app.visibility import STATEMENTS_KEPT


@immutable
class Cycle:
    """The tickets, oldest first. `is_sampled`: whether there are more."""

    tickets: Sequence[Done]
    cycle: Spread
    lead: Spread
    is_sampled: bool


def cycle_times(
    session: Session, scope: Scope, span: Span, runs: Runs, number: int, found: Found | None = None
) -> Cycle:
    """The tickets completed in the span, of which there are so many, and which are still closed.
    `found`: the tickets of a scope that has a query."""
    is_sampled = number > limits.CLOSED
    if is_sampled:
        done = _of_runs(runs, span)
    elif found:
        done = [_done(life, found.begun[life.ticket_id]) for life in found.completed]
    else:
        rows = rows_of(session, _completed(scope), since=span.start, until=span.end)
        done = [Done(*row) for row in rows]
    return Cycle(
        sorted(done, key=lambda one: (one.closed_at, one.ticket_id)),
        spread_of([one.cycle for one in done]),
        spread_of([one.lead for one in done]),
        is_sampled,
    )


@lru_cache(STATEMENTS_KEPT)
def _completed(scope: Scope) -> Select[*tuple[Any, ...]]:
    since, until = (bindparam(name, type_=UTCDateTime()) for name in ("since", "until"))
    some = (
        select(Ticket.ticket_id, Ticket.created_at, Ticket.closed_at)
        .where(
            *scope.tickets(),
            Ticket.resolution == "completed",
            Ticket.closed_at >= since,
            Ticket.closed_at < until,
        )
        .subquery()
    )
    begun = first_run(some.c.ticket_id)
    return select(
        some.c.ticket_id,
        some.c.closed_at,
        seconds_between(func.coalesce(begun, some.c.created_at), some.c.closed_at).label("cycle"),
        seconds_between(some.c.created_at, some.c.closed_at).label("lead"),
    )


def _done(life: Life, first_begun: str | None) -> Done:
    created, closed = from_text(life.created), from_text(life.closed)
    begun = from_text(first_begun) if first_begun else created
    cycle, lead = ((closed - moment).total_seconds() for moment in (begun, created))
    return Done(life.ticket_id, closed, max(0.0, cycle), max(0.0, lead))


def _of_runs(runs: Runs, span: Span) -> list[Done]:
    start, end = span.start, span.end
    # A ticket that was reopened may have two such runs.
    found = {one.ticket_id: one for one in runs.closed if start <= one.closed_at < end}
    return list(found.values())
