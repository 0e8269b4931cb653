"""Editing what a ticket says: all of it, or one field without leaving the ticket's page; and what
its description said before."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qsl, urlsplit

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app.db.base import db
from app.db.transactions import writing
from app.errors import Conflict, Invalid
from app.forms.base import select_choices
from app.forms.ticket import AssigneeForm
from app.forms.ticket_content import CHANGES, ChangeForm, ContentForm, EditTicketForm, TaskForm
from app.forms.ticket_verbs import MoveForm
from app.markdown.tasks import with_task
from app.models import DescriptionVersion, Ticket
from app.models.ticket.content import checked
from app.queries.choices import project_names
from app.queries.tickets.description import comparison, edits
from app.queries.tickets.edit_conflict import content_rows, last_change
from app.queries.tickets.people import assignable
from app.queries.tickets.view import ticket_version, view_ticket
from app.web.auth.access import page
from app.web.auth.identity import current_actor, current_visibility
from app.web.http.live import stamp, wants_region
from app.web.http.saving import done, save
from app.web.pages.loading import load_ticket
from app.web.pages.tickets.blueprint import blueprint
from app.web.pages.tickets.pages import ticket_page_context


@blueprint.route("/tickets/<ticket_id>/edit", methods=["GET", "POST"])
@page(role="member")
def edit(ticket_id: str) -> Answer:
    """Change what a ticket says."""
    form = EditTicketForm.of(load_ticket(ticket_id).content())
    if said := save(form, partial(_edit, ticket_id, form)):
        return done(said, "tickets.show", ticket_id=ticket_id)
    return _form_page("tickets/edit.html", ticket_id, form)


def _view_of(kind: type[ChangeForm]) -> Callable[[str], Answer]:
    """The view that changes one field."""

    @page(role="member")
    def change(ticket_id: str) -> Answer:
        form = kind.of(load_ticket(ticket_id).content())
        if said := save(form, partial(_edit, ticket_id, form)):
            is_within = wants_region()
            return _shown_again(ticket_id) if is_within else _done(said, ticket_id)
        name = "tickets/_change.html" if wants_region() else "tickets/change.html"
        return _form_page(name, ticket_id, form)

    return change


for _name, _form in CHANGES.items():
    blueprint.add_url_rule(
        f"/tickets/<ticket_id>/{_name}",
        f"change_{_name}",
        _view_of(_form),
        methods=["GET", "POST"],
    )


@blueprint.post("/tickets/<ticket_id>/task")
@page(role="member")
def tick(ticket_id: str) -> Answer:
    """Tick a task of the description, or open it again."""
    load_ticket(ticket_id)
    form = TaskForm()
    if not form.validate():
        raise Invalid("This says neither which task is meant nor what it is now.")
    with writing() as session:
        ticket = Ticket.lock(session, ticket_id)
        is_done = form.is_done.data == "yes"
        number = int(form.number.data or 0)
        changed = with_task(ticket.description, number, is_done=is_done)
        if changed is None:
            raise Conflict(f"The description of {ticket_id} has no task {number} any more.")
        form.edit(ticket, changed, current_actor())
    return _done(f"Task {number} is {'done' if is_done else 'open again'}.", ticket_id)


@blueprint.get("/tickets/<ticket_id>/description/history")
@page(role="viewer")
def description_history(ticket_id: str) -> Answer:
    """What the description said before; `?edit=12`: before that edit, else before the newest."""
    ticket, session = load_ticket(ticket_id), db.session()
    found = edits(session, ticket_id)
    asked = request.args.get("edit", "")
    chosen = [edit for edit in found if asked in ("", str(edit.id))]
    shown = next(iter(chosen or found), None)
    is_gone = bool(asked) and not chosen
    page = render_template(
        "tickets/history.html",
        ticket=ticket,
        edits=found,
        shown=comparison(session, ticket, shown) if shown else None,
        is_gone=is_gone,
        kept_max=DescriptionVersion.KEPT_MAX,
    )
    return page, 404 if is_gone else 200


@blueprint.post("/tickets/<ticket_id>/description/forget")
@page(role="lead")
def forget_earlier_texts(ticket_id: str) -> Answer:
    """Delete what the description said before: something that nobody shall read."""
    load_ticket(ticket_id)
    with writing() as session:
        Ticket.lock(session, ticket_id).forget_earlier_texts(current_actor())
    return _done("What the description said before is deleted.", ticket_id)


@blueprint.route("/tickets/<ticket_id>/project", methods=["GET", "POST"])
@page(role="member")
def move_to_project(ticket_id: str) -> Answer:
    """Let the ticket be one of another project."""
    ticket = load_ticket(ticket_id)
    form, names = MoveForm(), project_names(db.session(), current_visibility(), only_active=True)
    others = [(name, name) for name in names if name != ticket.project_id]
    form.project_id.choices = select_choices(*others)
    if said := save(form, partial(_move, ticket_id, form)):
        return _done(said, ticket_id)
    return render_template("tickets/move.html", ticket=ticket, form=form), form.status


def _move(ticket_id: str, form: MoveForm, session: Session) -> str:
    project = form.project_id.data
    ticket = Ticket.lock_with_project(session, ticket_id, project)
    ticket.move_to_project(project, current_actor())
    return f"{ticket_id} is in {project} now."


def _edit(ticket_id: str, form: ContentForm, session: Session) -> str:
    lock = Ticket.lock_with_project if "parent_id" in form else Ticket.lock
    form.edit(lock(session, ticket_id), current_actor())
    return "Saved."


def _done(said: str, ticket_id: str) -> Answer:
    return done(said, "tickets.show", ticket_id=ticket_id)


def _shown_again(ticket_id: str) -> Answer:
    """The regions of the page that the form was opened on; its dialog closes."""
    session = db.session()
    version = stamp(ticket_version(session, ticket_id))
    # The form was sent to an address of its own; what the page shows, its own address says.
    asked = dict(parse_qsl(urlsplit(request.headers.get("HX-Current-URL", "")).query))
    context = ticket_page_context(view_ticket(session, ticket_id), version, asked)
    answer = make_response(render_template("tickets/_region.html", **context))
    answer.headers["HX-Retarget"] = "#ticket-story"
    answer.headers["HX-Reswap"] = "morph:outerHTML"
    answer.headers["HX-Trigger"] = "saved"
    return answer


def _form_page(template: str, ticket_id: str, form: ContentForm) -> Answer:
    """The form, new or with what is wrong; where someone else was faster, with both texts."""
    ticket = Ticket.get(db.session(), ticket_id)
    rows, lost_to = [], None
    if form.lost:
        saved = ticket.content()
        rows = content_rows(saved, checked(form.changes), form.lost)
        lost_to = last_change(db.session(), ticket_id)
        form.take(saved)
    if isinstance(form, AssigneeForm):
        form.offer(assignable(db.session(), ticket.project_id))
    page = render_template(template, ticket=ticket, form=form, lost_to=lost_to, rows=rows)
    return page, form.status
