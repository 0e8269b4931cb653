"""Comments: what people and workers say about a ticket."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from app.models import Comment
from app.schemas.base import Page, Paged, RequestBody, ResponseBody, RowNumber


class CommentNew(RequestBody):
    """Something to say about a ticket."""

    content: str = Field(
        min_length=1,
        max_length=Comment.CONTENT_MAX,
        description="The text (Markdown).",
        examples=["The cart lives in the session; see `cart.py`."],
    )
    run_id: RowNumber | None = Field(
        None,
        description="The run that a worker holds: the comment then stands as its worker's, at its "
        "stage. Without it, the token's name stands there.",
    )


class CommentChange(RequestBody):
    """Other words for a comment."""

    content: str = Field(
        min_length=1, max_length=Comment.CONTENT_MAX, description="The text from now on (Markdown)."
    )


class CommentResponse(ResponseBody):
    """Something that was said about a ticket."""

    id: int = Field(description="Its number.")
    ticket_id: str = Field(description="The ticket.")
    author: str | None = Field(description="Who said it.")
    worker_type: str | None = Field(description="In which role, if it was said at a stage.")
    worker_id: str | None = Field(description="The worker who said it; null for others.")
    stage_number: int | None = Field(description="At which stage, from 1; null outside of stages.")
    run_id: int | None = Field(description="In which run; null outside of runs.")
    content: str = Field(description="The text (Markdown); empty when it was withdrawn.")
    created_at: datetime = Field(description="When.")
    edited_at: datetime | None = Field(description="When its author last changed it.")
    withdrawn_at: datetime | None = Field(description="When its author took it back.")


class CommentsQuery(Paged):
    """Which comments are wanted."""


class CommentPage(Page[CommentResponse]):
    """Comments, oldest first."""
