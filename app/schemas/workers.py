"""Workers: processes that take stages, known by their heartbeats."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from app import clock
from app.models import Worker
from app.pipeline import Instruction
from app.queries.workers.conditions import WorkerFilter
from app.schemas.base import (
    PROJECT,
    Page,
    Paged,
    ProgramText,
    ProjectName,
    RequestBody,
    ResponseBody,
    RoleName,
    RowNumber,
    WorkerId,
)

Status = Literal["spawning", "active", "idle", "finished", "failed"]
WORKER = "Its id, chosen by itself: unique on the board, such as review-build01-4711."
HOST = "The machine it runs on."
PID = "Its process number there."


class WorkerNew(RequestBody):
    """A process that wants to work."""

    worker_id: WorkerId = Field(description=WORKER)
    project_id: ProjectName = Field(description=PROJECT)
    worker_type: RoleName = Field(description="The role whose stages it takes.")
    hostname: str | None = Field(None, max_length=Worker.HOSTNAME_MAX, description=HOST)
    pid: int | None = Field(None, ge=0, le=2**31 - 1, description=PID)


class Heartbeat(RequestBody):
    """A sign of life."""

    run_id: RowNumber | None = Field(
        None, description="The run it holds; its lease is extended. Leave it out when idle."
    )
    output_tail: ProgramText | None = Field(
        None,
        max_length=Worker.OUTPUT_TAIL_MAX,
        description="The last lines that it wrote, for people to look at on its page.",
    )


class Stopped(RequestBody):
    """The process ends in order."""

    reason: ProgramText | None = Field(
        None, max_length=Worker.REASON_MAX, description="Why it ends."
    )
    needs_attention: bool = Field(
        False, description="Whether a person should see why: it waits in the inbox."
    )


class HeartbeatAnswer(ResponseBody):
    """What to do now. Times are also told as seconds from now: nobody's clock matters but ours."""

    instruction: Literal["continue", "stop"] = Field(
        description="stop: finish or release what you hold, then report that you stopped."
    )
    next_heartbeat_seconds: float = Field(
        description="Send the next one before this much time is over; a third of it is a good pace."
    )
    lease_expires_at: datetime | None = Field(
        description="When the run's lease ends, by the server's clock; null without a run."
    )
    lease_seconds: float | None = Field(description="The same, in seconds from now.")

    @classmethod
    def telling(cls, told: Instruction, due: datetime | None) -> Self:
        """What the pipeline says. `due`: when the worker is to be heard of again."""
        now, lease = clock.now(), told.lease_expires_at
        return cls(
            instruction=told.instruction,
            next_heartbeat_seconds=((due or now) - now).total_seconds(),
            lease_expires_at=lease,
            lease_seconds=(lease - now).total_seconds() if lease else None,
        )


class WorkerResponse(ResponseBody):
    """A worker."""

    worker_id: str = Field(description=WORKER)
    project_id: str = Field(description=PROJECT)
    worker_type: str = Field(description="The role whose stages it takes.")
    status: Status = Field(description="active: at a run. finished: ended in order. failed: lost.")
    is_silent: bool = Field(description="Whether its heartbeat is overdue.")
    hostname: str | None = Field(description=HOST)
    pid: int | None = Field(description=PID)
    queue_name: str = Field(description="The queue it takes from.")
    started_at: datetime = Field(description="When it was registered.")
    last_activity: datetime = Field(description="When it was last heard of.")
    expected_by: datetime | None = Field(description="When it is to be heard of again.")
    stop_requested_at: datetime | None = Field(description="Since when it is asked to stop.")
    stopped_reason: str | None = Field(description="Why it ended.")
    run_id: int | None = Field(description="The run it holds.")
    ticket_id: str | None = Field(description="That run's ticket.")

    def address(self) -> str:
        """Where it can be read again."""
        return f"workers/{self.worker_id}"


class WorkersQuery(Paged):
    """Which workers are wanted."""

    project: ProjectName | None = Field(None, description="Only this project's.")
    worker_type: RoleName | None = Field(None, description="Only of this role.")
    status: Literal["live", "silent", "all"] | Status = Field(
        "live",
        description="live: spawning, active and idle together. Those of them whose heartbeat is "
        "overdue are only in silent and in all.",
    )

    def wanted(self, project: str | None) -> WorkerFilter:
        """The same for the query; `project`: the one that the asker may look at."""
        return WorkerFilter(project or "", self.worker_type or "", self.status)


class WorkerPage(Page[WorkerResponse]):
    """Workers, by id."""
