"""How many tickets stand where: one statement, each part of it served by an index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import CompoundSelect, and_, case, func, literal, null, select, union_all
from sqlalchemy.orm import Session

from app.db.columns import now_when_sent
from app.db.rows import rows_of
from app.models import Project, StageRun, Ticket
from app.models.ticket import IN_QUEUE
from app.queries.board.scope import Scope
from app.queries.queues import Rows
from app.queries.tickets.conditions import situation_is
from app.visibility import STATEMENTS_KEPT

RECENTLY = timedelta(days=7)
"""So long a closed ticket stands on the board."""


@dataclass(frozen=True, slots=True)
class Count:
    """Tickets of one priority at one stage. `word`: queued, running, blocked, on_hold or done.

    `ready`: how many of those queued may be taken now; `oldest`: since when the first of them, and
    `waits` since when the first of all that are queued.
    """

    word: str
    project_id: str
    stage: str | None
    priority: int
    number: int
    ready: int
    oldest: datetime | None
    waits: datetime | None


def counts(session: Session, scope: Scope) -> Iterator[Count]:
    """All that there is to count."""
    make = _statement if scope.matches is not None else _kept_statement
    for row in rows_of(session, make(scope), **scope.values):
        if row[4]:
            yield Count(*row)


def _statement(scope: Scope) -> CompoundSelect[*tuple[Any, ...]]:
    return union_all(
        _queued(scope),
        _running(scope),
        _counted(scope, "blocked", situation_is("blocked")),
        _counted(scope, "on_hold", Ticket.state == "on_hold"),
        _counted(scope, "done", *is_done()),
    )


_kept_statement = lru_cache(STATEMENTS_KEPT)(_statement)


def is_done() -> tuple[Any, Any]:
    """The conditions for what was closed lately."""
    return Ticket.state == "closed", Ticket.closed_at >= now_when_sent(-RECENTLY)


def _queued(scope: Scope) -> Rows:
    rested = ~Ticket.in_backoff()
    # As in queues: the outer join lets SQLite find each queue by its index.
    is_there = and_(Ticket.project_id == Project.repository_name, IN_QUEUE, *scope.narrowing())
    return (
        select(
            literal("queued").label("word"),
            Project.repository_name.label("project_id"),
            Ticket.current_stage.label("stage"),
            Ticket.priority.label("priority"),
            func.count(Ticket.ticket_id),
            func.count(case((rested, Ticket.ticket_id))),
            func.min(case((rested, Ticket.ready_at))),
            func.min(Ticket.ready_at),
        )
        .select_from(Project)
        .outerjoin(Ticket, is_there)
        .where(scope.visibility.of(Project.repository_name))
        .group_by(Project.repository_name, Ticket.current_stage, Ticket.priority)
    )


def _running(scope: Scope) -> Rows:
    return (
        _grouped("running")
        .select_from(StageRun)
        .join(Ticket, Ticket.ticket_id == StageRun.ticket_id)
        # As in queues: with `|| ''` no index leads to all of the project's tickets instead.
        .where(
            StageRun.finished_at.is_(None),
            scope.visibility.of(Ticket.project_id.concat("")),
            *scope.narrowing(),
        )
    )


def _counted(scope: Scope, word: str, *conditions: Any) -> Rows:
    seen = scope.visibility.of(Ticket.project_id)
    return _grouped(word).where(*conditions, seen, *scope.narrowing())


def _grouped(word: str) -> Rows:
    columns = Ticket.project_id, Ticket.current_stage, Ticket.priority
    counted = (func.count(Ticket.ticket_id), literal(0), null(), null())
    return select(literal(word), *columns, *counted).group_by(*columns)
