"""Statistics: how work flowed in a span of time, as the page of that name shows it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, tzinfo
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field

from app.errors import Invalid
from app.queries.language.parsing import LENGTH_MAX
from app.queries.statistics.span import Span
from app.schemas.base import PROJECT, WHOLE, ProjectName, Query, ResponseBody

Figure = Literal["throughput", "flow", "cycle", "stages", "rework", "waits"]
FIGURES: tuple[Figure, ...] = get_args(Figure)

WEEKS_DEFAULT = 12
WEEKS_MAX = 52
SLOWEST_MAX = 50


def _day(value: Any) -> Any:
    # Numbers would be read as seconds since 1970, which the document doesn't promise.
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("must be a day such as 2026-03-31")
    return value


Day = Annotated[date, BeforeValidator(_day)]


class StatisticsQuery(Query):
    """Whose work, when, and what of it."""

    project: ProjectName | None = Field(None, description="Only this project's.")
    q: str | None = Field(
        None,
        min_length=1,
        max_length=LENGTH_MAX,
        pattern=r"^[^\x00]+$",
        description="Only of the tickets that this query finds now, as in list_tickets: "
        "label:ui priority:high assignee:ann. Closed ones are among them unless it says otherwise.",
    )
    weeks: Annotated[int, Field(ge=1, le=WEEKS_MAX), WHOLE] = Field(
        WEEKS_DEFAULT, description="This week so far, and those before it; in all so many."
    )
    first_day: Day | None = Field(
        None, description="Instead of weeks: from this day on, such as 2026-03-01."
    )
    last_day: Day | None = Field(None, description="Up to this day, which is in it; else today.")
    time_zone: str = Field(
        "UTC",
        max_length=64,
        pattern=r"^[A-Za-z0-9_+/-]+$",
        description="Where its days begin, such as Europe/Paris.",
    )
    figures: str = Field(
        ",".join(FIGURES),
        pattern=rf"^({'|'.join(FIGURES)})(,({'|'.join(FIGURES)}))*$",
        description="Which tables to read, by comma; the totals always come. throughput: tickets a "
        "week. flow: how it stood each day. cycle: the slowest tickets. stages: how long each "
        "waited and took. rework: runs in vain. waits: what waited for people.",
    )

    def span(self, now: datetime) -> Span:
        """The days that are asked for. Raises `Invalid`."""
        zone = self._zone()
        usual = Span.of_weeks(self.weeks, now, zone)
        if self.first_day is None and self.last_day is None:
            return usual
        return Span.of_days(self.first_day or usual.first, self.last_day or usual.last, zone)

    def _zone(self) -> tzinfo:
        if self.time_zone == "UTC":
            return UTC
        if self.time_zone not in available_timezones():
            raise Invalid(
                "There is no such time zone; choose one such as Europe/Paris.", "time_zone"
            )
        return ZoneInfo(self.time_zone)


class SpreadResponse(ResponseBody):
    """How some durations are spread, in seconds; null when there is none."""

    count: int = Field(description="How many there are.")
    median: float | None = Field(description="Half are shorter.")
    p85: float | None = Field(description="85 of 100 are shorter.")
    longest: float | None = Field(description="The longest.")


class WeekResponse(ResponseBody):
    """What came and went in a week, or in the part of it that lies in the span."""

    day: date = Field(description="Its first day.")
    created: int = Field(description="Tickets created.")
    completed: int = Field(description="Tickets completed.")
    stopped: int = Field(description="Tickets stopped.")


class StandingResponse(ResponseBody):
    """How it stood at the end of a day, or of a week in spans beyond thirteen weeks."""

    day: date = Field(description="The day, or the first of the week.")
    closed: int = Field(description="Tickets closed since the span began.")
    open: int = Field(description="Tickets that weren't closed.")
    begun: int | None = Field(
        description="Those of them whose work had begun; null with too many tickets to tell."
    )


class DoneResponse(ResponseBody):
    """A completed ticket."""

    ticket_id: str = Field(description="Its id, such as WEB-12.")
    closed_at: datetime = Field(description="When it was completed.")
    cycle: float = Field(description="Seconds since its first stage began.")
    lead: float = Field(description="Seconds since it was created.")


class StageTimeResponse(ResponseBody):
    """How long tickets waited for a worker type, and how long a completed run of it took."""

    worker_type: str = Field(description="The worker type.")
    is_person: bool = Field(description="Whether a person does it: then all of it is waiting.")
    waiting: SpreadResponse = Field(description="From the attempt before until it began.")
    working: SpreadResponse = Field(description="From then until it was done.")


class ReworkResponse(ResponseBody):
    """What became of the runs of a worker type, or of one version of its prompt."""

    worker_type: str = Field(description="The worker type.")
    prompt_version: int | None = Field(description="Which version; null when it isn't known.")
    runs: int = Field(description="Runs that came to an end.")
    redone: int = Field(description="Completed, and done again later.")
    failed: int = Field(description="Failed.")
    expired: int = Field(description="Their lease ended.")
    returned: int = Field(description="Sent a ticket back themselves, as a review may.")


class WaitResponse(ResponseBody):
    """What waited for people: a stage of theirs, or a type of event that called for them."""

    kind: Literal["stage", "event"] = Field(description="Which of both.")
    name: str = Field(description="The worker type, or the type of event.")
    spread: SpreadResponse = Field(description="How long people let it wait.")


class StatisticsResponse(ResponseBody):
    """What was done in the span. Tables that weren't asked for are null."""

    project: str | None = Field(description=f"{PROJECT} Null: all that the token sees.")
    first_day: date = Field(description="The first day of the span.")
    last_day: date = Field(description="Its last day, which is in it.")
    created: int = Field(description="Tickets created.")
    completed: int = Field(description="Tickets completed.")
    open: int = Field(description="Tickets open at its end.")
    cycle_time: SpreadResponse = Field(description="From the first stage's beginning to the end.")
    lead_time: SpreadResponse = Field(description="From a ticket's creation to its end.")
    runs: int = Field(description="Runs that times and rework were read from.")
    is_sampled: bool = Field(
        description="Whether those are an even sample; numbers of tickets are always exact."
    )
    as_of: datetime = Field(
        description="When this was counted. Of many tickets, what a query finds is counted anew "
        "every few minutes at most, more often the less it takes."
    )
    throughput: list[WeekResponse] | None = Field(description="By week.")
    flow: list[StandingResponse] | None = Field(description="By day or week.")
    slowest: list[DoneResponse] | None = Field(
        description=f"At most {SLOWEST_MAX} completed tickets, the longest cycle time first."
    )
    stages: list[StageTimeResponse] | None = Field(description="By worker type, longest first.")
    rework: list[ReworkResponse] | None = Field(
        description="By worker type and version of its prompt, newest first."
    )
    waits: list[WaitResponse] | None = Field(description="The longest first.")
