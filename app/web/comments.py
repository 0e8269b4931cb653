"""Comments: what people say about a ticket."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.extensions import db
from app.forms.comment import CommentForm
from app.models import Ticket
from app.web.identity import current_actor
from app.web.live import wants_region

blueprint = Blueprint("comments", __name__)

Answer = str | Response | tuple[str, int]


@blueprint.post("/tickets/<ticket_id>/comments")
def add(ticket_id: str) -> Answer:
    """Say something, or see first how it will look."""
    ticket, form = Ticket.lock(db.session(), ticket_id), CommentForm()
    is_preview = "preview" in request.form
    if form.validate_on_submit() and not is_preview:
        with form.catching():
            comment = form.say(db.session(), ticket, current_actor())
            db.session.commit()
            page = url_for("tickets.show", ticket_id=ticket_id, _anchor=f"c-{comment.id}")
            return redirect(page, 303)
    name = "comments/_preview.html" if wants_region() else "comments/new.html"
    page = render_template(name, ticket=ticket, comment_form=form, is_preview=is_preview)
    return page, 200 if is_preview else form.status
