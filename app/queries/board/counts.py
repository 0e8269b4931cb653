"""How many tickets stand where: one statement, each part of it served by an index.

What is queued or blocked may be much: it is counted place by place, up to a cap that all share.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    Integer,
    ScalarSelect,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from app.db.columns import now_when_sent
from app.db.plans import unindexed
from app.db.rows import rows_of
from app.models import Project, Ticket
from app.models.ticket import BLOCKED, IN_QUEUE, PRIORITIES
from app.queries.board.scope import Scope
from app.queries.paging import number_of, shared_cap
from app.queries.queues import COUNTED_IN_ALL, Rows, stages_with
from app.queries.tickets.conditions import RUNNING, situation_is
from app.values import immutable
from app.visibility import STATEMENTS_KEPT

RECENTLY = timedelta(days=7)
"""So long a closed ticket stands on the board."""


@immutable
class Count:
    """Tickets at one stage of a project, in lanes by priority of one priority; of what is on hold
    or done those at any stage, and maybe of any project. `word`: queued, blocked, on_hold or done,
    or running. `first_rank`: of the first in the queue of a priority; `is_cut`: there may be more.

    `oldest`: since when the first of those queued at the stage that may be taken now, and `waits`
    since when the first of all that are queued there, whatever their priority. In lanes by
    priority, a count of none tells it.
    """

    word: str
    project_id: str
    stage: str | None
    priority: int
    number: int
    oldest: datetime | None = None
    waits: datetime | None = None
    first_rank: int | None = None
    is_cut: bool = False


def counts(session: Session, scope: Scope, n_queues: int) -> Iterator[Count]:
    """All but what runs, whose cards are all read. `n_queues`: between how many what is counted is
    shared."""
    in_all = COUNTED_OF_SOME if scope.is_narrowed else COUNTED_IN_ALL
    cap = shared_cap(n_queues * len(_priorities(scope)), in_all, COUNTED_AT_LEAST)
    for word, project_id, stage, priority, number, oldest, waits, first_rank in rows_of(
        session, _statement(scope), cap=cap, **scope.values
    ):
        if number or waits:
            is_cut = word in CAPPED and not scope.has_few and number >= cap
            place = word, project_id, stage, priority
            yield Count(*place, number, oldest, waits, first_rank, is_cut)


CAPPED = ("queued", "blocked")
COUNTED_OF_SOME = 2_400
"""What the counts of a narrowed board share: many others are met for each ticket that counts."""
COUNTED_AT_LEAST = 20
"""Each place is counted so far at least, as far as a cell shows cards. In lanes by priority of all
projects places are many, and a cell's number is the sum of those of each project."""


@lru_cache(STATEMENTS_KEPT)
def _statement(scope: Scope) -> CompoundSelect[*tuple[Any, ...]]:
    if scope.has_few:
        done = _counted(scope, "done", *is_done())
        return union_all(_few_open(scope), done)
    return union_all(
        *_queued(scope),
        _blocked(scope),
        _counted(scope, "on_hold", Ticket.state == "on_hold"),
        _counted(scope, "done", *is_done()),
    )


def is_done() -> tuple[Any, Any]:
    """The conditions for what was closed lately."""
    return Ticket.state == "closed", Ticket.closed_at >= now_when_sent(-RECENTLY)


def _few_open(scope: Scope) -> Rows:
    """What doesn't run. Each of few tickets is looked at, once for all: to go through each queue
    for them would be to look at all that are queued."""
    word = case(
        (Ticket.state == "on_hold", "on_hold"),
        (Ticket.open_blockers > 0, "blocked"),
        else_="queued",
    )
    place = word, Ticket.project_id, Ticket.current_stage
    lane = (Ticket.priority,) if scope.lanes == "priority" else ()
    waits = case((word == "queued", Ticket.ready_at))
    oldest = case((~Ticket.in_backoff(), waits))
    counted = func.count(Ticket.ticket_id), func.min(oldest), func.min(waits), null()
    seen = scope.visibility.of(unindexed(Ticket.project_id))
    found = select(*place, *(lane or (literal_column("0", Integer),)), *counted)
    return found.where(~RUNNING, seen, *scope.narrowing()).group_by(*place, *lane)


NOTHING = null(), null(), null()
"""Where nothing is told of a queue's first."""


def _queued(scope: Scope) -> list[Rows]:
    counted = _at_places(scope, "queued", IN_QUEUE).cte("queued").prefix_with("MATERIALIZED")
    # Nothing is looked for where nothing was counted.
    is_any = counted.c.number > 0
    if scope.lanes != "priority":
        since = (case((is_any, one)) for one in _since(scope, counted))
        return [select(literal("queued"), *counted.c, *since, null())]
    # A column tells it of all its lanes: no priority is looked for among all that wait.
    stages = select(counted.c.project_id, counted.c.stage).where(is_any).distinct()
    stage = stages.subquery("stages")
    none = literal_column("0", Integer)
    of_stages = select(literal("queued"), *stage.c, none, none, *_since(scope, stage), null())
    here = select(Ticket.queue_rank).where(*_of_place(scope, counted), IN_QUEUE).correlate(counted)
    first = here.order_by(Ticket.queue_rank).limit(1).scalar_subquery()
    first_rank = case((is_any, first))
    return [of_stages, select(literal("queued"), *counted.c, null(), null(), first_rank)]


def _since(scope: Scope, stage: FromClause) -> Iterator[ScalarSelect[datetime]]:
    here = _of_place(scope, stage, of_lane=False)
    there = select(Ticket.ready_at).where(*here, IN_QUEUE).correlate(stage)
    first = there.order_by(Ticket.ready_at).limit(1)
    return (one.scalar_subquery() for one in (first.where(~Ticket.in_backoff()), first))


def _blocked(scope: Scope) -> Rows:
    counted = _at_places(scope, "blocked", BLOCKED, situation_is("blocked"))
    columns = literal("blocked"), *counted.selected_columns, *NOTHING
    return counted.with_only_columns(*columns, maintain_column_froms=True)


def _at_places(scope: Scope, word: str, condition: Any, *conditions: Any) -> Rows:
    """How many meet the conditions at each stage of each project, up to the cap; the first is that
    of an index which leads from one of these stages to the next."""
    places = stages_with(scope.visibility, condition, f"stages_{word}")
    numbers = (literal_column(str(number), Integer) for number in _priorities(scope))
    one, *others = (select(number.label("priority")) for number in numbers)
    lane = one.union_all(*others).subquery(f"lanes_{word}")
    place = (
        select(places.c.project_id, places.c.stage, lane.c.priority)
        .join_from(places, lane, true())
        .where(places.c.stage != "")
        .subquery(f"places_{word}")
    )
    here = select(Ticket.ticket_id).where(*_of_place(scope, place), condition, *conditions)
    cap = bindparam("cap", type_=Integer())
    return select(*place.c, number_of(here.correlate(place), cap).label("number"))


def _of_place(
    scope: Scope, place: FromClause, *, of_lane: bool = True
) -> list[ColumnElement[bool]]:
    here = [Ticket.project_id == place.c.project_id, Ticket.current_stage == place.c.stage]
    if scope.lanes == "priority" and of_lane:
        here.append(Ticket.priority == place.c.priority)
    return [*here, *scope.narrowing(in_order=True)]


def _priorities(scope: Scope) -> range:
    """Of which it is counted apart; a single one stands for all."""
    return range(len(PRIORITIES) if scope.lanes == "priority" else 1)


def _counted(scope: Scope, word: str, *conditions: Any) -> Rows:
    """What stands in one column whatever its stage is. Of all that are in a project an index knows
    how many; to know more of them is to look at each."""
    any_ = literal_column("0", Integer)
    if scope.is_narrowed or scope.lanes == "priority":
        narrowing = scope.narrowing(of_few=word == "done", in_order=True)
        found = *conditions, scope.visibility.of(Ticket.project_id), *narrowing
        is_by_priority = scope.lanes == "priority"
        lane: Any = Ticket.priority if is_by_priority else Ticket.project_id
        place = (literal(scope.project), null(), lane) if is_by_priority else (lane, null(), any_)
        counted = select(literal(word), *place, func.count(), *NOTHING)
        # SQLite with statistics would rather go through all tickets, in the order of their groups.
        return counted.where(*found).group_by(unindexed(lane))
    name = Project.repository_name
    there = select(func.count()).select_from(Ticket).where(Ticket.project_id == name, *conditions)
    number = there.correlate(Project).scalar_subquery()
    counted = select(literal(word), name, null(), any_, number, *NOTHING)
    return counted.where(scope.visibility.of(name))
