"""Stepping in: each verb is a button on the ticket's page, and a form with a page of its own."""

from __future__ import annotations

from flask import render_template

from app.extensions import db
from app.forms.base import BoardForm
from app.forms.ticket_verbs import (
    CompleteForm,
    HoldForm,
    ReopenForm,
    ResumeForm,
    SendBackForm,
    StopForm,
)
from app.models import StageRun
from app.queries.ticket_view import view_ticket
from app.web.identity import current_actor
from app.web.tickets.actions import action_for, fresh_form
from app.web.tickets.blueprint import Answer, back_to, blueprint, load


@blueprint.route("/tickets/<ticket_id>/complete", methods=["GET", "POST"])
def complete(ticket_id: str) -> Answer:
    """A person completes the stage whose turn it is: a gate, or any that no worker holds."""
    ticket, form = load(ticket_id), CompleteForm()
    if form.validate_on_submit():
        with form.catching():
            ticket.require_stage(int(form.stage.data or 0))
            run = StageRun.by_person(ticket, current_actor())
            run.complete(form.comment.data or "")
            db.session.commit()
            return back_to(ticket_id, f"{run.worker_type} is completed.")
    return _form_page(ticket_id, "complete", form)


@blueprint.route("/tickets/<ticket_id>/send-back", methods=["GET", "POST"])
def send_back(ticket_id: str) -> Answer:
    """A person sends the ticket back to an earlier stage."""
    ticket, form = load(ticket_id), SendBackForm()
    form.offer(ticket)
    if form.validate_on_submit():
        with form.catching():
            ticket.require_stage(int(form.stage.data or 0))
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
            ticket.resume(current_actor(), form.answer.data or "")
            db.session.commit()
            return back_to(ticket_id, f"{ticket_id} is back in its queue.")
    return _form_page(ticket_id, "resume", form)


@blueprint.post("/tickets/<ticket_id>/retry")
def retry(ticket_id: str) -> Answer:
    """Don't wait for the next attempt any longer."""
    load(ticket_id).retry_now(current_actor())
    db.session.commit()
    return back_to(ticket_id, "The next attempt may start now.")


@blueprint.route("/tickets/<ticket_id>/stop", methods=["GET", "POST"])
def stop(ticket_id: str) -> Answer:
    """Close the ticket although its plan isn't done."""
    ticket, form = load(ticket_id), StopForm()
    if form.validate_on_submit():
        with form.catching():
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
            ticket.reopen(current_actor(), form.reason.data or "")
            db.session.commit()
            return back_to(ticket_id, f"{ticket_id} is open again, at {ticket.current_stage}.")
    return _form_page(ticket_id, "reopen", form)


def _form_page(ticket_id: str, verb: str, form: BoardForm) -> Answer:
    """The verb's form standing alone; one that was refused keeps what was typed."""
    view = view_ticket(db.session(), ticket_id)
    action = action_for(view, verb, even_if_refused=form.is_submitted())
    if not form.is_submitted():
        form = fresh_form(type(form), view)
    page = render_template("tickets/verb.html", view=view, action=action, form=form)
    return page, form.status
