"""What only the MCP tools take and answer: a model reads it, so it gets things in one piece."""

from __future__ import annotations

from pydantic import Field

from app.schemas.base import Limit, Page, Query, ResponseBody
from app.schemas.claims import Assignment
from app.schemas.comments import CommentResponse
from app.schemas.dependencies import DependenciesResponse
from app.schemas.tickets import TicketResponse
from app.schemas.worker_types import WorkerTypeLine

COMMENTS_DEFAULT = 20


class TicketQuery(Query):
    """How much of a ticket is wanted."""

    comments: Limit = Field(
        COMMENTS_DEFAULT, description="How many comments at most; the newest ones come."
    )


class TicketFile(DependenciesResponse):
    """A ticket with what was said about it, and what it depends on."""

    ticket: TicketResponse = Field(description="The ticket.")
    comments: list[CommentResponse] = Field(description="The newest comments, oldest first.")
    comments_left_out: int = Field(description="How many older comments there are.")


class WorkerTypeLinePage(Page[WorkerTypeLine]):
    """Roles without their prompts, in the order they were made."""


class Claimed(ResponseBody):
    """What there is to do now."""

    assignment: Assignment | None = Field(
        description="The stage to do, with everything that is known about it; null: none."
    )
    next_step: str = Field(description="What to do now.")
