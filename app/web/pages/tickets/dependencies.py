"""What a ticket waits for, and what waits for it."""

from __future__ import annotations

from flask import render_template

from app.db.base import db
from app.errors import Invalid
from app.forms.ticket_verbs import DependencyForm
from app.loading import visible_ticket
from app.models import Ticket
from app.queries.tickets.view import view_ticket
from app.web.auth.identity import current_actor, current_visibility
from app.web.pages.tickets.blueprint import Answer, back_to, blueprint, load


@blueprint.route("/tickets/<ticket_id>/dependencies", methods=["GET", "POST"])
def depend(ticket_id: str) -> Answer:
    """Let the ticket wait for another, or another for it."""
    form = DependencyForm()
    other_id = form.blocked_by_id.data or ""
    if form.validate_on_submit():
        with form.catching():
            waiting, blocker = _in_order(ticket_id, other_id, form.relation.data)
            _load(waiting).block_by(blocker, current_actor())
            db.session.commit()
            return back_to(ticket_id, f"{waiting} waits for {blocker}.")
    view = view_ticket(db.session(), ticket_id)
    return render_template("tickets/depend.html", view=view, form=form), form.status


@blueprint.post("/tickets/<ticket_id>/dependencies/remove")
def release_dependency(ticket_id: str) -> Answer:
    """Let the ticket no longer wait for another, or another for it."""
    form = DependencyForm()
    if not form.validate_on_submit():
        raise Invalid("Use the buttons of the ticket's page to remove a dependency.")
    other_id = form.blocked_by_id.data or ""
    waiting, blocker = _in_order(ticket_id, other_id, form.relation.data)
    _load(waiting).unblock_from(blocker, current_actor())
    db.session.commit()
    return back_to(ticket_id, f"{waiting} no longer waits for {blocker}.")


def _load(ticket_id: str) -> Ticket:
    """The ticket that waits. Its id may have been typed: the address names the other one."""
    visible_ticket(db.session(), current_visibility(), ticket_id)
    return load(ticket_id)


def _in_order(ticket_id: str, other_id: str, relation: str) -> tuple[str, str]:
    """The ticket that waits, then the one it waits for."""
    return (other_id, ticket_id) if relation == "blocks" else (ticket_id, other_id)
