"""Columns and lanes: what stands where on the board."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.models.ticket import PRIORITIES
from app.queries.board.cards import (
    BLOCKED,
    CARDS_AT_FIRST,
    CARDS_MAX,
    DONE,
    ON_HOLD,
    QUEUED,
    Card,
    Part,
    cards_at_first,
    first_cards,
    following,
    running_cards,
)
from app.queries.board.counts import Count, counts
from app.queries.board.limits import running_limits
from app.queries.board.scope import Scope
from app.queries.projects.plan_order import in_order_of, plans_in_use
from app.queries.queues import Queue, empty_queues

STAGE, WAITING = "stage", "waiting"
NAMES = {WAITING: "Waiting for a person", ON_HOLD: "On hold", DONE: "Done"}
"""The columns that every board has, after those of its stages."""

LANES_MAX = 20
"""Lanes that are drawn; of all projects those come first where most is open."""


@dataclass(slots=True)
class Column:
    """One column. `kind`: stage, waiting, on_hold or done; `stages` are those whose tickets stand
    in it. `is_cut`: more than `count` may stand there; `has_ready`: some could be taken now;
    `oldest`: since when the first of them waits."""

    key: str
    kind: str
    name: str
    role_id: int | None = None
    is_known: bool = True
    workers_live: int = 0
    count: int = 0
    is_cut: bool = False
    running: int = 0
    has_ready: bool = False
    oldest: datetime | None = None
    is_folded: bool = False
    max_running: int | None = None

    @property
    def is_full(self) -> bool:
        """Whether tickets wait because as many run as may."""
        is_reached = self.max_running is not None and self.running >= self.max_running
        return is_reached and self.has_ready

    @property
    def is_starved(self) -> bool:
        """Whether tickets are ready that nobody alive will take."""
        return self.kind == STAGE and self.has_ready and not self.workers_live


@dataclass(slots=True)
class Cell:
    """What stands in one column of one lane. `project`, `priority`: those that all of its tickets
    have, if the board or the lane is of one. `is_cut`: there may be more than `count`."""

    key: str
    column: Column
    count: int = 0
    is_cut: bool = False
    cards: list[Card] = field(default_factory=list)
    project: str = ""
    priority: int | None = None

    @property
    def hidden(self) -> int:
        """Tickets that are there but not shown; where more may be than were counted at least one,
        so that somebody who scrolls there finds out."""
        return max(int(self.is_cut), self.count - len(self.cards))


@dataclass(slots=True)
class Lane:
    """A row of the board, or all of it: then `name` is empty."""

    key: str
    name: str
    cells: list[Cell]

    @property
    def count(self) -> int:
        """How many of its tickets aren't closed."""
        return sum(cell.count for cell in self.cells if cell.column.kind != DONE)

    @property
    def is_cut(self) -> bool:
        """Whether there may be more."""
        return any(cell.is_cut for cell in self.cells)


@dataclass(slots=True)
class Board:
    """All columns, and the lanes with their cards. `left_out`: lanes that would be too many;
    `cards_at_first`: how many cards a cell shows that nobody has asked for more."""

    columns: list[Column]
    lanes: list[Lane]
    left_out: int = 0
    cards_at_first: int = CARDS_AT_FIRST

    @property
    def open(self) -> int:
        """How many tickets aren't closed."""
        return sum(column.count for column in self.columns if column.kind != DONE)

    @property
    def is_anything_done(self) -> bool:
        """Whether some ticket was closed lately."""
        return any(column.count for column in self.columns if column.kind == DONE)

    @property
    def is_bare(self) -> bool:
        """Whether there is no stage at all."""
        return not any(column.kind == STAGE for column in self.columns) and not self.open


def board(
    session: Session,
    scope: Scope,
    shown: Mapping[str, int] | None = None,
    unfolded: Collection[str] = (),
) -> Board:
    """The board. `shown`: how many cards of a cell are wanted, where it is more than at first;
    `unfolded`: columns that are drawn in full even if they are empty."""
    plan = _Plan(session, scope)
    limits_of = running_limits(session, scope.project) if scope.project else {}
    for column in plan.columns:
        column.max_running = limits_of.get(column.name) if column.kind == STAGE else None
        column.is_folded = not column.count and column.key not in unfolded
    lanes = plan.lanes()
    cells = [cell for lane in lanes[:LANES_MAX] for cell in lane.cells]
    running: dict[str, list[Card]] = defaultdict(list)
    for card in plan.running:
        running[plan.cell_of(card)].append(card)
    at_first = cards_at_first([cell.count for cell in cells])
    wanted = shown or {}
    limits = {cell.key: min(max(wanted.get(cell.key, 0), at_first), CARDS_MAX) for cell in cells}
    parts = {key: plan.first_parts(key, limit) for key, limit in limits.items()}
    found = first_cards(session, scope, parts, limits)
    for cell in cells:
        # All that run are shown, and at least one that doesn't: those that follow come after it.
        room = max(1, limits[cell.key] - len(running[cell.key]))
        cell.cards = running[cell.key] + found[cell.key][:room]
    return Board(plan.columns, lanes[:LANES_MAX], max(0, len(lanes) - LANES_MAX), at_first)


def following_cards(session: Session, scope: Scope, cell_key: str, after: str) -> Cell | None:
    """A cell with those of its cards that come after a ticket. None: there is no such cell."""
    plan = _Plan(session, scope)
    cells = (cell for lane in plan.lanes() for cell in lane.cells if cell.key == cell_key)
    cell = next(cells, None)
    if cell is not None:
        cell.cards = following(session, scope, plan.parts[cell_key], after)
    return cell


class _Plan:
    """What there is, laid out in columns and lanes. `running`: the cards of all that run; `parts`:
    where the other cards of a cell are."""

    def __init__(self, session: Session, scope: Scope) -> None:
        self.scope = scope
        self._roles = empty_queues(session, scope.visibility)
        self.running = running_cards(session, scope)
        self._counted = [*counts(session, scope, len(self._roles)), *_counts_of(self.running)]
        self._gates = {(one.project_id, one.worker_type) for one in self._roles if one.is_gate}
        self.columns = _columns(session, scope, self._roles, self._counted, self._gates)
        self.parts: dict[str, list[Part]] = defaultdict(list)
        self._numbers: Counter[str] = Counter()
        self._queued: Counter[str] = Counter()
        self._first_ranks: dict[str, dict[Part, int]] = defaultdict(dict)
        self._cut: set[str] = set()
        by_key = {column.key: column for column in self.columns}
        for one in self._counted:
            column = by_key[self._column_of(one.word, one.project_id, one.stage)]
            key = _cell_key(column.key, self._lane_of(one.project_id, one.priority))
            self._numbers[key] += one.number
            self._queued[key] += one.number if one.word == QUEUED else 0
            if one.is_cut:
                self._cut.add(key)
            _add_to(column, one)
            part = self._part(one)
            if part and part not in self.parts[key]:
                self.parts[key].append(part)
            if part and one.first_rank is not None:
                self._first_ranks[key][part] = one.first_rank

    def lanes(self) -> list[Lane]:
        """The lanes with their cells, which have no cards yet; of projects those come first where
        most is open."""
        found = [Lane(key, name, self._cells(key)) for key, name in self._lane_names()]
        if self.scope.lanes == "project":
            found.sort(key=lambda lane: (-lane.count, lane.key))
        return found

    def first_parts(self, key: str, limit: int) -> list[Part]:
        """Where a cell's first cards are: what is blocked stands behind all that is queued. If the
        first of as many queues as cards are wanted are known, none stands behind these."""
        if self._queued[key] < limit:
            return self.parts[key]
        ranks = self._first_ranks[key]
        if len(ranks) < limit:
            return [part for part in self.parts[key] if part.kind != BLOCKED]
        last = sorted(ranks.values())[limit - 1]
        return [part._replace(last_rank=last) for part, first in ranks.items() if first <= last]

    def cell_of(self, card: Card) -> str:
        """The key of the cell in which a running ticket stands."""
        column = self._column_of(card.situation, card.project_id, card.stage)
        return _cell_key(column, self._lane_of(card.project_id, card.priority))

    def _lane_names(self) -> list[tuple[str, str]]:
        if self.scope.lanes == "priority":
            return [(str(number), name) for number, name in enumerate(PRIORITIES)]
        if self.scope.lanes == "project":
            there = {one.project_id for one in self._counted}
            return [(name, name) for name in there.union(one.project_id for one in self._roles)]
        return [("", "")]

    def _cells(self, lane: str) -> list[Cell]:
        project = self.scope.project or (lane if self.scope.lanes == "project" else "")
        keys = ((column, _cell_key(column.key, lane)) for column in self.columns)
        priority = int(lane) if self.scope.lanes == "priority" else None
        return [
            Cell(
                key,
                column,
                self._numbers[key],
                key in self._cut,
                project=project,
                priority=priority,
            )
            for column, key in keys
        ]

    def _lane_of(self, project_id: str, priority: int) -> str:
        return {"project": project_id, "priority": str(priority)}.get(self.scope.lanes, "")

    def _column_of(self, word: str, project_id: str, stage: str | None) -> str:
        if word in (ON_HOLD, DONE):
            return word
        return WAITING if (project_id, stage) in self._gates else f"{STAGE}-{stage}"

    def _part(self, one: Count) -> Part | None:
        if not one.number:
            return None
        priority = one.priority if self.scope.lanes == "priority" else None
        if one.word in (ON_HOLD, DONE):
            project = one.project_id if self.scope.is_by_project else ""
            return Part(one.word, project, "", priority)
        # What runs is read apart.
        return (
            Part(one.word, one.project_id, one.stage or "", priority)
            if one.word != "running"
            else None
        )


def _counts_of(running: Iterable[Card]) -> Iterator[Count]:
    places = Counter((card.project_id, card.stage, card.priority) for card in running)
    return (Count("running", *place, number) for place, number in places.items())


def _cell_key(column: str, lane: str) -> str:
    return f"{column}|{lane}" if lane else column


def _columns(
    session: Session,
    scope: Scope,
    roles: Sequence[Queue],
    counted: Iterable[Count],
    gates: set[tuple[str, str]],
) -> list[Column]:
    """The stages that agents perform, in the order of the plans, then what every board has."""
    known: dict[str, Column] = {}
    for role in roles:
        if not role.is_gate:
            column = known.setdefault(
                role.worker_type, Column(f"{STAGE}-{role.worker_type}", STAGE, role.worker_type)
            )
            column.role_id = role.id if scope.project else None
            column.workers_live += role.workers_live
    for one in counted:
        is_at_stage = one.word not in (ON_HOLD, DONE) and one.stage is not None
        if is_at_stage and one.stage not in known and (one.project_id, one.stage) not in gates:
            known[str(one.stage)] = Column(
                f"{STAGE}-{one.stage}", STAGE, str(one.stage), is_known=False
            )
    ordered = in_order_of(plans_in_use(session, scope.visibility), list(known))
    return [
        *(known[name] for name in ordered),
        *(Column(kind, kind, name) for kind, name in NAMES.items()),
    ]


def _add_to(column: Column, one: Count) -> None:
    column.count += one.number
    column.is_cut |= one.is_cut
    if one.word == "running":
        column.running += one.number
    if one.word == QUEUED:
        column.has_ready |= one.oldest is not None
        waits = one.waits if column.kind == WAITING else one.oldest
        if waits is not None:
            column.oldest = min(column.oldest or waits, waits)
