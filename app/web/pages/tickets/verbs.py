"""Stepping in: each verb is a button on the ticket's page, and a form with a page of its own."""

from __future__ import annotations

from http import HTTPStatus

from flask import render_template

from app.db.base import db
from app.forms.comment import CommentForm
from app.forms.ticket_verbs import (
    CompleteForm,
    HoldForm,
    ReopenForm,
    ResumeForm,
    RetryForm,
    SendBackForm,
    StopForm,
    VerbForm,
)
from app.models import StageRun, Ticket, WorkerType
from app.queries.events.list import EventFilter, event_page
from app.queries.tickets.view import TicketView, position_of, view_ticket
from app.web.auth.identity import current_actor, current_visibility
from app.web.pages.tickets.actions import action_for, fresh_form, suit
from app.web.pages.tickets.blueprint import Answer, back_to, blueprint, load

EVENTS_SHOWN = 3


@blueprint.route("/tickets/<ticket_id>/complete", methods=["GET", "POST"])
def complete(ticket_id: str) -> Answer:
    """A person completes the stage whose turn it is: a gate, or any that no worker holds."""
    ticket, form = load(ticket_id), CompleteForm()
    if form.validate_on_submit():
        with form.catching():
            _require_seen(form, ticket)
            run = StageRun.by_person(ticket, current_actor())
            run.complete(form.comment.data or "")
            db.session.commit()
            return back_to(ticket_id, f"{run.worker_type} is {_done_word(ticket, run)}.")
    return _form_page(ticket_id, "complete", form)


@blueprint.route("/tickets/<ticket_id>/send-back", methods=["GET", "POST"])
def send_back(ticket_id: str) -> Answer:
    """A person sends the ticket back to an earlier stage."""
    ticket, form = load(ticket_id), SendBackForm()
    form.offer(ticket)
    if form.validate_on_submit():
        with form.catching():
            _require_seen(form, ticket)
            to_stage = int(form.to_stage.data)
            StageRun.by_person(ticket, current_actor()).send_back(to_stage, form.reason.data or "")
            db.session.commit()
            return back_to(ticket_id, f"{ticket_id} is back at {ticket.stage_name(to_stage)}.")
    return _form_page(ticket_id, "send_back", form)


@blueprint.route("/tickets/<ticket_id>/hold", methods=["GET", "POST"])
def hold(ticket_id: str) -> Answer:
    """Let nobody work on the ticket."""
    ticket, form = load(ticket_id), HoldForm()
    if form.validate_on_submit():
        with form.catching():
            _require_seen(form, ticket)
            ticket.hold(current_actor(), form.reason.data or "")
            db.session.commit()
            return back_to(ticket_id, f"{ticket_id} is on hold.")
    return _form_page(ticket_id, "hold", form)


@blueprint.route("/tickets/<ticket_id>/resume", methods=["GET", "POST"])
def resume(ticket_id: str) -> Answer:
    """Let work on the ticket go on, with an answer if one was asked for."""
    ticket, form = load(ticket_id), ResumeForm()
    if form.validate_on_submit():
        with form.catching():
            _require_seen(form, ticket)
            ticket.resume(current_actor(), form.answer.data or "")
            db.session.commit()
            return back_to(ticket_id, f"{ticket_id} is back in its queue.")
    return _form_page(ticket_id, "resume", form)


@blueprint.post("/tickets/<ticket_id>/retry")
def retry(ticket_id: str) -> Answer:
    """Don't wait for the next attempt any longer."""
    ticket, form = load(ticket_id), RetryForm()
    if form.validate_on_submit():
        with form.catching():
            _require_seen(form, ticket)
            ticket.retry_now(current_actor())
            db.session.commit()
            return back_to(ticket_id, "The next attempt may start now.")
    return _form_page(ticket_id, "retry", form)


@blueprint.route("/tickets/<ticket_id>/stop", methods=["GET", "POST"])
def stop(ticket_id: str) -> Answer:
    """Close the ticket although its plan isn't done."""
    ticket, form = load(ticket_id), StopForm()
    if form.validate_on_submit():
        with form.catching():
            _require_seen(form, ticket)
            ticket.stop(current_actor(), form.reason.data or "")
            db.session.commit()
            return back_to(ticket_id, f"{ticket_id} is closed.")
    return _form_page(ticket_id, "stop", form)


@blueprint.route("/tickets/<ticket_id>/reopen", methods=["GET", "POST"])
def reopen(ticket_id: str) -> Answer:
    """Open a closed ticket again."""
    ticket, form = load(ticket_id), ReopenForm()
    if form.validate_on_submit():
        with form.catching():
            _require_seen(form, ticket)
            ticket.reopen(current_actor(), form.reason.data or "")
            db.session.commit()
            return back_to(ticket_id, f"{ticket_id} is open again, at {ticket.current_stage}.")
    return _form_page(ticket_id, "reopen", form)


def _require_seen(form: VerbForm, ticket: Ticket) -> None:
    form.require_seen(ticket.ticket_id, position_of(db.session(), ticket))


def _done_word(ticket: Ticket, run: StageRun) -> str:
    role = WorkerType.named(db.session(), ticket.project_id, run.worker_type)
    return "approved" if role and role.is_gate else "completed"


def _form_page(ticket_id: str, verb: str, form: VerbForm) -> Answer:
    """The verb's form standing alone; one with a mistake keeps what was typed."""
    view = view_ticket(db.session(), ticket_id)
    is_late = form.is_submitted() and form.seen.data != view.position
    if is_late or form.refused_with == HTTPStatus.CONFLICT:
        return _refused_page(view, form)
    action = action_for(view, verb)
    if form.is_submitted():
        suit(form, view)
    else:
        form = fresh_form(type(form), view)
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
