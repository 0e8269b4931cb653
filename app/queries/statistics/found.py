"""The tickets that a query finds, each looked at once for all figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from app.db.columns import UTCDateTime
from app.db.plans import unindexed
from app.db.rows import rows_of
from app.models import Ticket
from app.queries.statistics import limits
from app.queries.statistics.scope import SENT_ID, Scope, as_sent
from app.queries.statistics.span import Span
from app.queries.statistics.sql import (
    WHOLE,
    as_text,
    cut_to,
    first_run,
    line_of,
    lines_of,
    shuffled,
)
from app.values import immutable

Rows = Select[*tuple[Any, ...]]

MIDNIGHT = " 00:00:00.000000"
SINCE, UNTIL = (bindparam(name, type_=UTCDateTime()) for name in ("since", "until"))
LENGTHS = (10, 13, 16, 19)
"""How much of a time's text tells its day, hour, minute, and second."""


@immutable
class Found:
    """Numbers of tickets `created`, `completed` and `stopped` since the span began, by so much of
    the time's text as `length` says; how many are open now; and some of them.

    `touched`: an even sample of those that can have a run in the span. `completed` in the span, and
    `alive`, that is open at any time since it began: as far as their limits reach. Times are texts,
    that of what isn't closed is empty.
    """

    length: int
    numbers: Mapping[str, Counter[str]]
    open_now: int
    touched: Sequence[str]
    completed: Sequence[Life]
    alive: Sequence[Life]
    begun: Mapping[str, str | None]
    """When the first run of each began: of those alive, or completed, if they are few enough."""


class Life(NamedTuple):
    """A ticket, and when it was created and closed."""

    ticket_id: str
    created: str
    closed: str


def find(session: Session, scope: Scope, span: Span) -> Found:
    """What the scope's query finds."""
    length = _length(span)
    statement = _kinds(scope, length)
    rows = rows_of(session, statement, since=span.start, until=span.end).all()
    numbers: defaultdict[str, Counter[str]] = defaultdict(Counter)
    lines: dict[str, list[str]] = {}
    for kind, text, number in rows:
        if number is None:
            lines[kind] = (text or "").splitlines()
        else:
            numbers[kind][text] += number
    completed, alive = (
        [Life(*line.split("|")) for line in lines[kind]] for kind in ("completed", "alive")
    )
    some = (alive, limits.BEGUN), (completed, limits.CLOSED)
    begun = _begun(session, next((lives for lives, most in some if len(lives) <= most), ()))
    return Found(length, numbers, numbers["open"][""], lines["touched"], completed, alive, begun)


def _begun(session: Session, lives: Sequence[Life]) -> dict[str, str | None]:
    rows = rows_of(session, _FIRST, sent_tickets=as_sent(life.ticket_id for life in lives))
    return {row.ticket_id: row.begun for row in rows}


def _length(span: Span) -> int:
    """Where all periods begin at midnight in UTC, tickets of a day have one number; else those of
    an hour."""
    starts = [as_text(moment) for moment in (*(step.start for step in span.steps()), span.end)]
    return next(n for n in LENGTHS if all(MIDNIGHT.endswith(start[n:]) for start in starts))


def _kinds(scope: Scope, length: int) -> CompoundSelect[*tuple[Any, ...]]:
    found = _looked_at(scope)
    ticket = found.c
    is_open, closed_since = ticket.closed_at.is_(None), ticket.closed_at >= SINCE
    closed = ticket.closed_at
    completed = and_(ticket.resolution == "completed", closed_since, closed < UNTIL)
    # A run that finishes touches its ticket, and is over when that is closed.
    touched = or_(closed_since, and_(is_open, ticket.updated_at >= SINCE))
    times = cut_to(ticket.created_at, WHOLE), func.coalesce(cut_to(closed, WHOLE), "")
    life = line_of(ticket.ticket_id, *times)
    number = func.count()
    created, ended = cut_to(ticket.created_at, length), cut_to(closed, length)
    return union_all(
        select(literal("open", Text), literal("", Text), number).where(is_open),
        select(literal("created", Text), created, number)
        .where(ticket.created_at >= SINCE)
        .group_by(created),
        *(
            # To group by both takes longer than to go through all twice.
            select(literal(kind, Text), ended, number)
            .where(ticket.resolution == kind, closed_since)
            .group_by(ended)
            for kind in ("completed", "stopped")
        ),
        _lines("touched", ticket.ticket_id, touched, limits.TICKETS + 1, ticket.place),
        _lines("completed", life, completed, limits.CLOSED + 1),
        _lines("alive", life, or_(is_open, closed_since), limits.BEGUN + 1),
    )


def _looked_at(scope: Scope) -> CTE:
    """What any figure needs of the tickets that were open at any time since the span began."""
    created_at, closed_at = unindexed(Ticket.created_at), unindexed(Ticket.closed_at)
    columns = Ticket.ticket_id, Ticket.created_at, Ticket.closed_at, Ticket.updated_at
    rows = scope.rows(*columns, Ticket.resolution, shuffled(Ticket.ticket_id).label("place"))
    some = rows.where(or_(closed_at.is_(None), closed_at >= SINCE, created_at >= SINCE))
    return some.cte("found").prefix_with("MATERIALIZED")


def _lines(
    kind: str, told: ColumnElement[str], met: ColumnElement[bool], most: int, *order: Any
) -> Rows:
    some = select(told.label("line")).where(met).order_by(*order).limit(most).subquery()
    return select(literal(kind, Text), lines_of(some.c.line), null())


_FIRST = select(SENT_ID.label("ticket_id"), cut_to(first_run(SENT_ID), WHOLE).label("begun"))
