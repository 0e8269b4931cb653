"""The cards of columns: the first of each, and those that follow as one scrolls.

A column is made of parts, each in the order of an index: the queue of one worker type in one
project, what is blocked there, what is on hold, what is done. One statement asks all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    bindparam,
    case,
    false,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from app.db.rows import rows_of
from app.models import StageRun, Ticket
from app.models.ticket import IN_QUEUE
from app.queries.board.counts import is_done
from app.queries.board.scope import Scope
from app.queries.queues import Rows
from app.queries.tickets.conditions import IS_ASKING, situation, situation_is
from app.queries.tickets.list import BLOCKED_BY, LABELS, STARTED_AT
from app.visibility import STATEMENTS_KEPT

CARDS_AT_ONCE = 50
"""Cards that a column shows, and as many more each time when one scrolls to its end."""
CARDS_IN_LANES = 15
"""The same of a board with lanes, which has as many more columns."""
CARDS_MAX = 500
"""So many a column shows anew when something has changed."""
PARTS_AT_ONCE = 200
"""SQLite joins at most 500."""
PARTS_AT_LEAST, VALUES_AT_ONCE = 8, 800
"""Each part repeats the query's conditions, and a statement has at most a million characters."""

QUEUED, BLOCKED, ON_HOLD, DONE = "queued", "blocked", "on_hold", "done"


@dataclass(frozen=True, slots=True)
class Card:
    """One ticket on the board. `since`: when its situation began, or for a pause ends."""

    ticket_id: str
    project_id: str
    title: str
    stage: str | None
    number: int
    of: int
    priority: int
    situation: str
    asks: bool
    since: datetime
    open_blockers: int
    blocked_by: str | None
    labels: tuple[str, ...]

    @property
    def is_queued(self) -> bool:
        """Whether it has a place in a queue."""
        return self.situation in ("ready", "waiting", "backoff")


class Part(NamedTuple):
    """Where cards of a column come from. `priority`: only those of one, if it isn't None."""

    kind: str
    project: str
    stage: str = ""
    priority: int | None = None
    limit: int = CARDS_AT_ONCE


class Sorted(NamedTuple):
    """A card with what decides where it stands in its column."""

    key: tuple[Any, ...]
    card: Card


def first_cards(session: Session, scope: Scope, parts: Sequence[Part]) -> dict[Part, list[Sorted]]:
    """The first cards of each part, in order."""
    found: dict[Part, list[Sorted]] = defaultdict(list)
    make = _statement if scope.matches is not None else _kept_statement
    for some in _at_once(scope, parts):
        for number, *row in rows_of(session, make(scope, some), **scope.values):
            found[some[number]].append(_sorted(some[number].kind, row))
    for cards in found.values():
        cards.sort(key=lambda one: one.key)
    return found


def _at_once(scope: Scope, parts: Sequence[Part]) -> Iterator[tuple[Part, ...]]:
    """The parts that one statement asks for, time after time."""
    n_values = sum(len(term.values) for term in scope.query.terms)
    at_once = PARTS_AT_ONCE
    if n_values:
        at_once = min(PARTS_AT_ONCE, max(PARTS_AT_LEAST, VALUES_AT_ONCE // n_values))
    for start in range(0, len(parts), at_once):
        yield tuple(parts[start : start + at_once])


def following(session: Session, scope: Scope, parts: Sequence[Part], after: str) -> list[Sorted]:
    """The cards of these parts that come after a ticket, which may have left them meanwhile."""
    end = rows_of(session, END, after=after).first()
    if end is None:
        return []
    found = [
        _sorted(some[number].kind, row)
        for some in _at_once(scope, parts)
        for number, *row in rows_of(session, _statement(scope, some, tuple(end)), **scope.values)
    ]
    return sorted(found, key=lambda one: one.key)[:CARDS_AT_ONCE]


END = select(
    Ticket.priority,
    Ticket.queue_rank,
    Ticket.created_at,
    Ticket.ticket_id,
    Ticket.open_blockers > 0,
    Ticket.updated_at,
    Ticket.closed_at,
).where(Ticket.ticket_id == bindparam("after"))


def running_cards(session: Session, scope: Scope) -> list[Card]:
    """What runs, the longest first. There are as many as there are workers."""
    make = _running if scope.matches is not None else _kept_running
    return [_card(row) for row in rows_of(session, make(scope), **scope.values)]


Run = aliased(StageRun)


def _running(scope: Scope) -> Rows:
    return (
        select(*COLUMNS)
        .select_from(Run)
        .join(Ticket, Ticket.ticket_id == Run.ticket_id)
        # As in queues: with `|| ''` no index leads to all of the project's tickets instead.
        .where(
            Run.finished_at.is_(None),
            scope.visibility.of(Ticket.project_id.concat("")),
            *scope.narrowing(),
        )
        .order_by(Run.started_at, Run.run_id)
    )


_kept_running = lru_cache(STATEMENTS_KEPT)(_running)


def _statement(scope: Scope, parts: tuple[Part, ...], end: tuple[Any, ...] | None = None) -> Rows:
    # SQLite allows no LIMIT in a part of a UNION itself.
    chosen = union_all(
        *(select(_part(scope, part, number, end).subquery()) for number, part in enumerate(parts))
    ).subquery("chosen")
    return select(chosen.c.part, *COLUMNS).join(chosen, chosen.c.ticket_id == Ticket.ticket_id)


_kept_statement = lru_cache(STATEMENTS_KEPT)(_statement)


def _part(scope: Scope, part: Part, number: int, end: tuple[Any, ...] | None) -> Rows:
    conditions = {
        QUEUED: (IN_QUEUE, Ticket.current_stage == part.stage),
        BLOCKED: (situation_is("blocked"), Ticket.current_stage == part.stage),
        ON_HOLD: (Ticket.state == "on_hold",),
        DONE: is_done(),
    }[part.kind]
    seen = scope.visibility.of(Ticket.project_id)
    found = select(literal(number, Integer).label("part"), Ticket.ticket_id).where(
        Ticket.project_id == part.project if part.project else seen,
        *conditions,
        *scope.narrowing(),
    )
    if part.priority is not None:
        found = found.where(Ticket.priority == part.priority)
    order = ORDERS[part.kind]
    if end is not None:
        found = found.where(_is_after(part.kind, order, end))
    is_newest_first = part.kind in (ON_HOLD, DONE)
    keys = (key.desc() if is_newest_first else key.asc() for key in order)
    return found.order_by(*keys).limit(part.limit)


ORDERS: dict[str, tuple[Any, ...]] = {
    QUEUED: (Ticket.priority, Ticket.queue_rank, Ticket.created_at, Ticket.ticket_id),
    BLOCKED: (Ticket.priority, Ticket.queue_rank, Ticket.created_at, Ticket.ticket_id),
    ON_HOLD: (Ticket.updated_at, Ticket.ticket_id),
    DONE: (Ticket.closed_at, Ticket.ticket_id),
}


def _is_after(kind: str, order: tuple[Any, ...], end: tuple[Any, ...]) -> ColumnElement[bool]:
    priority, rank, created_at, ticket_id, is_blocked, updated_at, closed_at = end
    values = {
        QUEUED: (priority, rank, created_at, ticket_id),
        BLOCKED: (priority, rank, created_at, ticket_id),
        ON_HOLD: (updated_at, ticket_id),
        DONE: (closed_at, ticket_id),
    }[kind]
    if kind in (ON_HOLD, DONE):
        return tuple_(*order) < tuple_(*_literals(order, values))
    # What is blocked stands behind all that is queued.
    if is_blocked and kind == QUEUED:
        return false()
    if not is_blocked and kind == BLOCKED:
        return true()
    return tuple_(*order) > tuple_(*_literals(order, values))


def _literals(columns: tuple[Any, ...], values: tuple[Any, ...]) -> Iterator[Any]:
    return (literal(value, column.type) for value, column in zip(values, columns, strict=True))


COLUMNS: tuple[Any, ...] = (
    Ticket.ticket_id,
    Ticket.project_id,
    Ticket.title,
    Ticket.current_stage,
    Ticket.completed_stages,
    func.json_array_length(Ticket.execution_plan),
    Ticket.priority,
    situation(),
    case((Ticket.state == "on_hold", IS_ASKING), else_=False),
    Ticket.ready_at,
    Ticket.updated_at,
    Ticket.closed_at,
    STARTED_AT,
    Ticket.open_blockers,
    BLOCKED_BY,
    LABELS,
    Ticket.queue_rank,
    Ticket.created_at,
)


def _card(row: Any) -> Card:
    (
        ticket_id, project_id, title, stage, completed, of, priority, word, asks,
        ready_at, updated_at, closed_at, started_at, n_blockers, blocked_by, labels, *_,
    ) = row  # fmt: skip
    since = {"running": started_at, "on_hold": updated_at, "blocked": updated_at}
    return Card(
        ticket_id=ticket_id,
        project_id=project_id,
        title=title,
        stage=stage,
        number=min(completed + 1, of),
        of=of,
        priority=priority,
        situation=word,
        asks=bool(asks),
        since=since.get(word) or closed_at or ready_at,
        open_blockers=n_blockers,
        blocked_by=blocked_by,
        labels=tuple(sorted(labels.split("\n"))) if labels else (),
    )


def _sorted(kind: str, row: Any) -> Sorted:
    card = _card(row)
    *_, rank, created_at = row
    if kind in (ON_HOLD, DONE):
        moment = row[11] if kind == DONE else row[10]
        # The newest first, and of several the last.
        return Sorted((-moment.timestamp(), [-ord(c) for c in card.ticket_id]), card)
    return Sorted((kind == BLOCKED, card.priority, rank, created_at, card.ticket_id), card)
