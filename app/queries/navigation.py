"""What the sidebar of every page counts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, literal, select, true
from sqlalchemy.orm import Session

from app.db.plans import PLANNED_ONCE
from app.db.rows import rows_of
from app.models import Project, Ticket, Worker
from app.queries.inbox.list import number_of_items
from app.queries.paging import COUNT_CAP, number_of, shared_cap_of
from app.queries.tickets.conditions import state_is
from app.queries.workers.conditions import is_live
from app.values import immutable
from app.visibility import STATEMENTS_KEPT, Visibility

SHOWN_PROJECTS = 12


@immutable
class Navigation:
    """Counters, and the projects with most open tickets, which are counted up to `project_cap`."""

    tickets_open: int
    workers_live: int
    calls: int
    projects: tuple[tuple[str, int], ...]
    project_cap: int


def navigation(session: Session, visibility: Visibility) -> Navigation:
    """One query, served by indexes."""
    rows = rows_of(session, _statement(visibility)).all()
    tickets_open, workers_live, calls, project_cap, *_ = rows[0]
    return Navigation(
        tickets_open,
        workers_live,
        min(calls, COUNT_CAP),
        # Without a project there is one row, with NULL for it.
        projects=tuple((name, count) for *_, name, count in rows if name is not None),
        project_cap=project_cap,
    )


@lru_cache(STATEMENTS_KEPT)
def _statement(visibility: Visibility) -> Select[*tuple[Any, ...]]:
    is_listed = Project.archived_at.is_(None), visibility.of(Project.repository_name)
    cap = shared_cap_of(select(func.count()).where(*is_listed).correlate(None).scalar_subquery())
    counts = select(
        _some(Ticket, state_is("open"), visibility.of(Ticket.project_id)).label("tickets_open"),
        _some(Worker, is_live(), visibility.of(Worker.project_id)).label("workers_live"),
        number_of_items(visibility).label("calls"),
        cap.label("project_cap"),
    ).subquery()
    here = Ticket.project_id == Project.repository_name
    of_project = _some(Ticket, here, state_is("open"), cap=cap)
    open_count = of_project.label("open_count")
    projects = (
        select(Project.repository_name, open_count)
        .where(*is_listed)
        .order_by(open_count.desc(), Project.repository_name)
        .limit(SHOWN_PROJECTS)
        .subquery()
    )
    return (
        select(counts, projects)
        .outerjoin_from(counts, projects, true())
        .order_by(projects.c.open_count.desc(), projects.c.repository_name)
        .execution_options(**PLANNED_ONCE)
    )


def _some(
    table: Any, *conditions: ColumnElement[bool], cap: int | ColumnElement[int] = COUNT_CAP
) -> ScalarSelect[int]:
    found = select(literal(1)).select_from(table).where(*conditions)
    return number_of(found.correlate(Project), cap)
