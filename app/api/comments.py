"""Comments: read what was said about a ticket, and say more."""

from __future__ import annotations

from sqlalchemy import select

from app.api.operation import operation
from app.callers import Caller
from app.db.base import db
from app.loading import run_to_report, ticket_to_change, visible_ticket
from app.models import Comment
from app.queries.keyset import Order, take_slice
from app.schemas.comments import CommentNew, CommentPage, CommentResponse, CommentsQuery

TAG = "Tickets"

OLDEST_FIRST = Order("id", (Comment.id.expression,))


@operation("GET", "/tickets/<ticket:ticket_id>/comments", tag=TAG, scope="read")
def list_comments(caller: Caller, ticket_id: str, query: CommentsQuery) -> CommentPage:
    """What was said about a ticket, oldest first."""
    visible_ticket(db.session(), caller.visibility, ticket_id)
    rows = select(*Comment.__table__.columns).where(Comment.ticket_id == ticket_id)
    found = take_slice(db.session(), rows, OLDEST_FIRST, cursor=query.cursor, limit=query.limit)
    return CommentPage.of(items=found.rows, next=found.next)


@operation(
    "POST",
    "/tickets/<ticket:ticket_id>/comments",
    tag=TAG,
    scope=("work", "plan"),
    status=201,
    once=True,
)
def add_comment(caller: Caller, ticket_id: str, body: CommentNew) -> CommentResponse:
    """Say something about a ticket; whoever does its next stages reads it."""
    ticket = ticket_to_change(db.session(), caller.visibility, ticket_id)
    if body.run_id is None:
        comment = ticket.say(body.content, caller.actor)
    else:
        run, actor = run_to_report(db.session(), caller, body.run_id)
        comment = ticket.say_in_run(run, body.content, actor)
    db.session.flush()
    return CommentResponse.model_validate(comment)
