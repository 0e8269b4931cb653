"""What was said and done about a ticket: its comments and its timeline."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.callers import Caller
from app.loading import comment_to_change, run_to_report, ticket_to_change, visible_ticket
from app.models import Comment, Ticket
from app.operations.operation import Tool, operation
from app.operations.tickets import ONE, TAG
from app.queries.keyset import Order, take_slice
from app.queries.tickets.log import ticket_log
from app.schemas.base import CommentParam, TicketParam
from app.schemas.comments import (
    CommentChange,
    CommentNew,
    CommentPage,
    CommentResponse,
    CommentsQuery,
)
from app.schemas.timeline import TimelinePage, TimelineQuery

COMMENT = "/comments/<int:comment_id>"
OLDEST_FIRST = Order("id", (Comment.id.expression,))


def comment_shown(session: Session, comment_id: int) -> CommentResponse:
    return CommentResponse.model_validate(Comment.get(session, comment_id))


@operation("GET", f"{ONE}/comments", tag=TAG, scope="read")
def list_comments(
    session: Session, caller: Caller, ticket_id: TicketParam, query: CommentsQuery
) -> CommentPage:
    """What was said about a ticket, oldest first."""
    visible_ticket(session, caller.visibility, ticket_id)
    rows = select(*Comment.__table__.columns).where(Comment.ticket_id == ticket_id)
    found = take_slice(session, rows, OLDEST_FIRST, cursor=query.cursor, limit=query.limit)
    return CommentPage.of(items=found.rows, next=found.next)


@operation(
    "POST",
    f"{ONE}/comments",
    tag=TAG,
    scope=("work", "plan"),
    status=201,
    once=True,
    tool=Tool("add_ticket_comment", hint="Calling twice says it twice."),
    answer=comment_shown,
)
def add_comment(session: Session, caller: Caller, ticket_id: TicketParam, body: CommentNew) -> int:
    """Say something about a ticket; whoever does its next stages reads it.

    A worker that is at the ticket names its `run_id`, so that the comment stands as its own. What
    you did at a stage belongs into the report on that stage.
    """
    ticket = ticket_to_change(session, caller.visibility, ticket_id)
    if body.run_id is None:
        return ticket.say(body.content, caller.actor)
    run, actor = run_to_report(session, caller, body.run_id)
    return ticket.say_in_run(run, body.content, actor)


@operation(
    "PATCH",
    COMMENT,
    tag=TAG,
    scope=("work", "plan"),
    tool=Tool("edit_comment", destroys=True, repeatable=True),
    answer=comment_shown,
)
def edit_comment(
    session: Session, caller: Caller, comment_id: CommentParam, body: CommentChange
) -> int:
    """Say a comment of yours in other words; people can read the earlier ones.

    You can change what your own token said, and what a worker of yours said in its run.
    """
    comment, actor = comment_to_change(session, caller, comment_id)
    Ticket.get(session, comment.ticket_id).edit_comment(comment, body.content, actor)
    return comment_id


@operation(
    "DELETE",
    COMMENT,
    tag=TAG,
    scope=("work", "plan"),
    tool=Tool("withdraw_comment", destroys=True),
    answer=comment_shown,
)
def withdraw_comment(session: Session, caller: Caller, comment_id: CommentParam) -> int:
    """Take back a comment of yours: its text is gone, and a note that it was there stays.

    What you said by a report stays; edit_comment corrects it.
    """
    comment, actor = comment_to_change(session, caller, comment_id)
    Ticket.get(session, comment.ticket_id).withdraw_comment(comment, actor)
    return comment_id


@operation("GET", f"{ONE}/timeline", tag=TAG, scope="read")
def get_timeline(
    session: Session, caller: Caller, ticket_id: TicketParam, query: TimelineQuery
) -> TimelinePage:
    """All that was said and done about a ticket: comments, runs and events, oldest first."""
    visible_ticket(session, caller.visibility, ticket_id)
    entries, following = ticket_log(session, ticket_id, cursor=query.cursor, limit=query.limit)
    return TimelinePage.of(items=entries, next=following)
