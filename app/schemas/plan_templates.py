"""Plan templates: execution plans that a project uses again and again."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from app.models import PlanTemplate
from app.schemas.base import (
    PLAN,
    PROJECT,
    Page,
    Paged,
    Plan,
    ProjectName,
    RequestBody,
    ResponseBody,
)


class PlanTemplateNew(RequestBody):
    """A new template."""

    project_id: ProjectName = Field(description=PROJECT)
    name: str = Field(
        min_length=1,
        max_length=PlanTemplate.NAME_MAX,
        description="Its name within the project.",
        examples=["feature"],
    )
    plan: Plan = Field(description=PLAN)


class PlanTemplateResponse(ResponseBody):
    """A template."""

    id: int = Field(description="Its number.")
    project_id: str = Field(description=PROJECT)
    name: str = Field(description="Its name within the project.")
    plan: list[str] = Field(description=PLAN)
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was last changed.")

    def address(self) -> str:
        """Where it can be read again."""
        return f"plan-templates/{self.id}"


class PlanTemplatesQuery(Paged):
    """Which templates are wanted."""

    project: ProjectName | None = Field(None, description="Only this project's.")


class PlanTemplatePage(Page[PlanTemplateResponse]):
    """Templates, in the order they were made."""
