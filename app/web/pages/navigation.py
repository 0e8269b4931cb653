"""What every page's frame shows: the sidebar's counters, who is here, and the theme."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Flask, g, request
from sqlalchemy.exc import SQLAlchemyError

from app.db.base import db
from app.queries.navigation import navigation
from app.queries.paging import COUNT_CAP
from app.values import immutable
from app.web.auth.identity import Person, current_person
from app.web.http.live import wants_region
from app.web.pages.inbox import number_of_mentions
from app.web.pages.shared import shared

SECTIONS = {
    "dashboard": "dashboard",
    "search": "search",
    "board": "board",
    "projects": "projects",
    "members": "projects",
    "worker_types": "projects",
    "plan_templates": "projects",
    "tickets": "tickets",
    "saved_views": "tickets",
    "comments": "tickets",
    "workers": "workers",
    "connect": "connect",
    "inbox": "inbox",
    "events": "inbox",
    "statistics": "statistics",
    "people": "people",
    "api_tokens": "tokens",
    "audit": "audit",
    "accounts": "account",
}
"""The part of the navigation that each blueprint belongs to."""


@immutable
class Frame:
    """The sidebar. `project`: the one of its projects whose pages these are."""

    section: str | None
    project: str | None
    tickets_open: int
    workers_live: int
    calls: int
    projects: tuple[tuple[str, int], ...]
    project_cap: int
    count_cap: int = COUNT_CAP


def register(app: Flask) -> None:
    """Give every page its frame."""
    app.context_processor(_frame)


def _frame() -> dict[str, Any]:
    try:
        # An error page without a frame asks the database for nothing.
        person = None if "has_no_frame" in g else current_person()
        # A region is drawn inside a page that has its frame already.
        nav = _navigation(person) if person and not wants_region() else None
    except SQLAlchemyError:
        person = nav = None  # an error page must come up even when the database doesn't
    return {"person": person, "nav": nav, "theme": person.theme if person else "system"}


def _navigation(person: Person) -> Frame:
    counts = shared("sidebar", partial(navigation, db.session(), person.visibility))
    return Frame(
        section=SECTIONS.get(request.blueprint or ""),
        project=next((name for name, _ in counts.projects if _is_page_of(name)), None),
        tickets_open=counts.tickets_open,
        workers_live=counts.workers_live,
        calls=min(counts.calls + number_of_mentions(), COUNT_CAP),
        projects=counts.projects,
        project_cap=counts.project_cap,
    )


def _is_page_of(project: str) -> bool:
    home = f"/projects/{project}"
    return request.path == home or request.path.startswith(f"{home}/-/")
