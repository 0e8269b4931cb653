"""What a ticket waits for, what waits for it, and what is related to it."""

from __future__ import annotations

from functools import partial

from flask import render_template
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app.db.base import db
from app.db.transactions import writing
from app.errors import Invalid, NotFound
from app.forms.ticket_verbs import DependencyForm
from app.loading import ticket_to_change
from app.models import Ticket
from app.queries.tickets.view import view_ticket
from app.web.auth.access import page
from app.web.auth.identity import current_actor, current_visibility
from app.web.http.saving import done, save
from app.web.pages.loading import require_ticket
from app.web.pages.tickets.blueprint import blueprint


@blueprint.route("/tickets/<ticket_id>/dependencies", methods=["GET", "POST"])
@page(role="member")
def depend(ticket_id: str) -> Answer:
    """Let the ticket wait for another, or another for it, or be related to it."""
    require_ticket(ticket_id)
    form = DependencyForm()
    if said := save(form, partial(_depend, ticket_id, form)):
        return done(said, "tickets.show", ticket_id=ticket_id)
    view = view_ticket(db.session(), ticket_id)
    return render_template("tickets/depend.html", view=view, form=form), form.status


def _depend(ticket_id: str, form: DependencyForm, session: Session) -> str:
    waiting, blocker = form.in_order(ticket_id)
    if form.is_related:
        Ticket.lock(session, ticket_id).relate_to(blocker, current_actor())
        return f"{waiting} and {blocker} are related."
    try:
        ticket = ticket_to_change(session, current_visibility(), waiting, with_project=True)
    except NotFound as error:
        if waiting == ticket_id:
            raise
        raise Invalid(error.message, "other_id") from None
    ticket.block_by(blocker, current_actor())
    return f"{waiting} waits for {blocker}."


@blueprint.post("/tickets/<ticket_id>/dependencies/remove")
@page(role="member")
def release_dependency(ticket_id: str) -> Answer:
    """Take a link away: waiting, or being related."""
    require_ticket(ticket_id)
    form = DependencyForm()
    if not form.validate_on_submit():
        raise Invalid("Use the buttons of the ticket's page to remove a dependency.")
    waiting, blocker = form.in_order(ticket_id)
    with writing() as session:
        ticket = ticket_to_change(session, current_visibility(), waiting)
        if form.is_related:
            ticket.unrelate_from(blocker, current_actor())
        else:
            ticket.unblock_from(blocker, current_actor())
    said = "is no longer related to" if form.is_related else "no longer waits for"
    return done(f"{waiting} {said} {blocker}.", "tickets.show", ticket_id=ticket_id)
