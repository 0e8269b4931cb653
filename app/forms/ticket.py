"""What a person types to create a ticket, or to change its plan; the fields of editing, too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Regexp

from app.actor import Actor
from app.forms.base import BoardForm, OnceMixin, at_most, one_line, required, select_choices
from app.forms.plan import PlanField
from app.models import Project, Ticket, User
from app.models.label import LABEL_MAX, LABELS_MAX
from app.models.ticket import PRIORITIES

NUMBER_OF = {str(number): number for number in range(len(PRIORITIES))}
DEFAULT_PRIORITY = "2"

NOBODY = "Nobody"

IDS_MAX = 2_000
"""Characters of a field that takes several ticket ids."""

COUNT = re.compile(r"[0-9]{1,9}")
COUNTED = [InputRequired(), Regexp(r"[0-9]{1,9}\Z", message="This is a number of the page itself.")]
"""Validators of a hidden field that holds a number."""


ONE_ID = Regexp(r"([A-Za-z0-9][A-Za-z0-9._-]*)?\Z", message="An id looks like WEB-12.")
SOME_IDS = Regexp(
    r"[A-Za-z0-9._,; -]*\Z", message="Ids look like WEB-12; put a comma between them."
)


class TitleForm(BoardForm):
    """What a ticket is called."""

    title = StringField("Title", filters=[one_line], validators=required(Ticket.TITLE_MAX))


class DescriptionForm(BoardForm):
    """What a ticket is about."""

    description = TextAreaField(
        "Description",
        validators=[at_most(Ticket.DESCRIPTION_MAX)],
        description="What should be true when it is done? Every worker reads this. Markdown works.",
    )


class PriorityForm(BoardForm):
    """How urgent a ticket is."""

    priority = RadioField(
        "Priority",
        choices=select_choices(*zip(NUMBER_OF, PRIORITIES, strict=True)),
        default=DEFAULT_PRIORITY,
    )


class LabelsForm(BoardForm):
    """The words that group a ticket with others."""

    labels = StringField(
        "Labels",
        filters=[one_line],
        validators=[at_most(LABELS_MAX * (LABEL_MAX + 2))],
        description="Separated by commas.",
    )


class AssigneeForm(BoardForm):
    """Who looks after a ticket."""

    assignee = SelectField(
        "Assignee",
        choices=select_choices(("", NOBODY)),
        validate_choice=False,  # who may be chosen, the verb knows
        validators=[at_most(User.NAME_MAX)],
        description="Looks after it, whoever does its stages.",
    )

    def offer(self, people: Sequence[tuple[str, str]]) -> None:
        """Let those be chosen, each by name and by how they are called, and who it is already."""
        names = {name for name, _ in people}
        chosen = self.assignee.data or ""
        also = [(chosen, chosen)] if chosen and chosen not in names else []
        self.assignee.choices = select_choices(("", NOBODY), *people, *also)


class ParentForm(BoardForm):
    """What a ticket is a part of."""

    parent_id = StringField(
        "Part of",
        filters=[one_line],
        validators=[at_most(Ticket.ID_MAX), ONE_ID],
        description="Id of a larger ticket that this one belongs to; words of its title find it.",
    )


READ: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "title": lambda typed: typed or "",
        "description": lambda typed: typed or "",
        "priority": lambda typed: NUMBER_OF.get(typed, NUMBER_OF[DEFAULT_PRIORITY]),
        "labels": lambda typed: (typed or "").split(","),
        "assignee": lambda typed: typed or None,
        "parent_id": lambda typed: typed or None,
    }
)
"""From what is typed into a field to what verbs take."""
WRITTEN: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {**dict.fromkeys(READ, lambda value: value or ""), "priority": str, "labels": ", ".join}
)
"""The other way."""


class NewTicketForm(
    OnceMixin, TitleForm, DescriptionForm, PriorityForm, LabelsForm, AssigneeForm, ParentForm
):
    """A new ticket of one project."""

    execution_plan = PlanField("Execution plan", name="plan")
    blocked_by = StringField(
        "Waits for",
        filters=[one_line],
        validators=[at_most(IDS_MAX), SOME_IDS],
        description="Ids of tickets that must be closed first, such as WEB-3, WEB-7.",
    )
    ticket_id = StringField(
        "Id",
        filters=[one_line],
        validators=[at_most(Ticket.ID_MAX)],
        description="Left empty, the project numbers it.",
    )

    def create(self, session: Session, project_id: str, actor: Actor) -> Ticket:
        """Make the ticket; the same form sent twice gives the one made first."""
        Project.lock(session, project_id)
        sent_before = select(Ticket).where(
            Ticket.submission_id == self.submission_id.data, Ticket.project_id == project_id
        )
        if self.submission_id.data and (made := session.scalar(sent_before)):
            return made
        ticket = Ticket.create(
            session,
            project_id=project_id,
            execution_plan=self.execution_plan.stages,
            ticket_id=self.ticket_id.data or None,
            submission_id=self.submission_id.data or None,
            actor=actor,
            **{name: read(self[name].data) for name, read in READ.items()},
        )
        if blockers := re.findall(r"[^\s,;]+", self.blocked_by.data or ""):
            ticket.start_blocked_by(blockers, actor)
        return ticket


class PlanForm(BoardForm):
    """Other stages for a ticket, from the first that is neither done nor running.

    `locked` is how many stages came before the rows when the page was read.
    """

    execution_plan = PlanField("Execution plan", name="plan")
    locked = HiddenField(validators=COUNTED)
    version = HiddenField(validators=COUNTED)

    @classmethod
    def of(cls, ticket: Ticket) -> PlanForm:
        """The form as the plan is now."""
        fixed = ticket.fixed_stages
        return cls(
            data={
                "execution_plan": ticket.execution_plan[fixed:],
                "locked": str(fixed),
                "version": str(ticket.version),
            }
        )

    def whole_plan(self, ticket: Ticket) -> list[str]:
        """The stages before the rows, and those that the rows name."""
        locked = self.locked.data or ""
        # The page asks for it also to show a plan that was refused.
        return [
            *ticket.execution_plan[: int(locked) if COUNT.fullmatch(locked) else 0],
            *self.execution_plan.stages,
        ]
