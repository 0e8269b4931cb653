"""What a person says about a ticket."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import TextAreaField

from app.actor import Actor
from app.forms.base import BoardForm, OnceMixin, required
from app.models import Comment, Ticket


class CommentForm(OnceMixin, BoardForm):
    """A comment, in Markdown."""

    content = TextAreaField("Comment", validators=required(Comment.CONTENT_MAX))

    def say(self, session: Session, ticket: Ticket, actor: Actor) -> Comment:
        """Add the comment; the same form sent twice gives the one said first."""
        number = self.submission_id.data or None
        sent_before = select(Comment).where(
            Comment.submission_id == number, Comment.ticket_id == ticket.ticket_id
        )
        if number and (said := session.scalar(sent_before)):
            return said
        comment = ticket.say(self.content.data or "", actor, submission_id=number)
        session.flush()
        return comment
