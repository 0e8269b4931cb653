"""What only the MCP tools take and answer: a model reads it, so it gets things in one piece."""

from __future__ import annotations

from pydantic import Field

from app.schemas.base import Asked, Limit, Page, Paged, ProjectName, RoleName, Shown
from app.schemas.claims import Assignment
from app.schemas.comments import CommentShown
from app.schemas.dependencies import DependenciesShown
from app.schemas.tickets import TicketLine, TicketShown
from app.schemas.worker_types import WorkerTypeLine

COMMENTS_DEFAULT = 20


class TicketAsked(Asked):
    """How much of a ticket is wanted."""

    comments: Limit = Field(
        COMMENTS_DEFAULT, description="How many comments at most; the newest ones come."
    )


class TicketFile(DependenciesShown):
    """A ticket with what was said about it, and what it depends on."""

    ticket: TicketShown = Field(description="The ticket.")
    comments: list[CommentShown] = Field(description="The newest comments, oldest first.")
    comments_left_out: int = Field(description="How many older comments there are.")


class QueueAsked(Paged):
    """Which part of the waiting tickets is wanted."""

    project: ProjectName | None = Field(None, description="Only this project's.")
    stage: RoleName | None = Field(None, description="Only those whose turn it is at this type.")


class BlockedTicket(TicketLine):
    """A ticket that can't go on before others are closed."""

    waits_for: list[str] = Field(description="The ids of the tickets that are still in its way.")


class BlockedPage(Page[BlockedTicket]):
    """Blocked tickets, in the order they were made."""


class WorkerTypeLinePage(Page[WorkerTypeLine]):
    """Roles without their prompts, in the order they were made."""


class Claimed(Shown):
    """What there is to do now."""

    assignment: Assignment | None = Field(
        description="The stage to do, with everything that is known about it; null: none."
    )
    next_step: str = Field(description="What to do now.")
