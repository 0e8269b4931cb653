"""What a person may do to a ticket: each verb's form, its words, and when it is offered.

A new verb is a method of `Ticket` or `StageRun`, a form here with its place in `_OFFERED`, and an
operation for programs. Its address, button, dialog and page follow from the form.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from sqlalchemy.orm import Session
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Regexp

from app.actor import Actor
from app.errors import Conflict, DomainError, Stale
from app.forms.base import BoardForm, at_most, one_line, required, select_choices
from app.forms.ticket import ONE_ID
from app.models import Comment, StageRun, Ticket, WorkerType
from app.queries.tickets.view import TicketView, position_of
from app.values import immutable

# The dialogs of a ticket's page stand on one page: each control has an id of its own.


def require_position(session: Session, ticket: Ticket, seen: str | None) -> None:
    """Raise `Stale` when what a person saw of the ticket is over."""
    if seen != position_of(session, ticket):
        raise Stale(f"{ticket.ticket_id} is no longer where it was when you opened this form.")


class VerbForm(BoardForm):
    """`seen` names the position in which the person saw the ticket: the decision is for that one,
    and none that came after."""

    verb: ClassVar[str]
    """The verb's name, as routes and templates have it."""

    has_page: ClassVar[bool] = True
    """Whether there is something to type; else a button carries it out at once."""

    seen = HiddenField()

    @property
    def typed(self) -> str:
        """The words of the person, to keep when the decision can't be carried out."""
        return next((f.data or "" for f in self if isinstance(f, TextAreaField)), "")

    def suit(self, view: TicketView) -> None:
        """Let choices and words be those of this ticket."""

    @abstractmethod
    def carry_out(self, ticket: Ticket, actor: Actor) -> str:
        """Do what was decided; returns the message for the person."""


class CompleteForm(VerbForm):
    """A person completes the stage whose turn it is: a gate, or any that no worker holds."""

    verb = "complete"

    comment = TextAreaField(
        "Comment",
        validators=[at_most(Comment.CONTENT_MAX)],
        id="complete-comment",
    )

    def suit(self, view: TicketView) -> None:
        """Tell at the comment who reads it: that depends on the stage that follows."""
        following = view.ticket.execution_plan[view.ticket.completed_stages + 1 :]
        role = view.roles.get(following[0]) if following else None
        if not following:
            reader = "It stays on the ticket's timeline."
        elif role and role.is_gate:
            reader = f"Whoever decides at {following[0]} reads it."
        else:
            reader = "The next worker reads it."
        self.comment.description = f"Optional. {reader}"

    def carry_out(self, ticket: Ticket, actor: Actor) -> str:
        """Approve a gate, or complete another stage by hand."""
        run = StageRun.by_person(ticket, actor)
        run.complete(self.comment.data or "")
        role = WorkerType.named(ticket.session, ticket.project_id, run.worker_type)
        return f"{run.worker_type} is {'approved' if role and role.is_gate else 'completed'}."


class SendBackForm(VerbForm):
    """A person sends the ticket back to an earlier stage."""

    verb = "send_back"

    to_stage = SelectField(
        "Back to",
        id="send-back-to",
        validate_choice=False,  # which stages there are to choose from, the verb knows
        validators=[InputRequired(), Regexp(r"[0-9]{1,4}\Z", message="Choose a stage.")],
    )
    reason = TextAreaField(
        "What should be different?",
        validators=required(Ticket.REASON_MAX),
        id="send-back-reason",
        description="The worker of that stage reads it.",
    )

    def suit(self, view: TicketView) -> None:
        """Offer the stages that are done; the last of them first."""
        stages = list(enumerate(view.ticket.execution_plan[: view.ticket.completed_stages], 1))
        self.to_stage.choices = select_choices(
            *((str(number), f"{number}. {name}") for number, name in reversed(stages))
        )

    def carry_out(self, ticket: Ticket, actor: Actor) -> str:
        """Let earlier stages be done again."""
        to_stage = int(self.to_stage.data)
        StageRun.by_person(ticket, actor).send_back(to_stage, self.reason.data or "")
        return f"{ticket.ticket_id} is back at {ticket.stage_name(to_stage)}."


class HoldForm(VerbForm):
    """A person puts the ticket on hold."""

    verb = "hold"

    reason = TextAreaField(
        "Why", validators=[at_most(Ticket.REASON_MAX)], id="hold-reason", description="Optional."
    )

    def carry_out(self, ticket: Ticket, actor: Actor) -> str:
        """Let nobody work on it."""
        ticket.hold(actor, self.reason.data or "")
        return f"{ticket.ticket_id} is on hold."


class ResumeForm(VerbForm):
    """A person lets the ticket go on, with an answer if one was asked for."""

    verb = "resume"

    answer = TextAreaField(
        "Answer",
        validators=[at_most(Comment.CONTENT_MAX)],
        id="resume-answer",
        description="Becomes a comment that the next worker reads.",
    )

    def suit(self, view: TicketView) -> None:
        """A ticket that nobody asked about gets a comment, not an answer."""
        if not asks(view):
            self.answer.label.text = "Comment"

    def carry_out(self, ticket: Ticket, actor: Actor) -> str:
        """Put it back into its queue."""
        ticket.resume(actor, self.answer.data or "")
        return f"{ticket.ticket_id} is back in its queue."


class RetryForm(VerbForm):
    """A person ends the pause after a failed attempt: nothing to type, but it may be refused."""

    verb = "retry"
    has_page = False

    def carry_out(self, ticket: Ticket, actor: Actor) -> str:
        """Don't wait for the next attempt any longer."""
        ticket.retry_now(actor)
        return "The next attempt may start now."


class StopForm(VerbForm):
    """A person closes the ticket although its plan isn't done."""

    verb = "stop"

    reason = TextAreaField(
        "Why", validators=[at_most(Ticket.REASON_MAX)], id="stop-reason", description="Optional."
    )

    def carry_out(self, ticket: Ticket, actor: Actor) -> str:
        """Close it."""
        ticket.stop(actor, self.reason.data or "")
        return f"{ticket.ticket_id} is closed."


class ReopenForm(VerbForm):
    """A person opens a closed ticket again."""

    verb = "reopen"

    reason = TextAreaField(
        "What is still to do?",
        validators=[at_most(Comment.CONTENT_MAX)],
        id="reopen-reason",
        description="Becomes a comment that the next worker reads.",
    )

    def carry_out(self, ticket: Ticket, actor: Actor) -> str:
        """Let its plan go on."""
        ticket.reopen(actor, self.reason.data or "")
        return f"{ticket.ticket_id} is open again, at {ticket.current_stage}."


@immutable
class Action:
    """A verb with words: `label` opens its form, `button` carries it out."""

    form: type[VerbForm]
    label: str
    heading: str
    button: str
    kind: str = ""

    @property
    def verb(self) -> str:
        """The verb's name."""
        return self.form.verb

    @property
    def has_page(self) -> bool:
        """Whether there is something to type."""
        return self.form.has_page

    @property
    def url_name(self) -> str:
        """The verb's part of its address."""
        return self.verb.replace("_", "-")


_APPROVE = Action(CompleteForm, "Approve…", "Approve", "Approve", "go")
_COMPLETE = Action(CompleteForm, "Complete by hand…", "Complete by hand", "Complete")
_SEND_BACK = Action(SendBackForm, "Send back…", "Send back", "Send back")
_ANSWER = Action(ResumeForm, "Answer…", "Answer", "Answer", "go")
_RESUME = Action(ResumeForm, "Resume…", "Resume", "Resume", "go")
_RETRY = Action(RetryForm, "Retry now", "Retry now", "Retry now", "go")
_HOLD = Action(HoldForm, "Hold…", "Put on hold", "Put on hold")
_REOPEN = Action(ReopenForm, "Reopen…", "Reopen", "Reopen")
_STOP = Action(StopForm, "Close unfinished…", "Close unfinished", "Close it", "stop")

_OFFERED: Mapping[str, tuple[Action, ...]] = MappingProxyType(
    {
        "waiting": (_APPROVE, _SEND_BACK, _HOLD, _STOP),
        "ready": (_HOLD, _COMPLETE, _SEND_BACK, _STOP),
        "backoff": (_RETRY, _HOLD, _COMPLETE, _SEND_BACK, _STOP),
        "running": (_HOLD, _STOP),
        "blocked": (_HOLD, _STOP),
        "on_hold": (_RESUME, _STOP),
        "asks": (_ANSWER, _STOP),
        "completed": (_REOPEN,),
        "stopped": (_REOPEN,),
    }
)
"""What the board allows in each situation; what comes first matters most. `asks`: on hold with a
question."""

ACTIONS = {action.verb: action for actions in _OFFERED.values() for action in actions}
"""Each verb once, for its route; for its words see `action_for`."""

SHOWN = MappingProxyType({"waiting": 2, "backoff": 2})
"""How many stand as buttons, where it isn't one; the others stand in the menu."""


def actions_for(view: TicketView) -> list[Action]:
    """What may be done now."""
    has_earlier_stage = view.ticket.completed_stages > 0
    return [
        action
        for action in _OFFERED["asks" if asks(view) else view.situation]
        if action.verb != "send_back" or has_earlier_stage
    ]


def action_for(view: TicketView, verb: str) -> Action:
    """The verb's words for this ticket; `Conflict` when it makes no sense now."""
    for action in actions_for(view):
        if action.verb == verb:
            return action
    word = view.situation.replace("_", " ")
    heading = ACTIONS[verb].heading
    raise Conflict(f"“{heading}” isn't for {view.ticket.ticket_id} now: it is {word}.")


def forms_for(view: TicketView) -> dict[str, VerbForm]:
    """A fresh form for each verb that needs one and may be done now."""
    return {
        action.verb: fresh_form(action.form, view)
        for action in actions_for(view)
        if action.has_page
    }


def fresh_form(kind: type[VerbForm], view: TicketView) -> VerbForm:
    """A verb's form, which knows the position that the page shows."""
    form = kind(formdata=None, data={"seen": view.position})
    form.suit(view)
    return form


def asks(view: TicketView) -> bool:
    """Whether the ticket is on hold with a question."""
    return view.hold is not None and view.hold.asks


class DependencyForm(BoardForm):
    """Another ticket that this one waits for, that waits for this one, or that is related to it."""

    relation = RadioField(
        "Relation",
        choices=select_choices(
            ("waits-for", "It waits for"), ("blocks", "It blocks"), ("related", "It is related to")
        ),
        default="waits-for",
        id="dependency-relation",
    )
    other_id = StringField(
        "The other ticket",
        filters=[one_line],
        validators=[*required(Ticket.ID_MAX), ONE_ID],
        id="dependency-other",
        description="Its id, such as WEB-7; words of its title find it.",
    )

    def refuse(self, error: DomainError) -> None:
        """Whichever end a verb finds fault with, the other ticket is what was typed."""
        if error.field in ("blocked_by_id", "related_id"):
            error.field = self.other_id.name
        super().refuse(error)

    @property
    def is_related(self) -> bool:
        """Whether neither waits for the other."""
        return bool(self.relation.data == "related")

    def in_order(self, ticket_id: str) -> tuple[str, str]:
        """The ticket that waits, then the one it waits for."""
        other_id: str = self.other_id.data or ""
        return (other_id, ticket_id) if self.relation.data == "blocks" else (ticket_id, other_id)


class MoveForm(BoardForm):
    """Another project, in which the ticket shall be."""

    project_id = SelectField("Project", validators=[InputRequired("Choose a project.")])
