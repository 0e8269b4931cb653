"""Worker types: list, make, read, change and delete the roles of projects."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import pipeline
from app.callers import Caller
from app.loading import role_numbered
from app.models import Project, PromptVersion, WorkerType
from app.operations.operation import Tool, operation
from app.operations.projects import TAG
from app.queries.keyset import Order, Slice, take_slice
from app.queries.worker_types.list import worker_type_slice
from app.schemas.base import WorkerTypeParam
from app.schemas.tools import WorkerTypeLinePage
from app.schemas.worker_types import (
    PromptVersionPage,
    PromptVersionsQuery,
    WorkerTypeChange,
    WorkerTypeNew,
    WorkerTypePage,
    WorkerTypesQuery,
    WorkerTypeWhole,
)
from app.settings.board import Settings

ONE = "/worker-types/<int:worker_type_id>"
NEWEST_FIRST = Order("version", (PromptVersion.version.expression,), descending=True)


def role_shown(session: Session, worker_type_id: int) -> WorkerTypeWhole:
    return WorkerTypeWhole.model_validate(WorkerType.get(session, worker_type_id))


def with_prompts(_session: Session, found: Slice) -> WorkerTypePage:
    return WorkerTypePage.of(items=found.rows, next=found.next)


def without_prompts(_session: Session, found: Slice) -> WorkerTypeLinePage:
    """A model chooses by name and description; prompts would fill its context."""
    return WorkerTypeLinePage.of(items=found.rows, next=found.next)


@operation(
    "GET",
    "/worker-types",
    tag=TAG,
    scope="read",
    tool=Tool("list_worker_types", for_workers=True, answer=without_prompts),
    answer=with_prompts,
)
def list_worker_types(session: Session, caller: Caller, query: WorkerTypesQuery) -> Slice:
    """List worker types: the roles, such as implementation or review, that do a project's work.

    A ticket's plan is a list of these names, in the order in which they get the ticket. Where
    `performed_by` is `person`, the ticket waits until a team member approves it.
    """
    return worker_type_slice(
        session,
        caller.visibility,
        project=caller.chosen_project(query.project),
        cursor=query.cursor,
        limit=query.limit,
    )


@operation("GET", ONE, tag=TAG, scope="read", tool=Tool("get_worker_type"))
def get_worker_type(
    session: Session, caller: Caller, worker_type_id: WorkerTypeParam
) -> WorkerTypeWhole:
    """Read one worker type, with the system prompt that its workers are given."""
    role = role_numbered(session, caller.visibility, worker_type_id)
    return WorkerTypeWhole.model_validate(role)


@operation("GET", f"{ONE}/prompts", tag=TAG, scope="read")
def list_prompts(
    session: Session, caller: Caller, worker_type_id: WorkerTypeParam, query: PromptVersionsQuery
) -> PromptVersionPage:
    """Every text that a role's prompt ever had, newest first."""
    role_numbered(session, caller.visibility, worker_type_id)
    rows = select(*PromptVersion.__table__.columns)
    rows = rows.where(PromptVersion.worker_type_id == worker_type_id)
    found = take_slice(session, rows, NEWEST_FIRST, cursor=query.cursor, limit=query.limit)
    return PromptVersionPage.of(items=found.rows, next=found.next)


@operation(
    "POST",
    "/worker-types",
    tag=TAG,
    scope="plan",
    status=201,
    once=True,
    tool=Tool("create_worker_type"),
    answer=role_shown,
)
def create_worker_type(
    session: Session, caller: Caller, settings: Settings, body: WorkerTypeNew
) -> int:
    """Make a new role in a project; plans of its tickets may name it from now on.

    Give it a name of one word and a system prompt that says what a worker in this role is to do,
    what it must not do, and when it sends a ticket back or asks a person.
    """
    Project.get(session, caller.require_project(body.project_id))
    values = body.model_dump()
    if body.lease_seconds is None:
        values["lease_seconds"] = settings.lease_seconds
    return WorkerType.create(session, **values, actor=caller.actor).id


@operation(
    "PATCH",
    ONE,
    tag=TAG,
    scope="plan",
    tool=Tool("update_worker_type", destroys=True, repeatable=True),
    answer=role_shown,
)
def update_worker_type(
    session: Session, caller: Caller, worker_type_id: WorkerTypeParam, body: WorkerTypeChange
) -> int:
    """Change a role: its prompt, its description, its limits, or its name.

    What you leave out stays as it is. A new prompt replaces the old one for all later claims (old
    versions are kept). The name can't change while open tickets need it.
    """
    role = role_numbered(session, caller.visibility, worker_type_id)
    if "worker_type" in body.model_fields_set:
        pipeline.rename_worker_type(session, role, body.worker_type, caller.actor)
    role.edit(**body.over_row(role), actor=caller.actor)
    return worker_type_id


@operation("DELETE", ONE, tag=TAG, scope="admin")
def delete_worker_type(session: Session, caller: Caller, worker_type_id: WorkerTypeParam) -> None:
    """Delete a role. Refused while open tickets or plan templates need it."""
    role = role_numbered(session, caller.visibility, worker_type_id)
    pipeline.delete_worker_type(session, role, caller.actor)
