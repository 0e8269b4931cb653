"""Tickets: pieces of work, each on its way through an ordered plan of stages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, cast

from pydantic import Field

from app.models import Comment, Ticket
from app.models.ticket import Place
from app.models.ticket.content import Content
from app.queries.language.parsing import LENGTH_MAX, parse
from app.queries.language.query import Query, from_parameters
from app.schemas.base import (
    PLAN,
    PROJECT,
    WHOLE,
    Change,
    Label,
    Labels,
    Page,
    Paged,
    PersonName,
    Plan,
    ProjectName,
    RequestBody,
    ResponseBody,
    RoleName,
    TicketId,
)

Situation = Literal[
    "running", "ready", "backoff", "blocked", "waiting", "on_hold", "completed", "stopped"
]
AskedState = Literal[
    "open",
    "closed",
    "all",
    "running",
    "ready",
    "backoff",
    "blocked",
    "waiting",
    "on_hold",
    "completed",
    "stopped",
]
Sort = Literal["created", "-created", "updated", "-updated"]

TITLE = "What is to be done, in one line."
DESCRIPTION = "All that a worker needs to know (Markdown)."
PRIORITY = "0 urgent, 1 high, 2 medium, 3 low. A queue goes by priority, then by its order."
LABELS = "Free words that group tickets."
ASSIGNEE = "The person who looks after it: the name they sign in with."
PARENT = "The ticket that this one is a part of, in the same project."
SITUATIONS = (
    "running: a worker is at it. ready: waits in a queue. backoff: rests after a failed attempt. "
    "blocked: waits for other tickets. waiting: its stage is a person's. on_hold: until someone "
    "resumes it. completed, stopped: closed."
)
SITUATION = f"Where it stands, in one word. {SITUATIONS}"


class TicketNew(RequestBody):
    """A new ticket."""

    project_id: ProjectName = Field(description=PROJECT)
    title: str = Field(
        min_length=1,
        max_length=Ticket.TITLE_MAX,
        description=TITLE,
        examples=["Keep the cart when someone signs in"],
    )
    execution_plan: Plan = Field(description=PLAN)
    description: str = Field("", max_length=Ticket.DESCRIPTION_MAX, description=DESCRIPTION)
    priority: int = Field(2, ge=0, le=3, description=PRIORITY)
    labels: Labels = Field(default=[], description=LABELS)
    parent_id: TicketId | None = Field(None, description=PARENT)
    assignee: PersonName | None = Field(None, description=ASSIGNEE)
    blocked_by: list[TicketId] = Field(
        default=[],
        max_length=Ticket.BLOCKERS_MAX,
        description="Tickets of the same project that must be closed before work on it begins.",
    )
    ticket_id: TicketId | None = Field(
        None, description="An id of your own; the project numbers it when left out."
    )


class TicketChange(Change):
    """What shall change about a ticket; what is left out stays."""

    title: str = Field("", min_length=1, max_length=Ticket.TITLE_MAX, description=TITLE)
    description: str = Field("", max_length=Ticket.DESCRIPTION_MAX, description=DESCRIPTION)
    priority: int = Field(2, ge=0, le=3, description=PRIORITY)
    labels: Labels = Field(default=[], description=f"{LABELS} These replace those it has.")
    assignee: PersonName | None = Field("", description=f"{ASSIGNEE} Null: nobody.")
    parent_id: TicketId | None = Field("", description=f"{PARENT} Null: of none.")

    def sent(self) -> Content:
        """What `Ticket.edit` takes."""
        return cast("Content", self.model_dump(include=self.model_fields_set))


class PlanChange(RequestBody):
    """Another plan for a ticket."""

    execution_plan: Plan = Field(
        description=f"{PLAN} Stages that are done or running must stand first, unchanged."
    )


class Hold(RequestBody):
    """Nobody shall work on it for now."""

    reason: str = Field("", max_length=Ticket.REASON_MAX, description="Why, for the timeline.")


class Resumption(RequestBody):
    """Work on it shall go on."""

    answer: str = Field(
        "",
        max_length=Comment.CONTENT_MAX,
        description="What the next worker must know; it becomes a comment.",
    )


class QueueMove(RequestBody):
    """It shall stand elsewhere in its queue."""

    place: Place = Field(description="Where, among those of its priority.")
    other_id: TicketId | None = Field(
        None, description="The ticket that it shall stand before or after."
    )


class ProjectMove(RequestBody):
    """It shall be a ticket of another project."""

    project_id: ProjectName = Field(description=PROJECT)


class Closing(RequestBody):
    """It shall be closed although its plan isn't done."""

    reason: str = Field("", max_length=Ticket.REASON_MAX, description="Why, for the timeline.")


class Reopening(RequestBody):
    """It shall be worked on again."""

    reason: str = Field(
        "",
        max_length=Ticket.REASON_MAX,
        description="What is still to be done; it becomes a comment.",
    )


class TicketLine(ResponseBody):
    """A ticket, as lists show it."""

    ticket_id: str = Field(description="Its id, such as WEB-12.")
    project_id: str = Field(description=PROJECT)
    title: str = Field(description=TITLE)
    situation: Situation = Field(description=SITUATION)
    state: Literal["open", "on_hold", "closed"] = Field(description="Its state, more coarsely.")
    resolution: Literal["completed", "stopped"] | None = Field(description="How it was closed.")
    priority: int = Field(description=PRIORITY)
    labels: list[str] = Field(description=LABELS)
    execution_plan: list[str] = Field(description=PLAN)
    completed_stages: int = Field(description="How many stages of the plan are done.")
    last_completed_stage: str = Field(description="The last of them; `Planned` before the first.")
    current_stage: str | None = Field(description="Whose turn it is; null when all is done.")
    claimed_by: str | None = Field(description="The worker who is at it.")
    open_blockers: int = Field(description="How many tickets it waits for.")
    waits_for: list[str] = Field(description="Which ones: their ids.")
    failed_attempts: int = Field(description="How often its current stage has failed.")
    parent_id: str | None = Field(description=PARENT)
    assignee: str | None = Field(description=ASSIGNEE)
    created_by: str | None = Field(description="Who made it.")
    external_ref: str | None = Field(description="Where it was imported from.")
    version: int = Field(description="Changes with its text and its plan; `If-Match` names it.")
    ready_at: datetime = Field(description="Since when, or from when on, its stage can be taken.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When anything last happened to it.")
    closed_at: datetime | None = Field(description="When it was closed.")

    def address(self) -> str:
        """Where it can be read again."""
        return f"tickets/{self.ticket_id}"

    def revision(self) -> int:
        """The version that `If-Match` names."""
        return self.version


class TicketResponse(TicketLine):
    """A ticket."""

    description: str = Field(description=DESCRIPTION)
    current_run_id: int | None = Field(description="The run that is at work on it.")


class TicketsQuery(Paged):
    """Which tickets are wanted."""

    project: ProjectName | None = Field(None, description="Only this project's.")
    state: AskedState = Field(
        "open",
        description=f"open: all that aren't closed; all: every one; or a situation. {SITUATIONS}",
    )
    stage: RoleName | None = Field(None, description="Only those whose turn it is at this type.")
    priority: Annotated[int, Field(ge=0, le=3), WHOLE] | None = Field(
        None, description="Only of this priority."
    )
    label: Label | None = Field(None, description="Only those with this label.")
    parent_id: TicketId | None = Field(None, description="Only the parts of this ticket.")
    q: str | None = Field(
        None,
        min_length=1,
        max_length=LENGTH_MAX,
        pattern=r"^[^\x00]+$",
        description="Only those with all these words in their id, title and description or in one "
        'comment; "as a phrase", begin*. Fields too: label:ui,bug -priority:low updated:<7d '
        "has:children parent:WEB-1 author:me; `is:` takes the place of the default of `state`.",
    )
    sort: Sort = Field("created", description="In which order; `-` begins with the newest.")

    def wanted(self, project: str | None) -> Query:
        """The same as one query; `project`: the one that the asker may look at. Raises
        `NotUnderstood`."""
        typed = parse(self.q or "")
        is_state_told = typed.names_state and "state" not in self.model_fields_set
        asked = from_parameters(
            project=project or "",
            state="all" if is_state_told else self.state,
            stage=self.stage or "",
            priority="" if self.priority is None else str(self.priority),
            labels=(self.label,) if self.label is not None else (),
            parent_id=self.parent_id or "",
        )
        return Query((*asked.terms, *typed.terms))


class TicketPage(Page[TicketLine]):
    """Tickets, in the order asked for."""
