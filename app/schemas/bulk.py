"""Many tickets at once, with what they wait for: what a planning agent produces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from app.models import Ticket
from app.pipeline.planning import TICKETS_MAX, Draft
from app.schemas.base import (
    NAME,
    PLAN,
    PROJECT,
    Labels,
    PersonName,
    Plan,
    ProjectName,
    RequestBody,
    ResponseBody,
    TicketId,
)
from app.schemas.tickets import ASSIGNEE, DESCRIPTION, LABELS, PRIORITY, TITLE

LocalKey = Annotated[
    str,
    StringConstraints(min_length=1, max_length=Ticket.ID_MAX, pattern=NAME),
    Field(examples=["api-tests"]),
]


EXAMPLE = [
    {"key": "api", "title": "Keep the cart: API", "execution_plan": ["implementation", "review"]},
    {
        "key": "page",
        "title": "Keep the cart: page",
        "execution_plan": ["implementation", "review"],
        "blocked_by": ["api"],
    },
]


class TicketDraft(RequestBody):
    """One of the new tickets."""

    key: LocalKey = Field(
        description="A name of your own for it, used only inside this request, such as api-tests."
    )
    title: str = Field(min_length=1, max_length=Ticket.TITLE_MAX, description=TITLE)
    execution_plan: Plan | None = Field(
        None, description=f"{PLAN} The request's `execution_plan` when left out."
    )
    description: str = Field("", max_length=Ticket.DESCRIPTION_MAX, description=DESCRIPTION)
    priority: int = Field(2, ge=0, le=3, description=PRIORITY)
    labels: Labels = Field(default=[], description=LABELS)
    assignee: PersonName | None = Field(
        None, description=f"{ASSIGNEE} The request's `assignee` when left out."
    )
    parent: TicketId | None = Field(
        None, description="What it is a part of: a key of this request, or a ticket of the project."
    )
    blocked_by: list[TicketId] = Field(
        default=[],
        max_length=Ticket.BLOCKERS_MAX,
        description="What must be closed before work on it begins: keys of this request, or "
        "tickets of the project. A key comes before a ticket of the same name.",
    )
    ticket_id: TicketId | None = Field(
        None, description="An id of your own; the project numbers it when left out."
    )


class TicketsNew(RequestBody):
    """Many new tickets of one project: all are made, or none."""

    project_id: ProjectName = Field(description=PROJECT)
    execution_plan: Plan | None = Field(
        None, description="The plan of those that bring none of their own."
    )
    assignee: PersonName | None = Field(
        None, description="The person who looks after those that name nobody of their own."
    )
    tickets: list[TicketDraft] = Field(
        min_length=1,
        max_length=TICKETS_MAX,
        description="The tickets, in the order of their ids.",
        examples=[EXAMPLE],
    )

    def drafts(self) -> list[Draft]:
        """The tickets, each with its plan and its assignee."""
        return [
            Draft(
                **draft.model_dump(exclude={"execution_plan", "assignee"}),
                execution_plan=draft.execution_plan or self.execution_plan or [],
                assignee=draft.assignee or self.assignee,
            )
            for draft in self.tickets
        ]


class TicketMade(ResponseBody):
    """One of the tickets that were made."""

    key: str = Field(description="Its key in the request.")
    ticket_id: str = Field(description="Its id from now on.")


class TicketsMade(ResponseBody):
    """The tickets that were made."""

    tickets: list[TicketMade] = Field(description="In the order of the request.")

    @classmethod
    def pairing(cls, drafts: Sequence[Draft], tickets: Sequence[Ticket]) -> Self:
        """Each draft's key with the ticket that was made from it."""
        made = zip(drafts, tickets, strict=True)
        return cls(tickets=[TicketMade(key=one.key, ticket_id=it.ticket_id) for one, it in made])
