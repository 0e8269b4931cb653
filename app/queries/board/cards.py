"""The cards of columns: the first of each, and those that follow as one scrolls.

A column is made of parts, each in the order of an index: the queue of one worker type in one
project, what is blocked there, what is on hold, what is done. One statement asks all of them,
however many they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    TableValuedAlias,
    UnaryExpression,
    bindparam,
    case,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from app.db.places import found_at, part_of, places_in, places_of, sent
from app.db.plans import among_few, checked, unindexed
from app.db.rows import rows_of
from app.models import StageRun, Ticket
from app.models.ticket import IN_QUEUE, PRIORITIES
from app.queries.board.counts import is_done
from app.queries.board.scope import Scope
from app.queries.queues import Rows
from app.queries.tickets.conditions import IS_ASKING, RUNNING, situation, situation_is
from app.queries.tickets.list_row import BLOCKED_BY, LABELS, STARTED_AT
from app.values import immutable
from app.visibility import STATEMENTS_KEPT

CARDS_AT_FIRST = 20
"""Cards that a cell shows at first: about twice what a screen has room for."""
CARDS_IN_ALL = 360
"""So many a board shows at first in all its cells, which share them where they are many."""
CARDS_AT_LEAST = 3
"""So many of these each cell shows, however many cells there are."""
CARDS_AT_ONCE = 50
"""So many follow each time when one scrolls to a cell's end."""
CARDS_MAX = 500
"""So many a cell shows anew when something has changed."""

QUEUED, BLOCKED, ON_HOLD, DONE = "queued", "blocked", "on_hold", "done"


@immutable
class Card:
    """One ticket on the board. `since`: when its situation began, or for a pause ends."""

    ticket_id: str
    project_id: str
    title: str
    stage: str | None
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
    """Where cards of a column come from. `project` is empty where they may be of any, `priority` is
    None where they may be of each: both alike in all parts of a board. `last_rank`: of a priority's
    queue none behind it are wanted."""

    kind: str
    project: str
    stage: str = ""
    priority: int | None = None
    last_rank: int = 2**63 - 1


def cards_at_first(numbers: Sequence[int]) -> int:
    """How many cards each cell shows at first, of cells in which so many tickets stand."""
    for most in range(CARDS_AT_FIRST, CARDS_AT_LEAST, -1):
        if sum(min(number, most) for number in numbers) <= CARDS_IN_ALL:
            return most
    return CARDS_AT_LEAST


def first_cards(
    session: Session, scope: Scope, parts: Mapping[str, Sequence[Part]], limits: Mapping[str, int]
) -> dict[str, list[Card]]:
    """The first cards of each cell, in order: what its parts are, and how many are wanted."""
    found: dict[str, list[Card]] = {}
    # Most cells show as many; those in which someone has scrolled are asked apart.
    for limit in set(limits.values()):
        alike = [key for key in parts if limits[key] == limit]
        cards = _read(session, scope, [parts[key] for key in alike], limit)
        found |= {key: cards[number] for number, key in enumerate(alike)}
    return found


def following(session: Session, scope: Scope, parts: Sequence[Part], after: str) -> list[Card]:
    """The cards of these parts that come after a ticket, which may have left them meanwhile."""
    end = rows_of(session, END, after=after).mappings().first()
    if end is None:
        return []
    # What is blocked stands behind all that is queued.
    behind, before = len(PRIORITIES), -1
    is_blocked = end["open_blockers"] > 0
    place = {
        **dict(end),
        "queued_priority": behind if is_blocked else end["priority"],
        "blocked_priority": end["priority"] if is_blocked else before,
    }
    values = {f"after_{name}": value for name, value in place.items()}
    return _read(session, scope, [parts], CARDS_AT_ONCE, values)[0]


def _read(
    session: Session,
    scope: Scope,
    cells: Sequence[Sequence[Part]],
    limit: int,
    after: Mapping[str, Any] | None = None,
) -> list[list[Card]]:
    """The cards of each cell that come first, or first after a place."""
    places: dict[str, dict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for number, parts in enumerate(cells):
        for kind, *where in parts:
            places[kind][number].append(where)
    # What is blocked stands behind all that is queued; else a cell has cards of one kind.
    found: list[list[tuple[bool, int, Card]]] = [[] for _ in cells]
    if places:
        statement = _statement(scope, tuple(sorted(places)), is_after=after is not None)
        values: dict[str, Any] = {kind: sent(these.items()) for kind, these in places.items()}
        values |= {"limit": limit, **scope.values, **(after or {})}
        for kind, number, place, *row in rows_of(session, statement, **values):
            found[number].append((kind == BLOCKED, place, _card(row)))
    return [[card for *_, card in sorted(cell)[:limit]] for cell in found]


END = select(
    Ticket.priority,
    Ticket.queue_rank,
    Ticket.created_at,
    Ticket.ticket_id,
    Ticket.open_blockers,
    Ticket.updated_at,
    Ticket.closed_at,
).where(Ticket.ticket_id == bindparam("after"))


@lru_cache(STATEMENTS_KEPT)
def _statement(scope: Scope, kinds: Sequence[str], *, is_after: bool) -> Rows:
    chosen = union_all(*(_first_of_cells(scope, kind, is_after) for kind in kinds)).subquery()
    return select(chosen.c.kind, chosen.c.cell, chosen.c.place, *COLUMNS).join(
        Ticket, Ticket.ticket_id == chosen.c.ticket_id
    )


def _first_of_cells(scope: Scope, kind: str, is_after: bool) -> Rows:
    """Each part gives its first, from which each cell takes those that come first in it. Only they
    are then numbered, and read in full."""
    cells = places_in(kind)
    parts = places_of(cells, 1, f"parts_{kind}")
    first, columns = found_at(parts, _first_of_part(scope, kind, parts, is_after), "first")
    of_cell = select(*columns).select_from(parts).join(first, true())
    in_order = (_directed(kind, column) for column in columns)
    of_cell = of_cell.order_by(*in_order).limit(bindparam("limit"))
    found, columns = found_at(cells, of_cell, "found")
    cell = part_of(cells, 0, Integer)
    order = [_directed(kind, column) for column in columns]
    return (
        select(
            literal(kind).label("kind"),
            cell.label("cell"),
            columns[-1].label("ticket_id"),
            func.row_number().over(partition_by=cell, order_by=order).label("place"),
        )
        .select_from(cells)
        .join(found, true())
    )


def _first_of_part(scope: Scope, kind: str, parts: TableValuedAlias, is_after: bool) -> Rows:
    """What its cards are in order by; the last of it is the ticket's id."""
    stage = part_of(parts, 1)
    conditions = {
        QUEUED: (IN_QUEUE, Ticket.current_stage == stage),
        BLOCKED: (situation_is("blocked"), Ticket.current_stage == stage),
        ON_HOLD: (Ticket.state == "on_hold",),
        DONE: is_done(),
    }[kind]
    is_of_any = kind in (ON_HOLD, DONE) and not scope.is_by_project
    found = select(*ORDERS[kind]).where(
        scope.visibility.of(Ticket.project_id)
        if is_of_any
        else Ticket.project_id == part_of(parts, 0),
        *conditions,
        *scope.narrowing(of_few=kind == DONE, in_order=True),
    )
    if scope.lanes == "priority":
        here = part_of(parts, 2, Integer)
        # What is on hold or was closed lately is met in order until enough are of the priority: of
        # it are far more, and PostgreSQL believes of few that it had better sort them all.
        is_in_queue = kind in (QUEUED, BLOCKED)
        is_met = (
            Ticket.priority == here if is_in_queue else checked(unindexed(Ticket.priority) == here)
        )
        found = found.where(is_met)
        if kind == QUEUED:
            found = found.where(Ticket.queue_rank <= part_of(parts, 3, BigInteger))
    if is_after:
        found = found.where(_is_after(kind))
    in_order = (_directed(kind, key) for key in ORDERS[kind])
    return found.order_by(*in_order).limit(bindparam("limit"))


ORDERS: dict[str, tuple[Any, ...]] = {
    QUEUED: (Ticket.priority, Ticket.queue_rank, Ticket.created_at, Ticket.ticket_id),
    BLOCKED: (Ticket.priority, Ticket.queue_rank, Ticket.created_at, Ticket.ticket_id),
    ON_HOLD: (Ticket.updated_at, Ticket.ticket_id),
    DONE: (Ticket.closed_at, Ticket.ticket_id),
}
NEWEST_FIRST = (ON_HOLD, DONE)


def _directed(kind: str, key: ColumnElement[Any]) -> UnaryExpression[Any]:
    return key.desc() if kind in NEWEST_FIRST else key.asc()


def _is_after(kind: str) -> ColumnElement[bool]:
    keys = ORDERS[kind]
    own = {"priority": f"after_{kind}_priority"}
    end = tuple_(*(bindparam(own.get(key.key, f"after_{key.key}"), type_=key.type) for key in keys))
    return tuple_(*keys) < end if kind in NEWEST_FIRST else tuple_(*keys) > end


def running_cards(session: Session, scope: Scope) -> list[Card]:
    """What runs, the longest first. There are as many as there are workers."""
    return [_card(row) for row in rows_of(session, _running(scope), **scope.values)]


Run = aliased(StageRun)


@lru_cache(STATEMENTS_KEPT)
def _running(scope: Scope) -> Rows:
    return (
        select(*COLUMNS)
        .select_from(Run)
        .join(Ticket, Ticket.ticket_id == Run.ticket_id)
        .where(
            Run.finished_at.is_(None),
            scope.visibility.of(among_few(Ticket.project_id)),
            *map(checked, scope.narrowing(of_few=True)),
        )
        .order_by(Run.started_at, Run.run_id)
    )


SINCE = case(
    (Ticket.state == "closed", Ticket.closed_at),
    (Ticket.state == "on_hold", Ticket.updated_at),
    (RUNNING, STARTED_AT),
    (Ticket.open_blockers > 0, Ticket.updated_at),
    else_=Ticket.ready_at,
)
"""Chosen by the database: to read a time costs as much as all other columns of a card."""
COLUMNS: tuple[Any, ...] = (
    Ticket.ticket_id,
    Ticket.project_id,
    Ticket.title,
    Ticket.current_stage,
    Ticket.priority,
    situation(),
    IS_ASKING,
    SINCE,
    Ticket.open_blockers,
    BLOCKED_BY,
    LABELS,
)
"""The fields of a card, in their order."""


def _card(row: Any) -> Card:
    *facts, labels = row
    sorted_labels = tuple(sorted(labels.split("\n"))) if labels else ()
    return Card(*[*facts, sorted_labels])
