"""Claims: how a worker gets a stage, and all that it needs to do it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.schemas.base import RequestBody, ResponseBody, WorkerId
from app.schemas.comments import CommentResponse
from app.schemas.dependencies import Neighbour
from app.schemas.projects import ProjectLine
from app.schemas.runs import RunResponse
from app.schemas.tickets import TicketResponse


class ClaimNew(RequestBody):
    """A worker asks for the next stage of its queue."""

    worker_id: WorkerId = Field(description="A worker that is registered.")


class StageResponse(ResponseBody):
    """One stage of the plan."""

    number: int = Field(description="Its place, from 1.")
    worker_type: str = Field(description="Who does it.")
    short_description: str | None = Field(description="What that role does, in one line.")
    status: Literal["done", "yours", "to_come"] = Field(description="Whether it is behind you.")


class Assignment(ResponseBody):
    """A stage to do, with everything that is known about it."""

    run: RunResponse = Field(description="The claim. Every report names its `run_id`.")
    lease_seconds: float = Field(
        description="How long the claim lives without a heartbeat, from now."
    )
    ticket: TicketResponse = Field(description="The ticket, with its description.")
    stages: list[StageResponse] = Field(description="The plan, and the place of this stage in it.")
    project: ProjectLine = Field(description="The project, and the path of its repository.")
    system_prompt: str = Field(
        description="The role's instructions, with the project's rules and patterns."
    )
    comments: list[CommentResponse] = Field(description="What was said so far, oldest first.")
    comments_left_out: int = Field(
        description="How many older comments aren't here; the ticket's comments have them all."
    )
    blocked_by: list[Neighbour] = Field(description="What it waited for; all of these are closed.")
    blocks: list[Neighbour] = Field(description="What waits for it.")

    def address(self) -> str:
        """Where the run can be read again."""
        return f"runs/{self.run.run_id}"
