"""Comments: what people say about a ticket."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app.db.base import db
from app.forms.comment import CommentForm
from app.forms.ticket_verbs import require_position
from app.models import Ticket
from app.queries.tickets.view import view_ticket
from app.web.auth.access import page
from app.web.auth.identity import current_actor
from app.web.http.live import wants_region
from app.web.http.saving import save
from app.web.pages.loading import require_ticket

blueprint = Blueprint("comments", __name__)


@blueprint.post("/tickets/<ticket_id>/comments")
@page(role="member")
def add(ticket_id: str) -> Answer:
    """Say something, answer with it a ticket that asks, or see first how it will look."""
    require_ticket(ticket_id)
    form, is_preview = CommentForm(), "preview" in request.form
    if is_preview:
        form.validate()
    elif comment_id := save(form, partial(_say, ticket_id, form)):
        page = url_for("tickets.show", ticket_id=ticket_id, _anchor=f"c-{comment_id}")
        return redirect(page, 303)
    return _form_page(ticket_id, form, is_preview=is_preview)


def _form_page(ticket_id: str, form: CommentForm, *, is_preview: bool) -> Answer:
    if wants_region():
        return render_template("comments/_preview.html", comment_form=form)
    page = render_template(
        "comments/new.html",
        view=view_ticket(db.session(), ticket_id),
        comment_form=form,
        is_preview=is_preview,
        is_late=form.refused_with is not None,
    )
    return page, 200 if is_preview else form.status


def _say(ticket_id: str, form: CommentForm, session: Session) -> int:
    """Say it, once; returns the comment's number."""
    ticket, answers = Ticket.lock(session, ticket_id), request.form.get("answer")
    comment = form.said_before(session, ticket)
    if comment is None and answers is not None:
        require_position(session, ticket, answers)
    if comment:
        return comment.id
    return form.say(ticket, current_actor(), is_answer=answers is not None)
