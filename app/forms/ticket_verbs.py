"""What a person types to step in: each form belongs to one verb of a ticket."""

from __future__ import annotations

from collections.abc import Collection

from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from app.errors import Stale
from app.forms.base import BoardForm, at_most, one_line, required, select_choices
from app.forms.ticket import ONE_ID
from app.models import Comment, Ticket

# The dialogs of a ticket's page stand on one page: each control has an id of its own.


def require_position(ticket_id: str, seen: str | None, position: str) -> None:
    """Raise `Stale` when what a person saw of the ticket is over."""
    if seen != position:
        raise Stale(f"{ticket_id} is no longer where it was when you opened this form.")


class VerbForm(BoardForm):
    """`seen` names the position in which the person saw the ticket: the decision is for that one,
    and none that came after."""

    seen = HiddenField()

    def require_seen(self, ticket_id: str, position: str) -> None:
        """Raise `Stale` when the ticket isn't any longer where the form was drawn for."""
        require_position(ticket_id, self.seen.data, position)

    @property
    def typed(self) -> str:
        """The words of the person, to keep when the decision can't be carried out."""
        return next((f.data or "" for f in self if isinstance(f, TextAreaField)), "")


class CompleteForm(VerbForm):
    """A person completes the stage whose turn it is."""

    comment = TextAreaField(
        "Comment",
        validators=[at_most(Comment.CONTENT_MAX)],
        id="complete-comment",
    )

    def say_who_reads(self, ticket: Ticket, gates: Collection[str]) -> None:
        """Tell at the comment who reads it: that depends on the stage that follows."""
        following = ticket.execution_plan[ticket.completed_stages + 1 :]
        if not following:
            reader = "It stays on the ticket's timeline."
        elif following[0] in gates:
            reader = f"Whoever decides at {following[0]} reads it."
        else:
            reader = "The next worker reads it."
        self.comment.description = f"Optional. {reader}"


class SendBackForm(VerbForm):
    """A person sends the ticket back to an earlier stage."""

    to_stage = SelectField("Back to", id="send-back-to", validators=[InputRequired()])
    reason = TextAreaField(
        "What should be different?",
        validators=required(Ticket.REASON_MAX),
        id="send-back-reason",
        description="The worker of that stage reads it.",
    )

    def offer(self, ticket: Ticket) -> None:
        """Offer the stages that are done; the last of them first."""
        stages = list(enumerate(ticket.execution_plan[: ticket.completed_stages], 1))
        self.to_stage.choices = select_choices(
            *((str(number), f"{number}. {name}") for number, name in reversed(stages))
        )


class HoldForm(VerbForm):
    """A person puts the ticket on hold."""

    reason = TextAreaField(
        "Why", validators=[at_most(Ticket.REASON_MAX)], id="hold-reason", description="Optional."
    )


class ResumeForm(VerbForm):
    """A person lets the ticket go on, with an answer if one was asked for."""

    answer = TextAreaField(
        "Answer",
        validators=[at_most(Comment.CONTENT_MAX)],
        id="resume-answer",
        description="Becomes a comment that the next worker reads.",
    )

    def ask(self, asks: bool) -> None:
        """A ticket that nobody asked about gets a comment, not an answer."""
        if not asks:
            self.answer.label.text = "Comment"


class RetryForm(VerbForm):
    """A person ends the pause after a failed attempt: nothing to type, but it may be refused."""


class StopForm(VerbForm):
    """A person closes the ticket although its plan isn't done."""

    reason = TextAreaField(
        "Why", validators=[at_most(Ticket.REASON_MAX)], id="stop-reason", description="Optional."
    )


class ReopenForm(VerbForm):
    """A person opens a closed ticket again."""

    reason = TextAreaField(
        "What is still to do?",
        validators=[at_most(Comment.CONTENT_MAX)],
        id="reopen-reason",
        description="Becomes a comment that the next worker reads.",
    )


class DependencyForm(BoardForm):
    """Another ticket that this one waits for, or that waits for this one."""

    relation = RadioField(
        "Relation",
        choices=select_choices(("waits-for", "It waits for"), ("blocks", "It blocks")),
        default="waits-for",
        id="dependency-relation",
    )
    blocked_by_id = StringField(
        "The other ticket",
        filters=[one_line],
        validators=[*required(Ticket.ID_MAX), ONE_ID],
        id="dependency-other",
        description="Its id, such as WEB-7.",
    )
