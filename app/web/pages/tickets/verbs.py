"""Stepping in: each verb is a button on the ticket's page, and a form with a page of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from flask import render_template
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app.db.base import db
from app.forms.comment import CommentForm
from app.forms.ticket_verbs import ACTIONS, VerbForm, action_for, fresh_form, require_position
from app.models import Ticket
from app.queries.events.filter import EventFilter
from app.queries.events.list import event_page
from app.queries.tickets.view import TicketView, view_ticket
from app.web.auth.access import page
from app.web.auth.identity import current_actor, current_visibility
from app.web.http.saving import done, save
from app.web.pages.loading import require_ticket
from app.web.pages.tickets.blueprint import blueprint
from app.web.pages.tickets.pages import note_references

EVENTS_SHOWN = 3


def _view_of(kind: type[VerbForm]) -> Callable[[str], Answer]:
    """The view of one verb: its form, and what becomes of it."""

    @page(role="member")
    def step_in(ticket_id: str) -> Answer:
        require_ticket(ticket_id)
        form = kind()
        if said := save(form, partial(_carry_out, ticket_id, form)):
            return done(said, "tickets.show", ticket_id=ticket_id)
        return _form_page(view_ticket(db.session(), ticket_id), form)

    return step_in


for _action in ACTIONS.values():
    blueprint.add_url_rule(
        f"/tickets/<ticket_id>/{_action.url_name}",
        _action.verb,
        _view_of(_action.form),
        methods=["GET", "POST"] if _action.has_page else ["POST"],
    )


def _carry_out(ticket_id: str, form: VerbForm, session: Session) -> str:
    ticket = Ticket.lock(session, ticket_id)
    require_position(session, ticket, form.seen.data)
    return form.carry_out(ticket, current_actor())


def _form_page(view: TicketView, form: VerbForm) -> Answer:
    """The verb's form standing alone; one with a mistake keeps what was typed."""
    is_late = form.is_submitted() and form.seen.data != view.position
    if is_late or form.refused_with == HTTPStatus.CONFLICT:
        return _refused_page(view, form)
    action = action_for(view, form.verb)
    if form.is_submitted():
        form.suit(view)
    else:
        form = fresh_form(type(form), view)
    note_references(view)
    page = render_template("tickets/verb.html", view=view, action=action, form=form)
    return page, form.status


def _refused_page(view: TicketView, form: VerbForm) -> Answer:
    """Tell what happened instead. The decision isn't offered again: it was meant for the ticket as
    it was. What was typed can still be said, as a comment."""
    wanted = EventFilter(ticket=view.ticket.ticket_id)
    page = render_template(
        "tickets/refused.html",
        view=view,
        form=form,
        events=event_page(db.session(), current_visibility(), wanted, size=EVENTS_SHOWN).rows,
        comment_form=CommentForm(formdata=None, data={"content": form.typed}),
    )
    return page, HTTPStatus.CONFLICT
