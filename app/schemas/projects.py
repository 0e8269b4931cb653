"""Projects: a repository whose tickets and workers stand on the board."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from app.models import Project
from app.schemas.base import (
    REPOSITORY_NAME,
    Change,
    Page,
    Paged,
    ProjectName,
    Query,
    QueryBool,
    RequestBody,
    ResponseBody,
)

PATH = "Where the repository is on the machines of its workers."
SHORT = "What it is, in one line."
IN_PROGRESS = "Tickets that are begun and not closed, at most; null: no limit."
RULES = "What every worker must keep to (Markdown). It becomes part of every system prompt."
PATTERNS = "How things are done here (Markdown). It becomes part of every system prompt."


class ProjectNew(RequestBody):
    """A new project."""

    repository_name: ProjectName = Field(
        description="Its name, such as acme/web: letters, digits, dots, dashes, underscores, and "
        "slashes between parts. It can't be changed later."
    )
    path: str = Field(
        min_length=1, max_length=Project.PATH_MAX, description=PATH, examples=["/src/web"]
    )
    short_description: str | None = Field(
        None, max_length=Project.SHORT_DESCRIPTION_MAX, description=SHORT
    )
    rules: str = Field("", max_length=Project.GUIDE_MAX, description=RULES)
    patterns: str = Field("", max_length=Project.GUIDE_MAX, description=PATTERNS)
    ticket_prefix: str | None = Field(
        None,
        pattern="^[A-Za-z][A-Za-z0-9]{0,9}$",
        description="How its tickets' ids begin, such as WEB. Made from the name when left out.",
    )
    max_in_progress: int | None = Field(
        None, ge=1, le=Project.MAX_IN_PROGRESS_MAX, description=IN_PROGRESS
    )


class ProjectChange(Change):
    """What shall change about a project; what is left out stays."""

    path: str = Field("", min_length=1, max_length=Project.PATH_MAX, description=PATH)
    short_description: str | None = Field(
        None, max_length=Project.SHORT_DESCRIPTION_MAX, description=SHORT
    )
    rules: str = Field("", max_length=Project.GUIDE_MAX, description=RULES)
    patterns: str = Field("", max_length=Project.GUIDE_MAX, description=PATTERNS)
    max_in_progress: int | None = Field(
        0, ge=1, le=Project.MAX_IN_PROGRESS_MAX, description=IN_PROGRESS
    )
    archived: bool = Field(
        False,
        description="True puts the project away: no new tickets, no claims. False takes it back.",
    )

    def over_row(self, project: Project) -> dict[str, Any]:
        """What `Project.edit` takes: the project's values, with those replaced that were sent."""
        names = ("path", "short_description", "rules", "patterns", "max_in_progress")
        return self.over(**{name: getattr(project, name) for name in names})


class ProjectLine(ResponseBody):
    """A project, as lists show it."""

    repository_name: str = Field(description="Its name; everything else refers to it by this.")
    path: str = Field(description=PATH)
    short_description: str | None = Field(description=SHORT)
    ticket_prefix: str | None = Field(description="How its tickets' ids begin.")
    archived_at: datetime | None = Field(description="Since when it is put away; null: at work.")
    max_in_progress: int | None = Field(description=IN_PROGRESS)
    members_only: bool = Field(
        description="Whether only its members see it, besides admins and tokens made for it. "
        "Leads decide that on the project's pages."
    )
    created_at: datetime = Field(description="When it was made.")
    updated_at: datetime = Field(description="When it was last changed.")

    def address(self) -> str:
        """Where it can be read again."""
        return f"projects/{self.repository_name}"


class ProjectResponse(ProjectLine):
    """A project, and what its workers are told."""

    rules: str = Field(description=RULES)
    patterns: str = Field(description=PATTERNS)


class ProjectsQuery(Paged):
    """Which projects are wanted."""

    archived: QueryBool = Field(False, description="True: those put away instead of those at work.")


class ProjectPage(Page[ProjectLine]):
    """Projects, by name."""


class ProjectDeletion(Query):
    """The confirmation that a deletion needs."""

    confirm: str = Field(
        min_length=1,
        max_length=Project.NAME_MAX,
        pattern=REPOSITORY_NAME,
        description="The project's name once more: all its tickets, comments, runs, worker types "
        "and workers are deleted with it.",
    )
