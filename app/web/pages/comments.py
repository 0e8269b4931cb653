"""Comments: what people say about a ticket."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app.db.base import db
from app.db.transactions import writing
from app.forms.comment import CommentForm, EditCommentForm
from app.forms.ticket_verbs import require_position
from app.loading import visible_comment
from app.models import Comment, Ticket
from app.queries.tickets.comments import revisions
from app.queries.tickets.view import view_ticket
from app.web.auth.access import page
from app.web.auth.identity import current_actor, current_visibility
from app.web.http.live import wants_region
from app.web.http.saving import done, save
from app.web.pages.loading import require_ticket
from app.web.pages.tickets.pages import note_references

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
    view = view_ticket(db.session(), ticket_id)
    note_references(view, form.content.data)
    if wants_region():
        return render_template("comments/_preview.html", comment_form=form)
    page = render_template(
        "comments/new.html",
        view=view,
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


@blueprint.route("/comments/<int:comment_id>/edit", methods=["GET", "POST"])
@page(role="member")
def edit(comment_id: int) -> Answer:
    """Let its author say a comment in other words."""
    comment = _own_comment(comment_id)
    form = EditCommentForm(obj=comment)
    if save(form, partial(_edit, comment_id, form)):
        return _back_to(comment)
    project_id = Ticket.get(db.session(), comment.ticket_id).project_id
    page = render_template("comments/edit.html", comment=comment, form=form, project_id=project_id)
    return page, form.status


def _edit(comment_id: int, form: EditCommentForm, session: Session) -> str:
    comment = Comment.get(session, comment_id)
    ticket = Ticket.lock(session, comment.ticket_id)
    ticket.edit_comment(comment, form.content.data or "", current_actor())
    return "Saved."


@blueprint.post("/comments/<int:comment_id>/withdraw")
@page(role="member")
def withdraw(comment_id: int) -> Answer:
    """Let its author take a comment back."""
    comment = _own_comment(comment_id)
    with writing() as session:
        held = Comment.get(session, comment_id)
        Ticket.lock(session, held.ticket_id).withdraw_comment(held, current_actor())
    return done("The comment is withdrawn.", "tickets.show", ticket_id=comment.ticket_id)


@blueprint.get("/comments/<int:comment_id>/history")
@page(role="viewer")
def history(comment_id: int) -> Answer:
    """What a comment said before."""
    comment = visible_comment(db.session(), current_visibility(), comment_id)
    shown = revisions(db.session(), comment)
    return render_template("comments/history.html", comment=comment, revisions=shown)


def _own_comment(comment_id: int) -> Comment:
    comment = visible_comment(db.session(), current_visibility(), comment_id)
    comment.require_own(current_actor())
    return comment


def _back_to(comment: Comment) -> Answer:
    place = url_for("tickets.show", ticket_id=comment.ticket_id, _anchor=f"c-{comment.id}")
    return redirect(place, 303)
