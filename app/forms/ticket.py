"""What a person types to create a ticket, to edit it, or to change its plan."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Regexp

from app.actor import Actor
from app.forms.base import BoardForm, OnceMixin, at_most, one_line, required, select_choices
from app.forms.plan import PlanField
from app.models import Project, Ticket
from app.models.label import LABEL_MAX, LABELS_MAX
from app.models.ticket import PRIORITIES

NUMBER_OF = {str(number): number for number in range(len(PRIORITIES))}
DEFAULT_PRIORITY = "2"

IDS_MAX = 2_000
"""Characters of a field that takes several ticket ids."""

COUNT = re.compile(r"[0-9]{1,9}")
COUNTED = [InputRequired(), Regexp(r"[0-9]{1,9}\Z", message="This is a number of the page itself.")]
"""Validators of a hidden field that holds a number."""


ONE_ID = Regexp(r"([A-Za-z0-9][A-Za-z0-9._-]*)?\Z", message="An id looks like WEB-12.")
SOME_IDS = Regexp(
    r"[A-Za-z0-9._,; -]*\Z", message="Ids look like WEB-12; put a comma between them."
)


class TicketTextForm(BoardForm):
    """What a ticket says."""

    title = StringField("Title", filters=[one_line], validators=required(Ticket.TITLE_MAX))
    description = TextAreaField(
        "Description",
        validators=[at_most(Ticket.DESCRIPTION_MAX)],
        description="What should be true when it is done? Every worker reads this. Markdown works.",
    )
    priority = RadioField(
        "Priority",
        choices=select_choices(*zip(NUMBER_OF, PRIORITIES, strict=True)),
        default=DEFAULT_PRIORITY,
    )
    labels = StringField(
        "Labels",
        filters=[one_line],
        validators=[at_most(LABELS_MAX * (LABEL_MAX + 2))],
        description="Separated by commas.",
    )

    @property
    def values(self) -> dict[str, Any]:
        """The fields as the verbs of a ticket take them; also for showing what was refused."""
        return {
            "title": self.title.data or "",
            "description": self.description.data or "",
            "priority": NUMBER_OF.get(self.priority.data, NUMBER_OF[DEFAULT_PRIORITY]),
            "labels": (self.labels.data or "").split(","),
        }


class NewTicketForm(OnceMixin, TicketTextForm):
    """A new ticket of one project."""

    execution_plan = PlanField("Execution plan", name="plan")
    parent_id = StringField(
        "Part of",
        filters=[one_line],
        validators=[at_most(Ticket.ID_MAX), ONE_ID],
        description="Id of a larger ticket that this one belongs to.",
    )
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
            parent_id=self.parent_id.data or None,
            ticket_id=self.ticket_id.data or None,
            submission_id=self.submission_id.data or None,
            actor=actor,
            **self.values,
        )
        if blockers := re.findall(r"[^\s,;]+", self.blocked_by.data or ""):
            ticket.start_blocked_by(blockers, actor)
        return ticket


class EditTicketForm(TicketTextForm):
    """Other words for a ticket. `version` is the one that was read before typing."""

    version = HiddenField(validators=COUNTED)

    @classmethod
    def of(cls, ticket: Ticket, labels: Sequence[str]) -> EditTicketForm:
        """The form as the ticket is now."""
        return cls(
            data={
                "title": ticket.title,
                "description": ticket.description,
                "priority": str(ticket.priority),
                "labels": ", ".join(labels),
                "version": str(ticket.version),
            }
        )

    @property
    def values(self) -> dict[str, Any]:
        """The fields as `Ticket.edit` takes them."""
        return {**super().values, "version": int(self.version.data or 0)}


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
