"""How long people let things wait: stages that they do, and what asked for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from app.db.columns import UTCDateTime
from app.db.plans import unindexed
from app.db.rows import rows_of
from app.models import Event, Ticket
from app.models.event import ANSWERED
from app.queries.statistics import limits
from app.queries.statistics.percentiles import Spread, spread_of
from app.queries.statistics.runs import RunGroup
from app.queries.statistics.scope import Scope
from app.queries.statistics.span import Span
from app.queries.statistics.sql import seconds_between
from app.values import immutable
from app.visibility import STATEMENTS_KEPT

Kind = Literal["stage", "event"]


@immutable
class Wait:
    """What waited for people: a worker type (`stage`), or a type of event that called for them."""

    kind: Kind
    name: str
    spread: Spread


def waits(session: Session, scope: Scope, span: Span, runs: Iterable[RunGroup]) -> list[Wait]:
    """What people let go in the span, the longest at the median first."""
    found: defaultdict[tuple[Kind, str], list[float]] = defaultdict(list)
    for group in runs:
        if group.is_person and group.outcome in ("completed", "returned"):
            found["stage", group.worker_type] += group.waited
    # Those of queries differ; to keep them would keep what was asked.
    answers = _answers(scope) if scope.conditions else _kept_answers(scope)
    for row in rows_of(session, answers, since=span.start, until=span.end):
        found["event", row.event_type].append(row.seconds)
    waited = [Wait(kind, name, spread_of(values)) for (kind, name), values in found.items()]
    return sorted(waited, key=lambda wait: (-(wait.spread.median or 0), wait.kind, wait.name))


def _answers(scope: Scope) -> Select[*tuple[Any, ...]]:
    since, until = (bindparam(name, type_=UTCDateTime()) for name in ("since", "until"))
    rows = (
        select(
            Event.event_type,
            seconds_between(Event.created_at, Event.processed_at).label("seconds"),
        )
        .where(
            ANSWERED,
            Event.processed_at >= since,
            Event.processed_at < until,
            scope.visibility.of(Event.project_id),
        )
        .order_by(Event.processed_at.desc())
        .limit(limits.ANSWERS)
    )
    if scope.project:
        # Few of a project's events called for anyone: they are found by when they were answered.
        rows = rows.where(unindexed(Event.project_id) == scope.project)
    if scope.conditions:
        # With an offset PostgreSQL looks at the ticket of each event: it makes no join of it, which
        # without statistics would read all tickets of a project for each.
        ticket = scope.met().where(Ticket.ticket_id == Event.ticket_id).offset(0)
        rows = rows.where(ticket.correlate(Event).exists())
    return rows


_kept_answers = lru_cache(STATEMENTS_KEPT)(_answers)
