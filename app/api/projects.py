"""Projects: list, make, read, change and delete them."""

from __future__ import annotations

from app.api.operation import operation
from app.callers import Caller
from app.db.base import db
from app.loading import project_named
from app.models import Project
from app.queries.projects.list import project_slice
from app.schemas.projects import (
    ProjectChange,
    ProjectDeletion,
    ProjectNew,
    ProjectPage,
    ProjectResponse,
    ProjectsQuery,
)

TAG = "Projects and worker types"


@operation("GET", "/projects", tag=TAG, scope="read")
def list_projects(caller: Caller, query: ProjectsQuery) -> ProjectPage:
    """List projects by name: those at work, unless asked for the others."""
    found = project_slice(
        db.session(),
        caller.visibility,
        archived=query.archived,
        cursor=query.cursor,
        limit=query.limit,
    )
    return ProjectPage.of(items=found.rows, next=found.next)


@operation("POST", "/projects", tag=TAG, scope="plan", status=201, once=True)
def create_project(caller: Caller, body: ProjectNew) -> ProjectResponse:
    """Make a project. It needs worker types before tickets can be made."""
    caller.require_any_project()
    project = Project.create(db.session(), **body.model_dump(), actor=caller.actor)
    return ProjectResponse.model_validate(project)


@operation("GET", "/projects/<project:repository_name>", tag=TAG, scope="read")
def get_project(caller: Caller, repository_name: str) -> ProjectResponse:
    """One project, with its rules and patterns."""
    caller.require_visibility(repository_name, f"There is no project {repository_name}.")
    return ProjectResponse.model_validate(Project.get(db.session(), repository_name))


@operation("PATCH", "/projects/<project:repository_name>", tag=TAG, scope="plan")
def update_project(caller: Caller, repository_name: str, body: ProjectChange) -> ProjectResponse:
    """Change a project, or put it away; what is left out stays as it is."""
    project = project_named(db.session(), caller.visibility, repository_name)
    project.edit(**body.over_row(project), actor=caller.actor)
    if "archived" in body.model_fields_set:
        put = project.archive if body.archived else project.unarchive
        put(caller.actor)
    db.session.flush()
    return ProjectResponse.model_validate(project)


@operation("DELETE", "/projects/<project:repository_name>", tag=TAG, scope="admin")
def delete_project(caller: Caller, repository_name: str, query: ProjectDeletion) -> None:
    """Delete a project with all its tickets, comments, runs, worker types and workers."""
    project_named(db.session(), caller.visibility, repository_name).delete(
        query.confirm, caller.actor
    )
