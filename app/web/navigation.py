"""What every page's frame shows: the sidebar's counters, who is here, and the theme."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, request
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.queries.navigation import navigation
from app.web.identity import current_name, current_theme
from app.web.live import wants_region

SECTIONS = {
    "dashboard": "dashboard",
    "projects": "projects",
    "worker_types": "projects",
    "plan_templates": "projects",
    "tickets": "tickets",
    "comments": "tickets",
    "workers": "workers",
    "events": "events",
}
"""The part of the navigation that each blueprint belongs to."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The sidebar."""

    section: str | None
    who: str
    tickets_open: int
    workers_live: int
    events_unprocessed: int
    projects: list[tuple[str, int]]


def register(app: Flask) -> None:
    """Give every page its frame."""
    app.context_processor(_frame)


def _frame() -> dict[str, Any]:
    # A region is drawn inside a page that has its frame already.
    nav = None if wants_region() else _navigation()
    return {"nav": nav, "theme": current_theme()}


def _navigation() -> Frame | None:
    try:
        counts = navigation(db.session())
    except SQLAlchemyError:
        return None  # an error page must come up even when the database doesn't
    return Frame(
        section=SECTIONS.get(request.blueprint or ""),
        who=current_name(),
        tickets_open=counts.tickets_open,
        workers_live=counts.workers_live,
        events_unprocessed=counts.events_unprocessed,
        projects=counts.projects,
    )
