"""The list of projects, and what one of them holds."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ScalarSelect, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db.plans import PLANNED_ONCE, unindexed
from app.db.rows import rows_of
from app.models import (
    Comment,
    Event,
    PlanTemplate,
    Project,
    StageRun,
    Ticket,
    Worker,
    WorkerType,
)
from app.queries.inbox.tickets import number_at_gates
from app.queries.keyset import Order, Slice, take_slice
from app.queries.paging import number_of
from app.queries.queues import running_by_project
from app.queries.tickets.conditions import RUNNING, state_is
from app.queries.workers.conditions import is_live
from app.values import immutable
from app.visibility import STATEMENTS_KEPT, Visibility

BY_NAME = Order("repository_name", (Project.repository_name.expression,))


@immutable
class Overview:
    """One project in the list."""

    name: str
    short_description: str | None
    archived_at: datetime | None
    members_only: bool
    last_activity: datetime | None
    open: int
    running: int
    waiting: int
    on_hold: int
    live_workers: int


@immutable
class Contents:
    """How many rows go when a project is deleted; `running`: claims that workers hold now. How many
    tickets is worth knowing exactly; what each of them has is counted up to `COUNT_CAP`."""

    tickets: int
    comments: int
    runs: int
    running: int
    events: int
    workers: int
    worker_types: int
    templates: int


@immutable
class Tabs:
    """What the tabs of a project's pages count; tickets up to `COUNT_CAP`."""

    open_tickets: int
    worker_types: int
    templates: int
    live_workers: int


def overviews(session: Session, visibility: Visibility) -> list[Overview]:
    """Every project to be seen with its counts, in three queries; those with most open tickets
    first. Tickets are counted up to `COUNT_CAP`, those at gates up to it at each gate."""
    running = running_by_project(session, visibility)
    live_workers = _live_workers(session)
    rows = [
        Overview(
            name,
            short_description,
            archived_at,
            members_only,
            last_activity,
            open=open_,
            on_hold=on_hold,
            running=running[name],
            waiting=waiting,
            live_workers=live_workers[name],
        )
        for (
            name,
            short_description,
            archived_at,
            members_only,
            last_activity,
            open_,
            on_hold,
            waiting,
        ) in rows_of(session, _projects(visibility))
    ]
    return sorted(rows, key=lambda row: (-row.open, row.name.lower()))


def project_slice(
    session: Session, visibility: Visibility, *, archived: bool, cursor: str | None, limit: int
) -> Slice:
    """Some projects by name, at work or archived, with every fact about each."""
    rows = select(*Project.__table__.columns)
    rows = rows.where(
        Project.archived_at.is_not(None) == archived, visibility.of(Project.repository_name)
    )
    return take_slice(session, rows, BY_NAME, cursor=cursor, limit=limit)


def contents(session: Session, project_id: str) -> Contents:
    """What goes with a project, counted in one query."""
    # Claimed tickets are few, and SQLite would look at each that the project has.
    running = select(func.count()).where(unindexed(Ticket.project_id) == project_id, RUNNING)
    counts = (
        select(func.count()).where(Ticket.project_id == project_id).scalar_subquery(),
        _number_of_tickets(project_id, Comment.ticket_id),
        _number_of_tickets(project_id, StageRun.ticket_id),
        running.scalar_subquery(),
        number_of(select(Event.id).where(Event.project_id == project_id)),
        select(func.count()).where(Worker.project_id == project_id).scalar_subquery(),
        select(func.count()).where(WorkerType.project_id == project_id).scalar_subquery(),
        select(func.count()).where(PlanTemplate.project_id == project_id).scalar_subquery(),
    )
    return Contents(*session.execute(select(*counts)).one())


def _number_of_tickets(project_id: str, column: InstrumentedAttribute[str]) -> ScalarSelect[int]:
    """How many rows of another table name a ticket of the project in this column, up to
    `COUNT_CAP`."""
    tickets = select(Ticket.ticket_id).where(Ticket.project_id == project_id)
    # One by one: PostgreSQL would read the other table, or all tickets, for a thousand of them, and
    # join by `==` with all that it has read.
    one = tickets.cte(f"of_{column.class_.__tablename__}")
    one = one.prefix_with("MATERIALIZED", dialect="postgresql")
    found = column.between(one.c.ticket_id, one.c.ticket_id)
    return number_of(select(one.c.ticket_id).where(found))


def tabs(session: Session, project_id: str) -> Tabs:
    """The counts beside the tabs, in one query."""
    open_tickets = select(Ticket.ticket_id).where(Ticket.project_id == project_id, state_is("open"))
    counts = (
        number_of(open_tickets),
        select(func.count()).where(WorkerType.project_id == project_id).scalar_subquery(),
        select(func.count()).where(PlanTemplate.project_id == project_id).scalar_subquery(),
        select(func.count()).where(Worker.project_id == project_id, is_live()).scalar_subquery(),
    )
    return Tabs(*session.execute(select(*counts)).one())


@lru_cache(STATEMENTS_KEPT)
def _projects(visibility: Visibility) -> Select[*tuple[Any, ...]]:
    last_event = (
        select(Event.created_at)
        .where(Event.project_id == Project.repository_name)
        .order_by(Event.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    overviews = select(
        Project.repository_name,
        Project.short_description,
        Project.archived_at,
        Project.members_only,
        last_event,
        number_in("open"),
        number_in("on_hold"),
        number_at_gates(WorkerType.project_id == Project.repository_name),
    ).where(visibility.of(Project.repository_name))
    return overviews.execution_options(**PLANNED_ONCE)


def number_in(state: str) -> ScalarSelect[int]:
    """How many tickets of the project beside it are in one of the states, up to `COUNT_CAP`."""
    return number_of(
        select(Ticket.ticket_id)
        .where(Ticket.project_id == Project.repository_name, state_is(state))
        .correlate(Project)
    )


def _live_workers(session: Session) -> Counter[str]:
    return _counts(
        session,
        select(Worker.project_id, func.count()).where(is_live()).group_by(Worker.project_id),
    )


def _counts(session: Session, rows: Select[str, int]) -> Counter[str]:
    return Counter(dict(session.execute(rows).all()))
