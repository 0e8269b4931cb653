"""Projects: list, make, read, change and delete them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.callers import Caller
from app.loading import project_named, visible_project
from app.models import Project
from app.operations.operation import Tool, operation
from app.queries.projects.list import project_slice
from app.schemas.base import ProjectParam
from app.schemas.projects import (
    ProjectChange,
    ProjectDeletion,
    ProjectNew,
    ProjectPage,
    ProjectResponse,
    ProjectsQuery,
)

TAG = "Projects and worker types"
ONE = "/projects/<project:repository_name>"
NAMES = {"repository_name": "project_id"}


def project_shown(session: Session, repository_name: str) -> ProjectResponse:
    return ProjectResponse.model_validate(Project.get(session, repository_name))


@operation("GET", "/projects", tag=TAG, scope="read", tool=Tool("list_projects", for_workers=True))
def list_projects(session: Session, caller: Caller, query: ProjectsQuery) -> ProjectPage:
    """List the projects on the board, by name: those at work, unless asked for the others.

    A project is a repository whose tickets and workers stand here; nearly everything else takes a
    project's name. If `next` isn't null there are more: ask again with it as `cursor`.
    """
    found = project_slice(
        session,
        caller.visibility,
        archived=query.archived,
        cursor=query.cursor,
        limit=query.limit,
    )
    return ProjectPage.of(items=found.rows, next=found.next)


@operation("GET", ONE, tag=TAG, scope="read", tool=Tool("get_project", names=NAMES))
def get_project(session: Session, caller: Caller, repository_name: ProjectParam) -> ProjectResponse:
    """Read one project: its path, and the rules and patterns that all its workers are given.

    Read it before you plan tickets, so that you don't repeat in them what every worker is told.
    """
    visible_project(session, caller.visibility, repository_name)
    return project_shown(session, repository_name)


@operation(
    "POST",
    "/projects",
    tag=TAG,
    scope="plan",
    status=201,
    once=True,
    tool=Tool("create_project"),
    answer=project_shown,
)
def create_project(session: Session, caller: Caller, body: ProjectNew) -> str:
    """Put a new project on the board.

    It has no worker types yet: make at least one with create_worker_type before you make tickets.
    """
    caller.require_any_project()
    project = Project.create(session, **body.model_dump(), actor=caller.actor)
    return project.repository_name


@operation(
    "PATCH",
    ONE,
    tag=TAG,
    scope="plan",
    tool=Tool("update_project", destroys=True, repeatable=True, names=NAMES),
    answer=project_shown,
)
def update_project(
    session: Session, caller: Caller, repository_name: ProjectParam, body: ProjectChange
) -> str:
    """Change a project's path, description, rules or patterns, or put it away.

    What you leave out stays as it is; what you send replaces the old text, so read it first with
    get_project. `archived` true: no new tickets and no claims, until you set it to false again.
    """
    project = project_named(session, caller.visibility, repository_name)
    project.edit(**body.over_row(project), actor=caller.actor)
    if "archived" in body.model_fields_set:
        put = project.archive if body.archived else project.unarchive
        put(caller.actor)
    return repository_name


@operation("DELETE", ONE, tag=TAG, scope="admin")
def delete_project(
    session: Session, caller: Caller, repository_name: ProjectParam, query: ProjectDeletion
) -> None:
    """Delete a project with all its tickets, comments, runs, worker types and workers."""
    project = project_named(session, caller.visibility, repository_name)
    project.delete(query.confirm, caller.actor)
