"""A ticket's timeline: all that was said and done, in one order."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.schemas.base import Page, Paged, ResponseBody
from app.schemas.comments import CommentResponse
from app.schemas.events import EventResponse
from app.schemas.runs import RunResponse


class TimelineEntry(ResponseBody):
    """One thing that was said or done."""

    at: datetime = Field(description="When; of a run: when it began.")
    kind: Literal["comment", "event", "run"] = Field(description="Which of the next three it is.")
    comment: CommentResponse | None = Field(None, description="What was said.")
    event: EventResponse | None = Field(None, description="What happened.")
    run: RunResponse | None = Field(None, description="The attempt at a stage that began.")


class TimelineQuery(Paged):
    """Which part is wanted."""


class TimelinePage(Page[TimelineEntry]):
    """The timeline, oldest first."""
