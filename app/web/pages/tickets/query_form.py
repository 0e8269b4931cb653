"""The box of a query with its drop-downs and chips, as lists and boards show it."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from app.db.base import db
from app.errors import NotFound
from app.models import SavedView
from app.queries.choices import LABELS_OFFERED, label_names, project_names, worker_type_names
from app.queries.language.fields import FIELDS
from app.queries.language.query import Query
from app.queries.tickets.people import known_people
from app.visibility import Visibility
from app.web.auth.identity import current_visibility, require_person
from app.web.http import live
from app.web.pages.saved_views import visible_view
from app.web.pages.shared import version_of_board
from app.web.pages.tickets.asked import QueryListing

HELP = tuple((field.name, field.help_line, field.words) for field in FIELDS.values())


class Choices(NamedTuple):
    """What a query can be narrowed to."""

    projects: tuple[str, ...]
    stages: tuple[str, ...]
    labels: tuple[str, ...]


NO_CHOICES = Choices((), (), ())


def form_context(listing: QueryListing) -> dict[str, Any]:
    """What the box, its drop-downs and its chips show."""
    session, visibility = db.session(), current_visibility()
    project = listing.project or listing.query.only_value("project")
    choices = NO_CHOICES
    # Without a query of a page that has no drop-downs there are no names to offer or to check.
    if listing.layout or listing.query:
        version = live.stamp(version_of_board())
        read = partial(_choices, session, visibility, project)
        choices = live.of_version(f"choices of {project}", version, read)
    listing.check_names(_known(listing.query, choices))
    view = _view_shown(listing)
    return {
        "listing": listing,
        "query": listing.query,
        "choices": choices,
        "fields": HELP,
        "view": view,
        "may_edit_view": view is not None and (not view.is_shared or require_person().may("lead")),
    }


def _view_shown(listing: QueryListing) -> SavedView | None:
    """The view that the page was opened with; it may be gone meanwhile."""
    if listing.view is None:
        return None
    try:
        return visible_view(db.session(), listing.view)
    except NotFound:
        return None


def _choices(session: Session, visibility: Visibility, project: str) -> Choices:
    projects = project_names(session, visibility)
    stages = worker_type_names(session, visibility, project if project in projects else "")
    return Choices(tuple(projects), tuple(stages), tuple(label_names(session, visibility)))


def _known(query: Query, choices: Choices) -> dict[str, Collection[str]]:
    """The names that fields of the query may have."""
    known: dict[str, Collection[str]] = {"project": choices.projects, "stage": choices.stages}
    if len(choices.labels) < LABELS_OFFERED:
        known["label"] = choices.labels
    if names := query.values_of("assignee"):
        people = known_people(db.session(), [name.lower() for name in names])
        known["assignee"] = [name for name in names if name.lower() in people]
    return known
