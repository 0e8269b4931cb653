"""What a person types to step in: each form belongs to one verb of a ticket."""

from __future__ import annotations

from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from app.forms.base import BoardForm, at_most, one_line, required, select_choices
from app.forms.ticket import COUNTED, ONE_ID
from app.models import Comment, Ticket

# The dialogs of a ticket's page stand on one page: each control has an id of its own.


class CompleteForm(BoardForm):
    """A person completes the stage whose turn it is."""

    stage = HiddenField(validators=COUNTED, id="complete-stage")
    comment = TextAreaField(
        "Comment",
        validators=[at_most(Comment.CONTENT_MAX)],
        id="complete-comment",
        description="Optional. The next worker reads it.",
    )


class SendBackForm(BoardForm):
    """A person sends the ticket back to an earlier stage."""

    stage = HiddenField(validators=COUNTED, id="send-back-stage")
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


class HoldForm(BoardForm):
    """A person puts the ticket on hold."""

    reason = TextAreaField(
        "Why", validators=[at_most(Ticket.REASON_MAX)], id="hold-reason", description="Optional."
    )


class ResumeForm(BoardForm):
    """A person lets the ticket go on, with an answer if one was asked for."""

    answer = TextAreaField(
        "Answer",
        validators=[at_most(Comment.CONTENT_MAX)],
        id="resume-answer",
        description="Becomes a comment that the next worker reads.",
    )


class StopForm(BoardForm):
    """A person closes the ticket although its plan isn't done."""

    reason = TextAreaField(
        "Why", validators=[at_most(Ticket.REASON_MAX)], id="stop-reason", description="Optional."
    )


class ReopenForm(BoardForm):
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
