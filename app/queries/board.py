"""A project's board: its stages as columns, each with its first tickets.

The number of queries is the same for every board, and each is served by an index: what a board
costs grows with its stages and with what is open, not with what was ever done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    ScalarSelect,
    Select,
    Text,
    TextClause,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from app.db.columns import now_when_sent
from app.db.rows import rows_of
from app.models import Event, StageRun, Ticket, TicketDependency, WorkerType
from app.models.ticket import IN_QUEUE
from app.queries.projects.plan_order import plan_order
from app.queries.queues import Queue, queues_of
from app.queries.tickets.conditions import situation, situation_is
from app.visibility import STATEMENTS_KEPT

CARDS_SHOWN = 6
"""Tickets shown in a column before it says how many more there are."""

RECENTLY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Card:
    """One ticket on the board. `since`: when it started to run, or came to where it waits."""

    ticket_id: str
    title: str
    stage: str
    priority: int
    situation: str
    since: datetime
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One stage with its first tickets."""

    stage: Queue
    cards: list[Card]

    @property
    def hidden(self) -> int:
        """Tickets that are there but not shown."""
        return max(0, self.stage.count - len(self.cards))


@dataclass(frozen=True, slots=True)
class SidebarColumn:
    """Tickets that no worker may take now, whatever their stage."""

    name: str
    situation: str
    count: int
    cards: list[Card]

    @property
    def hidden(self) -> int:
        """Tickets that are there but not shown."""
        return max(0, self.count - len(self.cards))


@dataclass(frozen=True, slots=True)
class Board:
    """The overview of one project."""

    columns: list[Column]
    on_hold: SidebarColumn
    blocked: SidebarColumn
    running: int
    ready: int
    waiting: int
    open: int
    closed: int
    closed_recently: int


def board_version(session: Session, project_id: str) -> str:
    """Changes whenever the board does: with each event, and each change of a worker type."""
    newest, count, changed_at = rows_of(session, VERSION, project_id=project_id).one()
    return f"{newest or 0}.{count}.{changed_at.timestamp() if count else 0}"


THIS: BindParameter[str] = bindparam("project_id")
VERSION = select(
    select(func.max(Event.id)).where(Event.project_id == THIS).scalar_subquery(),
    func.count(),
    func.max(WorkerType.updated_at),
).where(WorkerType.project_id == THIS)


def board(session: Session, project_id: str) -> Board:
    """The board of one project, in eight queries."""
    found = {queue.worker_type: queue for queue in queues_of(session, project_id)}
    states = _counts_by_state(session, project_id)
    blocked = max(0, states["open"] - sum(queue.count for queue in found.values()))
    queued = [name for name, queue in found.items() if queue.queued]
    cards = _first_cards(session, project_id, queued, states["on_hold"], blocked)
    cards["running"] = _running(session, project_id)
    columns = [
        Column(found[name], _cards_of(name, cards))
        for name in plan_order(session, project_id, list(found))
    ]
    return Board(
        columns=columns,
        on_hold=SidebarColumn("On hold", "on_hold", states["on_hold"], cards["on_hold"]),
        blocked=SidebarColumn("Blocked", "blocked", blocked, cards["blocked"]),
        running=sum(queue.running for queue in found.values()),
        ready=sum(queue.ready for queue in found.values() if not queue.is_gate),
        waiting=sum(queue.ready for queue in found.values() if queue.is_gate),
        open=states["open"] + states["on_hold"],
        closed=states["closed"],
        closed_recently=_closed_recently(session, project_id),
    )


def _counts_by_state(session: Session, project_id: str) -> defaultdict[str, int]:
    counts: defaultdict[str, int] = defaultdict(int)
    for state, count in rows_of(session, COUNTS_BY_STATE, project_id=project_id):
        counts[state] = count
    return counts


COUNTS_BY_STATE = (
    select(Ticket.state, func.count()).where(Ticket.project_id == THIS).group_by(Ticket.state)
)


def _cards_of(stage: str, cards: Mapping[str, Sequence[Card]]) -> list[Card]:
    """What runs, then what waits."""
    here = (card for card in (*cards["running"], *cards["queue"]) if card.stage == stage)
    return list(islice(here, CARDS_SHOWN))


def _running(session: Session, project_id: str) -> list[Card]:
    """What runs, the longest first."""
    return [Card(*row) for row in rows_of(session, RUNS, project_id=project_id)]


RUNS = (
    select(
        Ticket.ticket_id,
        Ticket.title,
        Ticket.current_stage,
        Ticket.priority,
        literal("running"),
        StageRun.started_at,
    )
    .select_from(StageRun)
    .join(Ticket, Ticket.ticket_id == StageRun.ticket_id)
    # As in queues: with `|| ''` no index leads to all of the project's tickets instead.
    .where(StageRun.finished_at.is_(None), Ticket.project_id.concat("") == THIS)
    .order_by(StageRun.started_at, StageRun.run_id)
)


def _first_cards(
    session: Session, project_id: str, queues: Sequence[str], on_hold: int, blocked: int
) -> defaultdict[str, list[Card]]:
    """The first tickets of each queue, of those on hold and of those blocked: one query for all."""
    others = [name for name, count in (("on_hold", on_hold), ("blocked", blocked)) if count]
    cards: defaultdict[str, list[Card]] = defaultdict(list)
    if queues or others:
        first = _first(tuple(queues), tuple(others))
        for part, _, blocker, blockers, *values in rows_of(session, first, project_id=project_id):
            more = f" and {blockers - 1:,} more" if blockers > 1 else ""
            card = Card(*values)
            cards[part].append(replace(card, detail=f"by {blocker}{more}") if blocker else card)
    return cards


@lru_cache(STATEMENTS_KEPT)
def _first(queues: Sequence[str], situations: Sequence[str]) -> CompoundSelect[*tuple[Any, ...]]:
    parts = [_part("queue", IN_QUEUE, Ticket.current_stage == name) for name in queues]
    parts += [_part(name, situation_is(name)) for name in situations]
    return union_all(*parts).order_by("priority", "created_at", "ticket_id")


def _part(name: str, *conditions: ColumnElement[bool] | TextClause) -> Select[Any]:
    blocked = name == "blocked"
    first = (
        select(
            literal(name).label("part"),
            Ticket.created_at,
            (_a_blocker() if blocked else cast(null(), Text)).label("blocker"),
            Ticket.open_blockers,
            Ticket.ticket_id,
            Ticket.title,
            Ticket.current_stage,
            Ticket.priority,
            situation(),
            (Ticket.ready_at if name == "queue" else Ticket.updated_at).label("since"),
        )
        .where(Ticket.project_id == THIS, *conditions)
        .order_by(Ticket.priority, Ticket.created_at, Ticket.ticket_id)
        .limit(CARDS_SHOWN)
        .subquery()
    )
    # SQLite allows no LIMIT in a part of a UNION itself.
    return select(first)


def _a_blocker() -> ScalarSelect[str | None]:
    """The first of the open tickets that a ticket waits for."""
    other = aliased(Ticket)
    return (
        select(func.min(other.ticket_id))
        .join(TicketDependency, TicketDependency.blocked_by_id == other.ticket_id)
        .where(TicketDependency.ticket_id == Ticket.ticket_id, other.state != "closed")
        .correlate(Ticket)
        .scalar_subquery()
    )


def _closed_recently(session: Session, project_id: str) -> int:
    return int(rows_of(session, CLOSED_RECENTLY, project_id=project_id).scalar_one())


CLOSED_RECENTLY = select(func.count()).where(
    Ticket.project_id == THIS,
    Ticket.state == "closed",
    Ticket.closed_at >= now_when_sent(-RECENTLY),
)
