"""Worker types: the roles of a project."""

from __future__ import annotations

from flask import current_app
from sqlalchemy import select

from app import pipeline
from app.api.operation import operation
from app.callers import Caller
from app.db.base import db
from app.loading import role_numbered
from app.models import Project, PromptVersion, WorkerType
from app.queries.keyset import Order, take_slice
from app.queries.worker_types.list import worker_type_slice
from app.schemas.worker_types import (
    PromptVersionPage,
    PromptVersionsQuery,
    WorkerTypeChange,
    WorkerTypeNew,
    WorkerTypePage,
    WorkerTypeResponse,
    WorkerTypesQuery,
)

TAG = "Projects and worker types"

NEWEST_FIRST = Order("version", (PromptVersion.version.expression,), descending=True)


@operation("GET", "/worker-types", tag=TAG, scope="read")
def list_worker_types(caller: Caller, query: WorkerTypesQuery) -> WorkerTypePage:
    """List roles, with their prompts."""
    found = worker_type_slice(
        db.session(),
        caller.visibility,
        project=caller.chosen_project(query.project),
        cursor=query.cursor,
        limit=query.limit,
    )
    return WorkerTypePage.of(items=found.rows, next=found.next)


@operation("POST", "/worker-types", tag=TAG, scope="plan", status=201, once=True)
def create_worker_type(caller: Caller, body: WorkerTypeNew) -> WorkerTypeResponse:
    """Make a role; plans of its project may name it from now on."""
    Project.get(db.session(), caller.require_project(body.project_id))
    values = body.model_dump()
    if body.lease_seconds is None:
        values["lease_seconds"] = current_app.extensions["callboard.settings"].lease_seconds
    role = WorkerType.create(db.session(), **values, actor=caller.actor)
    return WorkerTypeResponse.model_validate(role)


@operation("GET", "/worker-types/<int:worker_type_id>", tag=TAG, scope="read")
def get_worker_type(caller: Caller, worker_type_id: int) -> WorkerTypeResponse:
    """One role."""
    return WorkerTypeResponse.model_validate(
        role_numbered(db.session(), caller.visibility, worker_type_id)
    )


@operation("GET", "/worker-types/<int:worker_type_id>/prompts", tag=TAG, scope="read")
def list_prompts(
    caller: Caller, worker_type_id: int, query: PromptVersionsQuery
) -> PromptVersionPage:
    """Every text that a role's prompt ever had, newest first."""
    role_numbered(db.session(), caller.visibility, worker_type_id)
    rows = select(*PromptVersion.__table__.columns)
    rows = rows.where(PromptVersion.worker_type_id == worker_type_id)
    found = take_slice(db.session(), rows, NEWEST_FIRST, cursor=query.cursor, limit=query.limit)
    return PromptVersionPage.of(items=found.rows, next=found.next)


@operation("PATCH", "/worker-types/<int:worker_type_id>", tag=TAG, scope="plan")
def update_worker_type(
    caller: Caller, worker_type_id: int, body: WorkerTypeChange
) -> WorkerTypeResponse:
    """Change a role; what is left out stays. A new prompt is a new version of it."""
    role = role_numbered(db.session(), caller.visibility, worker_type_id)
    if "worker_type" in body.model_fields_set:
        pipeline.rename_worker_type(db.session(), role, body.worker_type, caller.actor)
    role.edit(**body.over_row(role), actor=caller.actor)
    db.session.flush()
    return WorkerTypeResponse.model_validate(role)


@operation("DELETE", "/worker-types/<int:worker_type_id>", tag=TAG, scope="admin")
def delete_worker_type(caller: Caller, worker_type_id: int) -> None:
    """Delete a role. Refused while open tickets or plan templates need it."""
    role = role_numbered(db.session(), caller.visibility, worker_type_id)
    pipeline.delete_worker_type(db.session(), role, caller.actor)
