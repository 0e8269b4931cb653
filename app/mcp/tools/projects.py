"""Projects: list, make, read and change them."""

from __future__ import annotations

from app.callers import Caller
from app.db.base import db
from app.loading import project_named
from app.mcp.registry import tool
from app.mcp.tools.ids import AProject
from app.models import Project
from app.queries.projects.list import project_slice
from app.schemas.projects import (
    ProjectChange,
    ProjectNew,
    ProjectPage,
    ProjectResponse,
    ProjectsQuery,
)


@tool("read", reads=True, for_workers=True)
def list_projects(caller: Caller, query: ProjectsQuery) -> ProjectPage:
    """List the projects on the board, by name.

    A project is a repository whose tickets and workers stand here. Nearly every other tool takes a
    project's name. If `next` isn't null there are more: call again with it as `cursor`.
    """
    found = project_slice(
        db.session(),
        caller.visibility,
        archived=query.archived,
        cursor=query.cursor,
        limit=query.limit,
    )
    return ProjectPage.of(items=found.rows, next=found.next)


@tool("read", reads=True)
def get_project(caller: Caller, project_id: AProject) -> ProjectResponse:
    """Read one project: its path, and the rules and patterns that all its workers are given.

    Read it before you plan tickets, so that you don't repeat in them what every worker is told.
    """
    caller.require_visibility(project_id, f"There is no project {project_id}.")
    return ProjectResponse.model_validate(Project.get(db.session(), project_id))


@tool("plan")
def create_project(caller: Caller, body: ProjectNew) -> ProjectResponse:
    """Put a new project on the board.

    It has no worker types yet: make at least one with create_worker_type before you make tickets.
    """
    caller.require_any_project()
    project = Project.create(db.session(), **body.model_dump(), actor=caller.actor)
    return ProjectResponse.model_validate(project)


@tool("plan", destroys=True, repeatable=True)
def update_project(caller: Caller, project_id: AProject, body: ProjectChange) -> ProjectResponse:
    """Change a project's path, description, rules or patterns, or put it away.

    What you leave out stays as it is; what you send replaces the old text, so read it first with
    get_project. `archived` true: no new tickets and no claims, until you set it to false again.
    """
    project = project_named(db.session(), caller.visibility, project_id)
    project.edit(**body.over_row(project), actor=caller.actor)
    if "archived" in body.model_fields_set:
        put = project.archive if body.archived else project.unarchive
        put(caller.actor)
    db.session.flush()
    return ProjectResponse.model_validate(project)
