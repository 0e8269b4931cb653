"""Worker types: the roles of a project."""

from __future__ import annotations

from flask import current_app

from app import pipeline
from app.callers import Caller
from app.db.base import db
from app.loading import role_numbered
from app.mcp.registry import tool
from app.mcp.tools.ids import ARole
from app.models import Project, WorkerType
from app.queries.worker_types.list import worker_type_slice
from app.schemas.tools import WorkerTypeLinePage
from app.schemas.worker_types import (
    WorkerTypeChange,
    WorkerTypeNew,
    WorkerTypeResponse,
    WorkerTypesQuery,
)


@tool("read", reads=True, for_workers=True)
def list_worker_types(caller: Caller, query: WorkerTypesQuery) -> WorkerTypeLinePage:
    """List worker types: the roles, such as implementation or review, that do a project's work.

    A ticket's plan is a list of these names, in the order in which they get the ticket. Where
    `performed_by` is `person`, the ticket waits until a team member approves it.
    """
    found = worker_type_slice(
        db.session(),
        caller.visibility,
        project=caller.chosen_project(query.project),
        cursor=query.cursor,
        limit=query.limit,
    )
    return WorkerTypeLinePage.of(items=found.rows, next=found.next)


@tool("read", reads=True)
def get_worker_type(caller: Caller, worker_type_id: ARole) -> WorkerTypeResponse:
    """Read one worker type, with the system prompt that its workers are given."""
    return WorkerTypeResponse.model_validate(
        role_numbered(db.session(), caller.visibility, worker_type_id)
    )


@tool("plan")
def create_worker_type(caller: Caller, body: WorkerTypeNew) -> WorkerTypeResponse:
    """Make a new role in a project; plans of its tickets may name it from now on.

    Give it a name of one word and a system prompt that says what a worker in this role is to do,
    what it must not do, and when it sends a ticket back or asks a person.
    """
    Project.get(db.session(), caller.require_project(body.project_id))
    values = body.model_dump()
    if body.lease_seconds is None:
        values["lease_seconds"] = current_app.extensions["callboard.settings"].lease_seconds
    role = WorkerType.create(db.session(), **values, actor=caller.actor)
    return WorkerTypeResponse.model_validate(role)


@tool("plan", destroys=True, repeatable=True)
def update_worker_type(
    caller: Caller, worker_type_id: ARole, body: WorkerTypeChange
) -> WorkerTypeResponse:
    """Change a role: its prompt, its description, its limits, or its name.

    What you leave out stays as it is. A new prompt replaces the old one for all later claims (old
    versions are kept). The name can't change while open tickets need it.
    """
    role = role_numbered(db.session(), caller.visibility, worker_type_id)
    if "worker_type" in body.model_fields_set:
        pipeline.rename_worker_type(db.session(), role, body.worker_type, caller.actor)
    role.edit(**body.over_row(role), actor=caller.actor)
    db.session.flush()
    return WorkerTypeResponse.model_validate(role)
