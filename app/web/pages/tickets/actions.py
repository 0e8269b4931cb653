"""What a person may do to a ticket, and in which situation: buttons, menu, dialogs, pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.errors import Conflict
from app.forms.ticket_verbs import (
    CompleteForm,
    HoldForm,
    ReopenForm,
    ResumeForm,
    SendBackForm,
    StopForm,
    VerbForm,
)
from app.queries.tickets.view import TicketView


@dataclass(frozen=True, slots=True)
class Action:
    """A verb with words: `label` opens its form, `button` carries it out. `form` is None where
    there is nothing to type."""

    verb: str
    label: str
    heading: str
    button: str
    kind: str
    form: type[VerbForm] | None

    @property
    def url_name(self) -> str:
        """The verb's part of its address."""
        return self.verb.replace("_", "-")


_APPROVE = Action("complete", "Approve…", "Approve", "Approve", "go", CompleteForm)
_COMPLETE = Action(
    "complete", "Complete by hand…", "Complete by hand", "Complete", "", CompleteForm
)
_SEND_BACK = Action("send_back", "Send back…", "Send back", "Send back", "", SendBackForm)
_ANSWER = Action("resume", "Answer…", "Answer", "Answer", "go", ResumeForm)
_RESUME = Action("resume", "Resume…", "Resume", "Resume", "go", ResumeForm)
_RETRY = Action("retry", "Retry now", "Retry now", "Retry now", "go", None)
_HOLD = Action("hold", "Hold…", "Put on hold", "Put on hold", "", HoldForm)
_REOPEN = Action("reopen", "Reopen…", "Reopen", "Reopen", "", ReopenForm)
_STOP = Action("stop", "Close unfinished…", "Close unfinished", "Close it", "stop", StopForm)

_APPLY: Mapping[str, tuple[Action, ...]] = MappingProxyType(
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

SHOWN = MappingProxyType({"waiting": 2, "backoff": 2})
"""How many stand as buttons, where it isn't one; the others stand in the menu."""


def actions_for(view: TicketView) -> list[Action]:
    """What may be done now."""
    has_earlier_stage = view.ticket.completed_stages > 0
    asks = view.hold is not None and view.hold.asks
    return [
        action
        for action in _APPLY["asks" if asks else view.situation]
        if action.verb != "send_back" or has_earlier_stage
    ]


def forms_for(view: TicketView) -> dict[str, VerbForm]:
    """An empty form for each verb that needs one and may be done now."""
    return {
        action.verb: fresh_form(action.form, view)
        for action in actions_for(view)
        if action.form is not None
    }


def fresh_form(kind: type[VerbForm], view: TicketView) -> VerbForm:
    """A verb's form, which knows the position that the page shows."""
    form = kind(formdata=None, data={"seen": view.position})
    suit(form, view)
    return form


def suit(form: VerbForm, view: TicketView) -> None:
    """Let a form's choices and words be those of this ticket."""
    if isinstance(form, SendBackForm):
        form.offer(view.ticket)
    elif isinstance(form, CompleteForm):
        gates = [name for name, role in view.roles.items() if role.is_gate]
        form.say_who_reads(view.ticket, gates)
    elif isinstance(form, ResumeForm):
        form.ask(view.hold is not None and view.hold.asks)


def action_for(view: TicketView, verb: str) -> Action:
    """The verb's words for this ticket; `Conflict` when it makes no sense now."""
    for action in actions_for(view):
        if action.verb == verb:
            return action
    heading = next(a.heading for actions in _APPLY.values() for a in actions if a.verb == verb)
    word = view.situation.replace("_", " ")
    raise Conflict(f"“{heading}” isn't for {view.ticket.ticket_id} now: it is {word}.")
