"""One action on many tickets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, Self

from pydantic import Field

from app.errors import Invalid
from app.models import Ticket
from app.models.label import require_labels
from app.pipeline.actions import ACTIONS, Action
from app.pipeline.many import ACT_MAX, Outcome
from app.queries.language.parsing import LENGTH_MAX
from app.schemas.base import (
    Labels,
    PersonName,
    Plan,
    ProjectName,
    RequestBody,
    ResponseBody,
    TicketId,
)
from app.schemas.tickets import ASSIGNEE, PARENT, PRIORITY

ActionName = Literal[
    "hold",
    "resume",
    "retry",
    "stop",
    "reopen",
    "move_to_top",
    "priority",
    "add_labels",
    "remove_labels",
    "assignee",
    "parent",
    "plan",
    "project",
]
NOT_GIVEN: Mapping[str, Any] = {
    "reason": "",
    "priority": None,
    "labels": [],
    "assignee": None,
    "parent_id": None,
    "execution_plan": None,
    "project_id": None,
}
"""What stands in the fields that an action doesn't take."""
TAKEN_AWAY = ("assignee", "parent_id")
"""Fields whose null, when it is sent, takes away what was there."""


class TicketsAction(RequestBody):
    """One action, and the tickets that it is for."""

    action: ActionName = Field(
        description="hold, resume, retry (end the pause after a failed attempt), stop (close "
        "unfinished), reopen: take `reason`. move_to_top: of its queue. priority, add_labels, "
        "remove_labels (`labels`), assignee, parent (`parent_id`), plan (`execution_plan`), "
        "project (`project_id`): change what the field names."
    )
    ticket_ids: list[TicketId] = Field(
        default=[], max_length=ACT_MAX, description="The tickets, by their ids."
    )
    q: str | None = Field(
        None,
        min_length=1,
        max_length=LENGTH_MAX,
        pattern=r"^[^\x00]+$",
        description=f"Instead of ids: all that this query finds, if they are at most {ACT_MAX:,}. "
        "As in list_tickets, such as project:acme/web is:ready label:ui; without a state, all that "
        "aren't closed.",
    )
    dry_run: bool = Field(False, description="Only tell what would be done; change nothing.")
    reason: str = Field(
        "",
        max_length=Ticket.REASON_MAX,
        description="Why. With resume and reopen, the next worker reads it on each ticket.",
    )
    priority: int | None = Field(None, ge=0, le=3, description=PRIORITY)
    labels: Labels = Field(default=[], description="Labels to add or to remove.")
    assignee: PersonName | None = Field(None, description=f"{ASSIGNEE} Null: nobody.")
    parent_id: TicketId | None = Field(None, description=f"{PARENT} Null: of none.")
    execution_plan: Plan | None = Field(
        None, description="The whole plan; what is done or running must stand first, unchanged."
    )

    project_id: ProjectName | None = Field(
        None, description="The project to move them to; as with move_ticket_to_project."
    )

    def chosen(self) -> Action:
        """The action with what it takes. Raises `Invalid` if that is missing, or if more was sent:
        who sends a priority with `hold` means something else."""
        kind = ACTIONS[self.action]
        taken = {field.name for field in fields(kind)}
        for name, nothing in NOT_GIVEN.items():
            value = getattr(self, name)
            if name not in taken and value != nothing:
                raise Invalid(f"“{self.action}” takes no {name}.", name)
            if name in taken and value == nothing and not self._may_be(name, nothing):
                raise Invalid(f"“{self.action}” needs {name}.", name)
        values = {name: getattr(self, name) for name in taken}
        if "labels" in taken:
            values["labels"] = require_labels(self.labels)
        if self.assignee and "assignee" in taken:
            values["assignee"] = self.assignee.lower()
        return kind(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})

    def _may_be(self, name: str, nothing: Any) -> bool:
        """Whether nothing is something: a reason may be left out, and null takes a value away."""
        says_null = nothing is None and name in self.model_fields_set and name in TAKEN_AWAY
        return name == "reason" or says_null

    @classmethod
    def of(cls, action: Action, ticket_ids: list[str]) -> Self:
        """The request for an action on some tickets."""
        values = {field.name: getattr(action, field.name) for field in fields(action)}
        lists = {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}
        return cls.model_validate({"action": action.name, "ticket_ids": ticket_ids, **lists})


class TicketRefused(ResponseBody):
    """A ticket to which nothing was done."""

    ticket_id: str = Field(description="Its id.")
    reason: str = Field(description="Why not.")


class TicketsActed(ResponseBody):
    """What became of each ticket, in the order of the request."""

    done: list[str] = Field(description="Those that were changed, or with `dry_run` would be.")
    unchanged: list[str] = Field(description="Those that were as they shall be already.")
    refused: list[TicketRefused] = Field(description="Those that stay as they were, and why.")
    undo: list[TicketsAction] = Field(
        description="Requests that, sent in this order, take back what was done; empty if nothing "
        "does. A run that was taken back stays so."
    )

    @classmethod
    def telling(cls, outcome: Outcome) -> Self:
        """The answer for what was done."""
        return cls(
            done=outcome.done,
            unchanged=outcome.unchanged,
            refused=[TicketRefused(ticket_id=it, reason=why) for it, why in outcome.refused],
            undo=[TicketsAction.of(action, ids) for action, ids in outcome.undo],
        )
