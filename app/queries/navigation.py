"""What the sidebar of every page counts."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Project, Ticket, Worker
from app.queries.inbox.list import number_of_items
from app.queries.paging import COUNT_CAP
from app.queries.tickets.conditions import NOT_CLOSED
from app.queries.workers.conditions import is_live
from app.visibility import Visibility

SHOWN_PROJECTS = 12


@dataclass(frozen=True, slots=True)
class Navigation:
    """Counters, and the projects with most open tickets."""

    tickets_open: int
    workers_live: int
    calls: int
    projects: list[tuple[str, int]]


def navigation(session: Session, visibility: Visibility) -> Navigation:
    """Two queries, each served by indexes."""
    counts = session.execute(
        select(
            select(func.count())
            .where(NOT_CLOSED, visibility.of(Ticket.project_id))
            .scalar_subquery(),
            select(func.count())
            .where(is_live(), visibility.of(Worker.project_id))
            .scalar_subquery(),
            number_of_items(visibility),
        )
    ).one()
    tickets_open, workers_live, calls = counts
    open_count = (
        select(func.count())
        .where(Ticket.project_id == Project.repository_name, NOT_CLOSED)
        .scalar_subquery()
        .label("open_count")
    )
    projects = session.execute(
        select(Project.repository_name, open_count)
        .where(Project.archived_at.is_(None), visibility.of(Project.repository_name))
        .order_by(open_count.desc(), Project.repository_name)
        .limit(SHOWN_PROJECTS)
    )
    return Navigation(
        tickets_open,
        workers_live,
        min(calls, COUNT_CAP),
        projects=[(name, count) for name, count in projects],
    )
