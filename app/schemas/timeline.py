"""A ticket's timeline: all that was said and done, in one order."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.schemas.base import Page, Paged, Shown
from app.schemas.comments import CommentShown
from app.schemas.events import EventShown
from app.schemas.runs import RunShown


class TimelineEntry(Shown):
    """One thing that was said or done."""

    at: datetime = Field(description="When; of a run: when it began.")
    kind: Literal["comment", "event", "run"] = Field(description="Which of the next three it is.")
    comment: CommentShown | None = Field(None, description="What was said.")
    event: EventShown | None = Field(None, description="What happened.")
    run: RunShown | None = Field(None, description="The attempt at a stage that began.")


class TimelineAsked(Paged):
    """Which part is wanted."""


class TimelinePage(Page[TimelineEntry]):
    """The timeline, oldest first."""
