"""Events: what happened on the board, for coordinators to follow."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from app.models import Event
from app.models.event import EventType
from app.queries.events.filter import EventFilter
from app.schemas.base import (
    NUMBER_MAX,
    PAGE_DEFAULT,
    WHOLE,
    Limit,
    ProjectName,
    Query,
    QueryBool,
    RequestBody,
    ResponseBody,
    TicketId,
    WorkerId,
)


class EventResponse(ResponseBody):
    """Something that happened."""

    id: int = Field(description="Its number; later events mostly have greater ones.")
    event_type: EventType = Field(description="What happened.")
    project_id: str | None = Field(description="In which project.")
    ticket_id: str | None = Field(description="To which ticket.")
    worker_id: str | None = Field(description="To, or by, which worker.")
    stage: str | None = Field(description="At which stage: its worker type.")
    run_id: int | None = Field(description="In which run.")
    comment_id: int | None = Field(description="The comment that was made by it.")
    reason: str | None = Field(description="Why, in the words of whoever did it.")
    details: dict[str, Any] = Field(
        description="What else is known, by the type of event: `to_stage` and `to_worker_type` of "
        "a stage returned; `from_plan`, `to_plan`; `blocked_by`; `changed`, `from`, `to` of an "
        "edit, and of a `description` how many lines were `added` and `removed`; "
        "`failed_attempts`; `resolution`; `cause`."
    )
    actor: str | None = Field(description="Who did it.")
    needs_attention: bool = Field(description="Whether someone must look at it.")
    created_at: datetime = Field(description="When.")
    processed: bool = Field(description="Whether it was dealt with, or needs no dealing with.")
    processed_by: str | None = Field(description="Who dealt with it.")
    processed_at: datetime | None = Field(description="When.")
    resolution_summary: str | None = Field(description="How.")


class EventsQuery(Query):
    """Which events are wanted."""

    after: Annotated[int, Field(ge=0, le=NUMBER_MAX), WHOLE] | Literal["latest"] = Field(
        0,
        description="Only events after this place: `next_after` of the answer before. 0 begins "
        "with the first event of all; `latest` begins now, with none.",
    )
    limit: Limit = Field(PAGE_DEFAULT, description="How many at most.")
    project: ProjectName | None = Field(None, description="Only of this project.")
    event_type: EventType | None = Field(None, description="Only of this type.")
    ticket_id: TicketId | None = Field(None, description="Only of this ticket.")
    worker_id: WorkerId | None = Field(None, description="Only of this worker.")
    processed: QueryBool | None = Field(None, description="False: only those not dealt with.")
    needs_attention: QueryBool = Field(
        False, description="True: only those that someone must look at."
    )

    def wanted(self, project: str | None) -> EventFilter:
        """The same for the query; `project`: the one that the asker may look at."""
        return EventFilter(
            project=project or "",
            event_type=self.event_type or "",
            ticket=self.ticket_id or "",
            worker=self.worker_id or "",
            processed=self.processed,
            only_attention=self.needs_attention,
        )


class EventFeed(ResponseBody):
    """Events in the order of their numbers, and where to go on."""

    items: list[EventResponse] = Field(description="The events.")
    next_after: int = Field(
        description="Ask again with this as `after`: no event is missed, and none comes twice."
    )
    has_more: bool = Field(description="Whether more are there already; else wait a little first.")


class Processing(RequestBody):
    """An event was dealt with."""

    note: str = Field("", max_length=Event.SUMMARY_MAX, description="How, in a few words.")
