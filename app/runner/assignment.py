"""A stage to do, as the board's answer to a claim tells it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class _Told(BaseModel):
    # A newer board may tell more.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Run(_Told):
    """The claim."""

    run_id: int
    stage_number: int
    worker_type: str
    attempt: int = 1


class Ticket(_Told):
    """What is to be done."""

    ticket_id: str
    title: str
    description: str = ""
    priority: int = 2
    labels: tuple[str, ...] = ()


class Stage(_Told):
    """One stage of the plan."""

    number: int
    worker_type: str
    short_description: str | None = None
    status: str = ""


class Project(_Told):
    """The repository."""

    repository_name: str
    path: str


class Comment(_Told):
    """What someone said."""

    content: str
    author: str | None = None
    worker_type: str | None = None
    stage_number: int | None = None
    created_at: datetime | None = None


class Neighbour(_Told):
    """A ticket that this one waited for, or that waits for it."""

    ticket_id: str
    title: str
    state: str = ""


class Assignment(_Told):
    """Everything about one stage."""

    run: Run
    lease_seconds: float
    ticket: Ticket
    stages: tuple[Stage, ...]
    project: Project
    system_prompt: str = ""
    comments: tuple[Comment, ...] = ()
    comments_left_out: int = 0
    blocked_by: tuple[Neighbour, ...] = ()
    blocks: tuple[Neighbour, ...] = ()

    @property
    def stage_name(self) -> str:
        """The stage in words: "stage 2 of 3 (review)"."""
        run = self.run
        return f"stage {run.stage_number} of {len(self.stages)} ({run.worker_type})"
