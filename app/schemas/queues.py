"""Queues: what waits at each worker type, and who is there to take it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.schemas.base import PROJECT, ProjectName, Query, ResponseBody


class QueueResponse(ResponseBody):
    """The queue of one worker type of one project."""

    project_id: str = Field(description=PROJECT)
    worker_type: str = Field(description="The worker type.")
    performed_by: Literal["agent", "person"] = Field(description="Who takes from it.")
    ready: int = Field(description="Tickets that can be taken now; at a person's, that wait.")
    backoff: int = Field(description="Tickets that rest after a failed attempt.")
    blocked: int = Field(description="Tickets that wait for other tickets.")
    on_hold: int = Field(description="Tickets on hold.")
    running: int = Field(description="Tickets that are being worked on.")
    oldest_wait_seconds: float | None = Field(
        description="How long the longest ready one has waited; null when none is ready."
    )
    workers_live: int = Field(description="Workers alive: idle ones and those at a run.")
    workers_idle: int = Field(description="Those of them that have nothing to do.")


class QueuesQuery(Query):
    """Which queues are wanted."""

    project: ProjectName | None = Field(None, description="Only this project's.")


class QueueList(ResponseBody):
    """Queues, by project and worker type; archived projects have none."""

    items: list[QueueResponse] = Field(description="The queues.")
    counted_up_to: int = Field(
        description="How far `ready`, `blocked` and `on_hold` are counted: 1,000 of up to ten "
        "queues, less far of more, but 100 at least."
    )
