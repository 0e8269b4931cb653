"""What a person says about a ticket."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import TextAreaField

from app.actor import Actor
from app.forms.base import BoardForm, OnceMixin, required
from app.models import Comment, Ticket


class EditCommentForm(BoardForm):
    """Other words for a comment."""

    content = TextAreaField("Comment", validators=required(Comment.CONTENT_MAX))


class CommentForm(OnceMixin, BoardForm):
    """A comment, in Markdown."""

    content = TextAreaField("Comment", validators=required(Comment.CONTENT_MAX))

    def said_before(self, session: Session, ticket: Ticket) -> Comment | None:
        """The comment that this very form made, if it is sent once more."""
        number = self.submission_id.data
        made = Comment.submission_id == number, Comment.ticket_id == ticket.ticket_id
        return session.scalar(select(Comment).where(*made)) if number else None

    def say(self, ticket: Ticket, actor: Actor, *, is_answer: bool = False) -> int:
        """Add the comment, whose number is returned; as an answer it lets the ticket that asks go
        on."""
        text, number = self.content.data or "", self.submission_id.data or None
        comment = ticket.resume(actor, text, number) if is_answer else None
        # Blanks are no answer: the comment refuses them.
        return comment or ticket.say(text, actor, submission_id=number)
