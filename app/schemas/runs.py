"""Stage runs: one attempt of a worker, or of a person, at one stage."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.models import Comment, Ticket
from app.models.plan import PLAN_MAX
from app.schemas.base import (
    Page,
    Paged,
    ProgramText,
    ProjectName,
    QueryBool,
    RequestBody,
    ResponseBody,
    TicketId,
    WorkerId,
)

Outcome = Literal["completed", "returned", "attention", "failed", "expired", "released"]
REASON_MAX = Ticket.REASON_MAX
COMMENT = "What was done, for those who do the next stages and for people (Markdown)."


class Completion(RequestBody):
    """The stage is done."""

    comment: ProgramText = Field(
        "",
        max_length=Comment.CONTENT_MAX,
        description=COMMENT,
        examples=["Done in commit 4f2a; the tests cover an empty cart."],
    )


class Return(RequestBody):
    """The ticket must go back to an earlier stage."""

    to_stage: int = Field(
        ge=1, le=PLAN_MAX, description="The stage's number in the plan, from 1.", examples=[1]
    )
    reason: ProgramText = Field(
        min_length=1,
        max_length=REASON_MAX,
        description="What must be done differently; the worker of that stage reads it.",
        examples=["There is no test for an empty cart."],
    )


class Reason(RequestBody):
    """Why the stage can't be done now."""

    reason: ProgramText = Field(
        min_length=1,
        max_length=REASON_MAX,
        description="What happened, or the question that a person must answer.",
        examples=["The build needs a key that I don't have."],
    )


class Release(RequestBody):
    """The stage is given back unharmed."""

    reason: ProgramText = Field(
        "", max_length=REASON_MAX, description="Why, if it is worth telling."
    )


class RunResponse(ResponseBody):
    """One attempt at one stage."""

    run_id: int = Field(description="Its number: every report names it. Never used again.")
    ticket_id: str = Field(description="The ticket.")
    stage_number: int = Field(description="The stage's place in the plan, from 1.")
    worker_type: str = Field(description="The stage's worker type.")
    worker_id: str | None = Field(description="Who does it; null for a person.")
    actor: str | None = Field(description="The same in words, for people too.")
    attempt: int = Field(description="Which attempt at this stage it is, from 1.")
    prompt_version: int | None = Field(description="Which version of the system prompt it got.")
    started_at: datetime = Field(description="When it was claimed.")
    lease_expires_at: datetime | None = Field(
        description="When it ends without another heartbeat, by the server's clock."
    )
    finished_at: datetime | None = Field(description="When it ended; null: it goes on.")
    outcome: Outcome | None = Field(description="How it ended; null: it goes on.")
    reason: str | None = Field(description="Why it ended so.")
    refused_reports: int = Field(
        description="How many reports came after it had ended and were refused."
    )

    def address(self) -> str:
        """Where it can be read again."""
        return f"runs/{self.run_id}"


class RunsQuery(Paged):
    """Which runs are wanted."""

    project: ProjectName | None = Field(None, description="Only of this project's tickets.")
    ticket_id: TicketId | None = Field(None, description="Only of this ticket.")
    worker_id: WorkerId | None = Field(None, description="Only of this worker.")
    finished: QueryBool | None = Field(None, description="False: only those that go on.")


class RunPage(Page[RunResponse]):
    """Runs, newest first."""
