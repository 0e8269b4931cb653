"""What a person may do to a ticket, and in which situation: buttons, menu, dialogs, pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.errors import Conflict
from app.forms.base import BoardForm
from app.forms.ticket_verbs import (
    CompleteForm,
    HoldForm,
    ReopenForm,
    ResumeForm,
    SendBackForm,
    StopForm,
)
from app.queries.ticket_view import TicketView


@dataclass(frozen=True, slots=True)
class Action:
    """A verb with words: `label` opens its form, `button` carries it out. `form` is None where
    there is nothing to type."""

    verb: str
    label: str
    heading: str
    button: str
    kind: str
    form: type[BoardForm] | None

    @property
    def url_name(self) -> str:
        """The verb's part of its address."""
        return self.verb.replace("_", "-")


_APPROVE = Action("complete", "Approve…", "Approve", "Approve", "go", CompleteForm)
_COMPLETE = Action(
    "complete", "Complete by hand…", "Complete by hand", "Complete", "", CompleteForm
)
_SEND_BACK = Action("send_back", "Send back…", "Send back", "Send back", "", SendBackForm)
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
        "completed": (_REOPEN,),
        "stopped": (_REOPEN,),
    }
)
"""What the board allows in each situation; what comes first matters most."""

SHOWN = MappingProxyType({"waiting": 2, "backoff": 2})
"""How many stand as buttons, where it isn't one; the others stand in the menu."""


def actions_for(view: TicketView) -> list[Action]:
    """What may be done now."""
    has_earlier_stage = view.ticket.completed_stages > 0
    return [
        action
        for action in _APPLY[view.situation]
        if action.verb != "send_back" or has_earlier_stage
    ]


def forms_for(view: TicketView) -> dict[str, BoardForm]:
    """An empty form for each verb that needs one and may be done now."""
    return {
        action.verb: fresh_form(action.form, view)
        for action in actions_for(view)
        if action.form is not None
    }


def fresh_form(kind: type[BoardForm], view: TicketView) -> BoardForm:
    """A verb's form, which knows the stage that the page shows."""
    form = kind(data={"stage": str(view.ticket.completed_stages + 1)})
    if isinstance(form, SendBackForm):
        form.offer(view.ticket)
    return form


def action_for(view: TicketView, verb: str, *, even_if_refused: bool) -> Action:
    """The verb's words for this ticket. `Conflict` when it makes no sense now, unless a form that
    was sent has to come back with its refusal."""
    found = [action for action in actions_for(view) if action.verb == verb]
    if found:
        return found[0]
    action = next(a for actions in _APPLY.values() for a in actions if a.verb == verb)
    if even_if_refused:
        return action
    word = view.situation.replace("_", " ")
    raise Conflict(f"“{action.heading}” isn't for {view.ticket.ticket_id} now: it is {word}.")
