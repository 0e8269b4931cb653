"""One action on many tickets: which tickets a person chose, and what is to be done to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session
from wtforms import BooleanField, Field, HiddenField, SelectField, TextAreaField
from wtforms.validators import AnyOf, Regexp

from app.errors import Invalid
from app.forms.base import BoardForm, at_most, select_choices
from app.forms.plan import PlanField
from app.forms.ticket import NUMBER_OF, READ, AssigneeForm, LabelsForm, ParentForm, PriorityForm
from app.models import Project, Ticket
from app.models.label import require_labels
from app.models.ticket import PRIORITIES
from app.pipeline.actions import ACTIONS, Action
from app.pipeline.many import ACT_MAX, Steps, matching_tickets
from app.queries.language.kinds import Reader
from app.queries.language.parsing import LENGTH_MAX, parse
from app.schemas.many import TicketsAction
from app.values import immutable
from app.visibility import Visibility


@immutable
class Words:
    """How an action is said: on its button, when it asks for something, before and after it. `{n}`
    are the tickets, `{value}` what the action takes."""

    label: str
    ask: str
    heading: str
    done: str
    kind: str = ""


WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "hold": Words("Hold…", "", "Put {n} on hold", "{n} put on hold"),
        "resume": Words("Resume…", "", "Resume {n}", "{n} resumed"),
        "retry": Words("Retry now…", "", "Retry {n} now", "{n} may be tried again now"),
        "stop": Words(
            "Close unfinished…", "", "Close {n} unfinished", "{n} closed unfinished", "stop"
        ),
        "reopen": Words("Reopen…", "", "Reopen {n}", "{n} reopened"),
        "move_to_top": Words(
            "Move to top…", "", "Move {n} to the top", "{n} moved to the top of the queue"
        ),
        "priority": Words(
            "Priority", "Set the priority of {n}", "Make {n} {value}", "{n} made {value}"
        ),
        "add_labels": Words(
            "Add labels…", "Add labels to {n}", "Label {n} with {value}", "{n} labelled {value}"
        ),
        "remove_labels": Words(
            "Remove labels…",
            "Remove labels from {n}",
            "Take {value} off {n}",
            "{value} taken off {n}",
        ),
        "assignee": Words(
            "Assign…", "Assign {n}", "Assign {n} to {value}", "{n} assigned to {value}"
        ),
        "parent": Words(
            "Part of…",
            "Choose what {n} belong to",
            "Put {n} under {value}",
            "{n} put under {value}",
        ),
        "plan": Words(
            "Plan…", "Change the plan of {n}", "Give {n} the plan {value}", "{n} got a new plan"
        ),
        "project": Words(
            "Move to project…",
            "Move {n} to another project",
            "Move {n} to {value}",
            "{n} moved to {value}",
        ),
    }
)

UNKNOWN = Words("", "Many tickets", "Many tickets", "")


def say(template: str, count: int, action: Action | None = None) -> str:
    """Words about so many tickets."""
    number = f"{count:,} ticket{'' if count == 1 else 's'}" if count else "none of them"
    said = template.format(n=number, value=_value_of(action) if action else "")
    return said[:1].upper() + said[1:] if not count else said


def _value_of(action: Action) -> str:
    values = {field.name: getattr(action, field.name) for field in fields(action)}
    values.pop("reason", None)
    for name, value in values.items():
        if name == "priority":
            return PRIORITIES[value]
        if isinstance(value, tuple):
            return (" → " if name == "execution_plan" else ", ").join(value)
        return value or ("nobody" if name == "assignee" else "no other")
    return ""


class TicketIdsField(Field):
    """The ids of the chosen tickets: one of a value, as rows have them, or all in one."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        ids = " ".join(valuelist).split()
        self.data = list(dict.fromkeys(each for each in ids if len(each) <= Ticket.ID_MAX))

    @property
    def text(self) -> str:
        """All in one."""
        return " ".join(self.data)


class FromListForm(BoardForm):
    """A form that the list was left for. `back`: what followed the question mark there."""

    back = HiddenField(validators=[at_most(4_000)])


class ManyForm(FromListForm, PriorityForm, LabelsForm, AssigneeForm, ParentForm):
    """An action, the tickets that it is for, and what it takes. It is asked for, then counted, then
    done: `step` says what of this is next.

    `action` may bring what it takes along, as in `priority=0`. `all`: instead of those that were
    picked, all that the query `q` finds.
    """

    action = HiddenField(
        filters=[lambda value: (value or "").partition("=")[0]],
        validators=[AnyOf(ACTIONS, message="Choose what to do.")],
    )
    ticket = TicketIdsField("Tickets", id="tickets", default=list)
    all = BooleanField()
    q = HiddenField(validators=[at_most(LENGTH_MAX)])
    step = HiddenField(validators=[Regexp(r"(count|do)?\Z")])
    reason = TextAreaField("Why", validators=[at_most(Ticket.REASON_MAX)], description="Optional.")
    execution_plan = PlanField("Execution plan", name="plan")
    project_id = SelectField(
        "Project",
        validate_choice=False,  # which there are, the action knows
        choices=select_choices(),
        validators=[at_most(Project.NAME_MAX)],
        description="Only tickets that nobody has worked on move; the project needs the worker "
        "types of their plans.",
    )
    plan_action = HiddenField()

    @property
    def words(self) -> Words:
        """How the action is said."""
        return WORDS.get(self.action.data or "", UNKNOWN)

    @property
    def asked(self) -> list[str]:
        """The fields that the action takes, but for a reason."""
        return [name for name in self._taken if name != "reason"]

    @property
    def has_reason(self) -> bool:
        """Whether a reason may be given."""
        return "reason" in self._taken

    @property
    def is_counted(self) -> bool:
        """Whether the person was told what it will do, and wants it."""
        return bool(self.step.data == "do")

    @property
    def is_being_planned(self) -> bool:
        """Whether a button of the plan editor was pressed, for a browser without JavaScript."""
        return "execution_plan" in self.asked and bool(self.plan_action.data)

    def arrange_plan(self, sent: Mapping[str, str], templates: Mapping[str, Any]) -> None:
        """Do what such a button says."""
        self.execution_plan.is_rearranged(sent, templates)

    @property
    def _taken(self) -> list[str]:
        kind = ACTIONS.get(self.action.data or "")
        return [field.name for field in fields(kind)] if kind else []

    def chosen_action(self) -> Action | None:
        """The action with what it takes; None: that is still to be asked for. Raises `Invalid`."""
        brought = (self.action.raw_data or [""])[0].partition("=")[2]
        if brought in NUMBER_OF:
            self.priority.data = brought
        elif self.asked and not self.step.data:
            return None
        kind = ACTIONS[self.action.data or ""]
        values: dict[str, Any] = {name: self._read(name) for name in self.asked}
        if self.has_reason:
            values["reason"] = self.reason.data or ""
        return kind(**values)

    def _read(self, name: str) -> Any:
        if name == "execution_plan":
            if not self.execution_plan.stages:
                raise Invalid("Choose a worker type.", name)
            return tuple(self.execution_plan.stages)
        if name == "project_id":
            if not self.project_id.data:
                raise Invalid("Choose a project.", name)
            return self.project_id.data
        value = READ[name](self[name].data)
        if name != "labels":
            return value
        labels = tuple(require_labels(value))
        if not labels:
            raise Invalid("Name at least one label.", name)
        return labels

    def chosen_tickets(self, session: Session, visibility: Visibility, reader: Reader) -> list[str]:
        """The ids of the tickets that it is for. Raises `Invalid`."""
        if self.all.data:
            return matching_tickets(session, visibility, parse(self.q.data or ""), reader)
        if not self.ticket.data:
            raise Invalid("Pick at least one ticket first.", "ticket")
        if len(self.ticket.data) > ACT_MAX:
            raise Invalid(f"At most {ACT_MAX:,} tickets at once.", "ticket")
        return list(self.ticket.data)


_STEPS = TypeAdapter(list[TicketsAction])


class UndoForm(FromListForm):
    """What takes back what was done, as the page that told of it carries it."""

    steps = HiddenField()

    def chosen_steps(self) -> Steps:
        """Actions with their tickets. Raises `Invalid` for what no page of ours sends."""
        try:
            sent = _STEPS.validate_json(self.steps.data or "[]")
        except ValidationError:
            sent = []
        # Two steps for each ticket at most: to open it again, and to put it on hold.
        counts = [len(each.ticket_ids) for each in sent]
        if not counts or not all(counts) or sum(counts) > 2 * ACT_MAX:
            raise Invalid("There is nothing that could be taken back.")
        return [(each.chosen(), each.ticket_ids) for each in sent]


def steps_text(steps: Steps) -> str:
    """Steps as `UndoForm` takes them."""
    sent = [TicketsAction.of(action, ids) for action, ids in steps]
    return _STEPS.dump_json(sent, exclude_unset=True).decode()
