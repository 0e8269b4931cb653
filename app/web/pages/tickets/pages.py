"""The list of tickets, and a ticket's own page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue as Answer
from markupsafe import Markup

from app import rendering
from app.db.base import db
from app.db.full_text import NEWEST_MAX
from app.forms.comment import CommentForm
from app.forms.ticket_content import TaskForm
from app.forms.ticket_verbs import SHOWN, DependencyForm, actions_for, forms_for
from app.queries.language import completion
from app.queries.paging import COUNT_CAP
from app.queries.search.choices import tickets_to_choose
from app.queries.tickets.brief import brief_sections, brief_sizes
from app.queries.tickets.list import SEARCH_MAX, TicketList, list_tickets, list_version
from app.queries.tickets.people import people_to_name
from app.queries.tickets.plan import stage_cards
from app.queries.tickets.references import references
from app.queries.tickets.timeline import tell_story
from app.queries.tickets.view import TicketView, ticket_version, view_ticket
from app.web.auth.access import page
from app.web.auth.identity import current_reader, current_visibility
from app.web.http import live
from app.web.http.live import Audience, is_unchanged, stamp, wants_region
from app.web.pages.inbox import note_seen
from app.web.pages.loading import load_ticket, require_ticket
from app.web.pages.saved_views import views_of_person
from app.web.pages.shared import version_of_board
from app.web.pages.tickets.asked import QueryListing
from app.web.pages.tickets.blueprint import blueprint
from app.web.pages.tickets.display import Display
from app.web.pages.tickets.neighbours import beside_in_list, place_before
from app.web.pages.tickets.query_form import form_context

REFRESH_SECONDS = 5
SEARCH_REFRESH_SECONDS = 30
"""Words that many texts hold cost more than a filter: too much to repeat it with every event."""


@blueprint.get("/tickets")
@page(role="viewer")
def index() -> Answer:
    """Tickets that the query in the address finds, a page at a time."""
    listing = QueryListing(layout="list")
    if listing.is_form:
        return redirect(listing.url(page=None), 303)
    if listing.is_bare and (
        view := next(filter(attrgetter("is_default"), views_of_person()), None)
    ):
        return redirect(url_for("saved_views.show", view_id=view.id), 303)
    if not listing.is_understood:
        return render_template("tickets/index.html", **form_context(listing)), listing.status
    project = listing.query.only_value("project")
    version = stamp(_list_version(project))
    if is_unchanged(version):
        return "", 204
    name = "tickets/_list_refresh.html" if wants_region() else "tickets/index.html"
    context = _list_context(listing, version)
    # A region's address was understood as far as it could be when its page was opened.
    return render_template(name, **context), 200 if wants_region() else listing.status


def _list_version(project: str) -> object:
    if project:
        return list_version(db.session(), current_visibility(), project)
    return version_of_board()  # its parts are read with it


class Drawn(NamedTuple):
    """The list's region, and what was found for it."""

    found: TicketList
    region: Markup


def _list_context(listing: QueryListing, version: str) -> dict[str, Any]:
    """What the parts of the page show."""
    form = form_context(listing)
    display = Display.of(form["view"])
    shown = {**form, "display": display, "wanted": listing.wanted, "count_cap": COUNT_CAP}
    draw = partial(_draw, listing, shown, version)
    wanted = listing.wanted
    if wanted.has_text or wanted.is_personal:
        drawn = draw(live.audience(), version)  # hardly a search comes twice
    else:
        drawn = live.shared(f"{listing.url()} {display}", stamp(version_of_board()), draw)
    return {**shown, "found": drawn.found, "region": drawn.region}


def _draw(
    listing: QueryListing, shown: dict[str, Any], version: str, audience: Audience, _: str
) -> Drawn:
    wanted = listing.wanted
    found = list_tickets(
        db.session(),
        audience.visibility,
        wanted,
        current_reader(),
        listing.page,
        shown["display"].size,
    )
    region = audience.draw(
        "tickets/_list.html",
        **shown,
        found=found,
        search_newest=NEWEST_MAX,
        refresh_url=listing.url(v=version),
        refresh_seconds=SEARCH_REFRESH_SECONDS if wanted.has_text else REFRESH_SECONDS,
    )
    return Drawn(found, region)


@blueprint.get("/tickets/-/suggestions")
@page(role="viewer")
def suggest() -> Answer:
    """What the word before the cursor may become, as one types a query."""
    typed = request.args.get("q", "")
    at = request.args.get("at", default=len(typed), type=int)
    found = completion.complete(typed, at, db.session(), current_visibility())
    return render_template("tickets/_suggestions.html", suggestions=found)


@blueprint.get("/tickets/-/people")
@page(role="member")
def name() -> Answer:
    """The people whom the word before the cursor may name, as one types a text."""
    typed, project = request.args.get("q", ""), request.args.get("project", "")
    at = request.args.get("at", default=len(typed), type=int)
    found = people_to_name(db.session(), current_visibility(), project, typed, at)
    return render_template("tickets/_suggestions.html", suggestions=found)


@blueprint.get("/tickets/-/choices")
@page(role="viewer")
def choose() -> Answer:
    """The tickets of a project that what is typed into a field may mean."""
    typed = (request.args.get("other_id") or request.args.get("parent_id", "")).strip()
    project = request.args.get("project", "")
    is_usable = 0 < len(typed) <= SEARCH_MAX
    found = (
        tickets_to_choose(db.session(), current_visibility(), project, typed) if is_usable else []
    )
    return render_template("tickets/_choices.html", choices=found)


@blueprint.get("/tickets/<ticket_id>")
@page(role="viewer")
def show(ticket_id: str) -> Answer:
    """A ticket with its plan and its story."""
    require_ticket(ticket_id)
    if not wants_region():
        if came := place_before():
            return redirect(f"{request.script_root}{request.path}?{came}", 303)
        note_seen(ticket_id)
    version = stamp(ticket_version(db.session(), ticket_id))
    if is_unchanged(version):
        return "", 204
    view = view_ticket(db.session(), ticket_id)
    name = "tickets/_region.html" if wants_region() else "tickets/show.html"
    beside = None if wants_region() else beside_in_list(ticket_id)
    context = ticket_page_context(view, version, request.args)
    return render_template(name, comment_form=CommentForm(), beside=beside, **context)


def ticket_page_context(view: TicketView, version: str, asked: Mapping[str, str]) -> dict[str, Any]:
    """What the parts of a ticket's page show. `asked`: what its address asks for."""
    in_full = asked.get("all") == "1"
    stage = stage_asked(asked.get("stage", ""), view)
    ticket_id = view.ticket.ticket_id
    story = tell_story(db.session(), view, in_full=in_full, stage=stage)
    note_references(view, *story.texts, ids=story.ids)
    return {
        "view": view,
        "stages": stage_cards(view),
        "stage_shown": stage,
        "story": story,
        "sizes": brief_sizes(db.session(), view),
        "actions": actions_for(view),
        "shown": SHOWN.get(view.situation, 1),
        "forms": forms_for(view),
        "task_form": TaskForm.of(view.ticket.description),
        "depend_form": DependencyForm(),
        "region_url": url_for(
            "tickets.show",
            ticket_id=ticket_id,
            all="1" if in_full else None,
            stage=stage,
            v=version,
        ),
    }


def note_references(view: TicketView, *texts: str | None, ids: Iterable[str] = ()) -> None:
    """Find out what the ticket's own texts and these refer to, before they are drawn."""
    asks = view.hold.reason if view.hold else None
    project_id, written = view.ticket.project_id, [view.ticket.description, asks, *texts]
    rendering.know(references(db.session(), current_visibility(), project_id, written, ids))


def stage_asked(typed: str, view: TicketView) -> int | None:
    """The stage whose part of the timeline is wanted, if there is one of that number."""
    numbers = map(str, range(1, len(view.ticket.execution_plan) + 1))
    return int(typed) if typed in numbers else None


@blueprint.get("/tickets/<ticket_id>/brief")
@page(role="viewer")
def brief(ticket_id: str) -> Answer:
    """What the worker of the next stage reads."""
    return render_template(
        "tickets/brief.html",
        ticket=load_ticket(ticket_id),
        sections=brief_sections(db.session(), ticket_id),
    )
