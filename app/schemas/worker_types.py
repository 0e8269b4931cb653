"""Worker types: the roles of a project, each with its system prompt."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from app.models import WorkerType
from app.models.worker_type import PerformedBy
from app.schemas.base import (
    PROJECT,
    Change,
    Page,
    Paged,
    PersonName,
    ProjectName,
    RequestBody,
    ResponseBody,
    RoleName,
)

NAME = "Its name, such as review; plans refer to it by this."
SHORT = "What it does, in one line."
PROMPT = "Instructions for its workers (Markdown). Every version is kept."
PERFORMED = (
    "`agent`: worker processes take its stages. `person`: it is a gate, where a ticket waits until "
    "a team member approves it or sends it back."
)
LEASE = "A claim lives this long without a heartbeat; then its stage goes back to the queue."
ATTEMPTS = "A stage that failed this often waits for a person instead of being tried again."
RUNNING = "How many of its runs there are at once, at most; null: no limit."
APPROVERS = "Of a gate: the people who decide there, by name; empty: every team member."
RUNNING_MAX = WorkerType.MAX_RUNNING_MAX
LEASE_MIN, LEASE_MAX = WorkerType.LEASE_SECONDS_MIN, WorkerType.LEASE_SECONDS_MAX
ATTEMPTS_MIN, ATTEMPTS_MAX = WorkerType.MAX_ATTEMPTS_MIN, WorkerType.MAX_ATTEMPTS_MAX


Approvers = Annotated[list[PersonName], Field(max_length=50)]


class WorkerTypeNew(RequestBody):
    """A new role of a project."""

    project_id: ProjectName = Field(description=PROJECT)
    worker_type: RoleName = Field(description=NAME)
    short_description: str | None = Field(
        None, max_length=WorkerType.SHORT_DESCRIPTION_MAX, description=SHORT
    )
    system_prompt: str = Field("", max_length=WorkerType.SYSTEM_PROMPT_MAX, description=PROMPT)
    performed_by: PerformedBy = Field("agent", description=PERFORMED)
    lease_seconds: int | None = Field(
        None,
        ge=LEASE_MIN,
        le=LEASE_MAX,
        description=f"{LEASE} The server's own default when left out.",
    )
    max_attempts: int = Field(
        WorkerType.MAX_ATTEMPTS_DEFAULT, ge=ATTEMPTS_MIN, le=ATTEMPTS_MAX, description=ATTEMPTS
    )
    max_running: int | None = Field(None, ge=1, le=RUNNING_MAX, description=RUNNING)
    approvers: Approvers = Field(default=[], description=APPROVERS)


class WorkerTypeChange(Change):
    """What shall change about a role; what is left out stays."""

    worker_type: RoleName = Field(
        "", description=f"{NAME} Can't change while open tickets or plan templates name it."
    )
    short_description: str | None = Field(
        None, max_length=WorkerType.SHORT_DESCRIPTION_MAX, description=SHORT
    )
    system_prompt: str = Field("", max_length=WorkerType.SYSTEM_PROMPT_MAX, description=PROMPT)
    performed_by: PerformedBy = Field("agent", description=PERFORMED)
    lease_seconds: int = Field(0, ge=LEASE_MIN, le=LEASE_MAX, description=LEASE)
    max_attempts: int = Field(0, ge=ATTEMPTS_MIN, le=ATTEMPTS_MAX, description=ATTEMPTS)
    max_running: int | None = Field(0, ge=1, le=RUNNING_MAX, description=RUNNING)
    approvers: Approvers = Field(default=[], description=APPROVERS)

    def over_row(self, role: WorkerType) -> dict[str, Any]:
        """What `WorkerType.edit` takes: the role's values, with those replaced that were sent."""
        names = WorkerTypeChange.model_fields.keys() - {"worker_type"}
        return self.over(**{name: getattr(role, name) for name in names})


class WorkerTypeLine(ResponseBody):
    """A role of a project, without its prompt."""

    id: int = Field(description="Its number.")
    project_id: str = Field(description=PROJECT)
    worker_type: str = Field(description=NAME)
    short_description: str | None = Field(description=SHORT)
    performed_by: PerformedBy = Field(description=PERFORMED)
    lease_seconds: int = Field(description=LEASE)
    max_attempts: int = Field(description=ATTEMPTS)
    max_running: int | None = Field(description=RUNNING)
    prompt_version: int = Field(description="Which version of the prompt this is, from 1.")
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was last changed.")

    def address(self) -> str:
        """Where it can be read again."""
        return f"worker-types/{self.id}"


class WorkerTypeResponse(WorkerTypeLine):
    """A role of a project."""

    system_prompt: str = Field(description=PROMPT)


class WorkerTypeWhole(WorkerTypeResponse):
    """A role of a project, with who decides in it."""

    approvers: list[str] = Field(description=APPROVERS)


class WorkerTypesQuery(Paged):
    """Which roles are wanted."""

    project: ProjectName | None = Field(None, description="Only this project's.")


class WorkerTypePage(Page[WorkerTypeResponse]):
    """Roles, in the order they were made."""


class PromptVersionResponse(ResponseBody):
    """A text that a system prompt once had."""

    version: int = Field(description="Its number, from 1.")
    system_prompt: str = Field(description="The text.")
    created_by: str = Field(description="Who wrote it.")
    created_at: datetime = Field(description="When.")


class PromptVersionsQuery(Paged):
    """Which versions are wanted."""


class PromptVersionPage(Page[PromptVersionResponse]):
    """Versions of one prompt, newest first."""
