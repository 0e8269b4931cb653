"""The log: everything that happened, and marking it as dealt with."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue as Answer

from app.db.base import db
from app.events import DESCRIPTIONS
from app.forms.event import LONGEST_ID, ProcessForm
from app.models.event import EVENT_TYPES
from app.queries.choices import project_names
from app.queries.events.filter import EventFilter
from app.queries.events.list import count_events, event_page, event_row
from app.web.auth.access import page
from app.web.auth.identity import current_visibility
from app.web.http import live
from app.web.http.saving import save
from app.web.pages.inbox import mark_dealt_with, tell
from app.web.pages.listing import Listing
from app.web.pages.phrases import deed, event_sentence, pill_text, plain, ticket_sentence, tone

blueprint = Blueprint("events", __name__)
blueprint.add_app_template_filter(event_sentence, "sentence")
blueprint.add_app_template_filter(ticket_sentence, "ticket_sentence")
blueprint.add_app_template_filter(deed, "deed")
blueprint.add_app_template_filter(tone, "tone")
blueprint.add_app_template_filter(pill_text, "event_pill")
blueprint.add_app_template_filter(plain, "plain")

PROCESSED = {"no": False, "yes": True, "any": None}
PARTS = ("show", "processed", "type", "project", "ticket", "worker", "before")
"""What the address of a list may say."""


@blueprint.get("/events")
@page(role="viewer")
def index() -> Answer:
    """The list, as its address filters it. The inbox had this address without a filter."""
    if request.args.get("show") == "attention" or request.args.keys() <= {"project"}:
        return redirect(url_for("inbox.index", project=request.args.get("project")))
    return _list(ProcessForm(formdata=None))


@blueprint.post("/events")
@page(role="member")
def process() -> Answer:
    """Mark the picked events as dealt with, and show the same list again."""
    form = ProcessForm()
    if marked := save(form, partial(mark_dealt_with, form)):
        tell(marked)
        return redirect(_list_url(), 303)
    return _list(form)


@blueprint.get("/events/<int:event_id>")
@page(role="viewer")
def show(event_id: int) -> Answer:
    """One event in full, with the form that marks it as dealt with."""
    event = event_row(db.session(), current_visibility(), event_id)
    form = ProcessForm(formdata=None)
    return render_template("events/show.html", event=event, form=form, list_url=_list_url())


def _list(form: ProcessForm) -> Answer:
    listing = Listing()
    session, visibility = db.session(), current_visibility()
    projects = project_names(session, visibility)
    wanted = _wanted(listing, projects)
    page = event_page(session, visibility, wanted, before=_before(listing))
    version = live.stamp(page.version)
    if live.is_unchanged(version):
        return "", 204
    answer = render_template(
        "events/_region.html" if live.wants_region() else "events/index.html",
        listing=listing,
        wanted=wanted,
        page=page,
        total=count_events(session, visibility, wanted, page.lead),
        projects=[(name, name) for name in projects],
        names={event_type: told.name for event_type, told in DESCRIPTIONS.items()},
        form=form,
        query=listing.url().removeprefix(request.script_root + request.path),
        refresh_url=listing.url(v=version),
    )
    return answer, listing.status if form.status == 200 else form.status


def _wanted(listing: Listing, projects: Collection[str]) -> EventFilter:
    listing.choice("show", ("attention", "all"))
    return EventFilter(
        processed=PROCESSED[listing.choice("processed", tuple(PROCESSED)) or "any"],
        event_type=listing.choice("type", EVENT_TYPES),
        project=listing.choice("project", projects),
        ticket=listing.value("ticket"),
        worker=listing.value("worker"),
    )


def _before(listing: Listing) -> int | None:
    text = listing.value("before")
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_ID:
        return int(text)
    if text:
        listing.problems.append(f"There is no event “{text}” to page from.")
    return None


def _list_url() -> str:
    parts = {part: request.args[part] for part in PARTS if request.args.get(part)}
    return f"{url_for('events.index')}?{urlencode(parts)}" if parts else url_for("events.index")
