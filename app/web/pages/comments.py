"""Comments: what people say about a ticket."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.db.base import db
from app.forms.comment import CommentForm
from app.forms.ticket_verbs import require_position
from app.models import Ticket
from app.queries.tickets.view import position_of, view_ticket
from app.web.auth.identity import current_actor
from app.web.http.live import wants_region

blueprint = Blueprint("comments", __name__)

Answer = str | Response | tuple[str, int]


@blueprint.post("/tickets/<ticket_id>/comments")
def add(ticket_id: str) -> Answer:
    """Say something, answer with it a ticket that asks, or see first how it will look."""
    ticket, form = Ticket.lock(db.session(), ticket_id), CommentForm()
    is_preview, answers = "preview" in request.form, request.form.get("answer")
    if form.validate_on_submit() and not is_preview:
        with form.catching():
            comment = form.said_before(db.session(), ticket)
            if comment is None and answers is not None:
                require_position(ticket_id, answers, position_of(db.session(), ticket))
            comment = comment or form.say(ticket, current_actor(), is_answer=answers is not None)
            db.session.commit()
            page = url_for("tickets.show", ticket_id=ticket_id, _anchor=f"c-{comment.id}")
            return redirect(page, 303)
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
