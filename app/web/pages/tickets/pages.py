"""The list of tickets, and a ticket's own page."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue as Answer

from app.db.base import db
from app.db.full_text import NEWEST_MAX
from app.forms.comment import CommentForm
from app.forms.ticket import NUMBER_OF
from app.forms.ticket_verbs import SHOWN, DependencyForm, actions_for, forms_for
from app.models.label import LABELS_MAX
from app.queries.choices import label_names, project_names, worker_type_names
from app.queries.paging import COUNT_CAP
from app.queries.tickets.brief import brief_sections, brief_sizes
from app.queries.tickets.conditions import STATES, TicketFilter
from app.queries.tickets.list import (
    NEWEST_FIRST,
    SEARCH_MAX,
    SORTS,
    list_tickets,
    list_version,
)
from app.queries.tickets.plan import stage_cards
from app.queries.tickets.timeline import tell_story
from app.queries.tickets.view import TicketView, ticket_version, view_ticket
from app.web.auth.access import page
from app.web.auth.identity import current_visibility
from app.web.http.live import is_unchanged, stamp, wants_region
from app.web.pages.listing import Listing
from app.web.pages.loading import load_ticket, require_ticket
from app.web.pages.tickets.blueprint import blueprint

REFRESH_SECONDS = 5
SEARCH_REFRESH_SECONDS = 30
"""Words that many texts hold cost more than a filter: too much to repeat it with every event."""


class Choices(NamedTuple):
    """What the list can be narrowed to."""

    projects: tuple[str, ...]
    stages: tuple[str, ...]
    labels: tuple[str, ...]


@blueprint.get("/tickets")
@page(role="viewer")
def index() -> Answer:
    """Tickets that match the address, a page at a time."""
    listing = Listing(
        sorts=SORTS, default="-updated", newest_first=NEWEST_FIRST, repeated=("label",)
    )
    projects = project_names(db.session(), current_visibility())
    project = listing.choice("project", projects)
    version = stamp(list_version(db.session(), current_visibility(), project))
    if is_unchanged(version):
        return "", 204
    choices = _choices(projects, project)
    name = "tickets/_list_refresh.html" if wants_region() else "tickets/index.html"
    page = render_template(name, **_list_context(listing, project, choices, version))
    # A region's address was understood as far as it could be when its page was opened.
    return page, 200 if wants_region() else listing.status


def _choices(projects: list[str], project: str) -> Choices:
    session, visibility = db.session(), current_visibility()
    stages = worker_type_names(session, visibility, project)
    return Choices(tuple(projects), tuple(stages), tuple(label_names(session, visibility)))


def _list_context(listing: Listing, project: str, choices: Choices, version: str) -> dict[str, Any]:
    """What the parts of the list show."""
    wanted = _wanted(listing, project, choices)
    order = listing.sort, listing.descending
    return {
        "listing": listing,
        "wanted": wanted,
        "choices": choices,
        "found": list_tickets(db.session(), current_visibility(), wanted, *order, listing.page),
        "count_cap": COUNT_CAP,
        "search_newest": NEWEST_MAX,
        "refresh_url": listing.url(v=version),
        "refresh_seconds": SEARCH_REFRESH_SECONDS if wanted.text else REFRESH_SECONDS,
    }


def _wanted(listing: Listing, project: str, choices: Choices) -> TicketFilter:
    text = listing.value("q")
    if len(text) > SEARCH_MAX:
        listing.problems.append(f"A search has at most {SEARCH_MAX} characters.")
        text = text[:SEARCH_MAX]
    labels = tuple(listing.values("label"))
    if len(labels) > LABELS_MAX:
        listing.problems.append(f"A ticket has at most {LABELS_MAX} labels; these are more.")
        labels = labels[:LABELS_MAX]
    return TicketFilter(
        project=project,
        state=listing.choice("state", STATES) or "open",
        stage=listing.choice("stage", choices.stages),
        priority=listing.choice("priority", tuple(NUMBER_OF)),
        labels=labels,
        text=text,
    )


@blueprint.get("/tickets/<ticket_id>")
@page(role="viewer")
def show(ticket_id: str) -> Answer:
    """A ticket with its plan and its story."""
    require_ticket(ticket_id)
    version = stamp(ticket_version(db.session(), ticket_id))
    if is_unchanged(version):
        return "", 204
    view = view_ticket(db.session(), ticket_id)
    name = "tickets/_region.html" if wants_region() else "tickets/show.html"
    return render_template(name, comment_form=CommentForm(), **ticket_page_context(view, version))


def ticket_page_context(view: TicketView, version: str) -> dict[str, Any]:
    """What the parts of a ticket's page show."""
    in_full = request.args.get("all") == "1"
    ticket_id = view.ticket.ticket_id
    return {
        "view": view,
        "stages": stage_cards(view),
        "story": tell_story(db.session(), view, in_full=in_full),
        "sizes": brief_sizes(db.session(), view),
        "actions": actions_for(view),
        "shown": SHOWN.get(view.situation, 1),
        "forms": forms_for(view),
        "depend_form": DependencyForm(),
        "region_url": url_for(
            "tickets.show", ticket_id=ticket_id, all="1" if in_full else None, v=version
        ),
    }


@blueprint.get("/tickets/<ticket_id>/brief")
@page(role="viewer")
def brief(ticket_id: str) -> Answer:
    """What the worker of the next stage reads."""
    return render_template(
        "tickets/brief.html",
        ticket=load_ticket(ticket_id),
        sections=brief_sections(db.session(), ticket_id),
    )
