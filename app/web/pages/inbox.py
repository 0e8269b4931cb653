"""The inbox: what waits for a person, each with the way to deal with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app import pipeline
from app.db.base import db
from app.db.best_effort import write_best_effort
from app.db.transactions import writing
from app.errors import Invalid
from app.forms.event import ProcessForm
from app.forms.mention import DismissForm
from app.models import Mention
from app.pipeline import Marked
from app.queries.choices import project_names
from app.queries.inbox.list import KINDS, count_items, inbox_version, item_page
from app.queries.inbox.mentions import count_mentions, mentions
from app.web.auth.access import page
from app.web.auth.identity import current_actor, current_visibility, require_person
from app.web.http import live
from app.web.http.saving import save
from app.web.pages.listing import Listing
from app.web.pages.shared import shared

blueprint = Blueprint("inbox", __name__)


@blueprint.app_context_processor
def _own() -> dict[str, Callable[[], int]]:
    return {"number_of_mentions": number_of_mentions}


@blueprint.get("/inbox")
@page(role="viewer")
def index() -> Answer:
    """All that waits, or the part that the address asks for."""
    return _list(ProcessForm(formdata=None))


@blueprint.get("/inbox/waiting")
@page(role="viewer")
def waiting() -> Answer:
    """How much waits for this person, if that isn't what their page says."""
    number = count_items(db.session(), current_visibility()) + number_of_mentions()
    if request.args.get("v") == str(number):
        return "", 204
    return render_template("inbox/_waiting.html", number=number, apart=True)


@blueprint.post("/inbox")
@page(role="member")
def process() -> Answer:
    """Mark the picked notices as dealt with, and show the same list again."""
    form = ProcessForm()
    if marked := save(form, partial(mark_dealt_with, form)):
        tell(marked)
        return redirect(Listing().url(), 303)
    return _list(form)


def mark_dealt_with(form: ProcessForm, session: Session) -> Marked:
    """Mark the picked ones among those that may be seen."""
    note, picked = form.note.data or "", form.event.data
    return pipeline.mark_dealt_with(session, current_visibility(), picked, current_actor(), note)


@blueprint.post("/inbox/mentions/dismiss")
@page(role="viewer")
def dismiss() -> Answer:
    """Be told no longer of these mentions of oneself, or of any."""
    form, person = DismissForm(), require_person()
    if not form.validate():
        raise Invalid("Use the buttons of the inbox to dismiss what is there.")
    with writing() as session:
        Mention.see(session, person.user_id, ids=form.mention.data)
    return redirect(url_for("inbox.index"), 303)


def note_seen(ticket_id: str) -> None:
    """Whoever opens a ticket has seen where it names them."""
    person = require_person()
    if person.is_mentioned:
        db.session().rollback()  # what is read from here on shows it
        see = partial(Mention.see, user_id=person.user_id, ticket_id=ticket_id)
        write_best_effort(see)


def number_of_mentions() -> int:
    """How many mentions of them wait for this person; for most, nothing is asked."""
    person = require_person()
    if not person.is_mentioned:
        return 0
    if "mentions" not in g:
        g.mentions = count_mentions(db.session(), person.visibility, person.user_id)
    number: int = g.mentions
    return number


def tell(marked: Marked) -> None:
    """Say what was marked, and what was left and why."""
    if marked.count:
        number = f"{marked.count} event{'' if marked.count == 1 else 's'}"
        flash(f"{number} marked as dealt with.", "success")
    if marked.waiting:
        names = ", ".join(marked.waiting)
        verb, one = ("waits", "it") if len(marked.waiting) == 1 else ("wait", "each")
        flash(f"{names} still {verb} for an answer: answer {one}, or close it.", "error")
    elif not marked.count:
        flash("Nothing was left to do: someone had dealt with it before.", "warning")


def _list(form: ProcessForm) -> Answer:
    session, visibility = db.session(), current_visibility()
    person = require_person()
    own = mentions(session, visibility, person.user_id) if person.is_mentioned else []
    newest = f"{own[0].id}-{len(own)}" if own else ""
    version = live.stamp(f"{inbox_version(session, visibility)}-{newest}")
    if live.is_unchanged(version):
        return "", 204
    listing = Listing()
    projects = project_names(session, visibility)
    project = listing.choice("project", projects)
    kind = listing.choice("kind", tuple(KINDS))
    is_apart = live.wants_region()
    read = partial(item_page, session, visibility, project, kind, listing.page)
    answer = render_template(
        "inbox/_region.html" if is_apart else "inbox/index.html",
        apart=is_apart,
        listing=listing,
        project=project,
        kind=kind,
        projects=[(name, name) for name in projects],
        page=shared(f"inbox of {project} {kind} {listing.page}", read),
        mentions=own,
        # A whole page has it in its sidebar.
        waiting_total=count_items(session, visibility) + number_of_mentions() if is_apart else 0,
        form=form,
        query=listing.url().removeprefix(request.script_root + request.path),
        refresh_url=listing.url(v=version),
    )
    return answer, listing.status if form.status == 200 else form.status
