"""Worker types: a project's roles, their prompts and what those prompts were before."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app import pipeline
from app.db.base import db
from app.forms.base import BoardForm
from app.forms.seen import as_seen
from app.forms.worker_type import StarterSetForm, WorkerTypeForm
from app.models import Project, WorkerType
from app.queries.paging import COUNT_CAP
from app.queries.queues import queues_of
from app.queries.worker_types import prompts
from app.queries.worker_types.list import roles, titles
from app.starter import STARTER_ROLES, add_starter_set, starter_role
from app.web.auth.access import page
from app.web.auth.identity import current_actor
from app.web.http.saving import done, save
from app.web.pages.loading import load_project, load_role
from app.web.pages.projects import default_lease, project_page

blueprint = Blueprint("worker_types", __name__)

LISTED_TICKETS = 50
"""Tickets that a refused deletion names, each with a link."""


@blueprint.get("/projects/<project:name>/-/worker-types")
@page(role="viewer")
def index(name: str) -> Answer:
    """The project's worker types."""
    return list_page(load_project(name), StarterSetForm())


def list_page(project: Project, form: StarterSetForm) -> Answer:
    """The list, and the part of the starter set that the project doesn't have."""
    found = roles(db.session(), project.repository_name)
    has = {role.name for role in found}
    missing = [role for role in STARTER_ROLES if role.name not in has]
    page = project_page("worker_types/index.html", project, roles=found, missing=missing, form=form)
    return page, form.status


@blueprint.post("/projects/<project:name>/-/worker-types/starter-set")
@page(role="lead")
def add_set(name: str) -> Answer:
    """Add worker types of the starter set, and the plans they make possible."""
    project = load_project(name)
    form = StarterSetForm()
    if said := save(form, partial(_add_set, name, form)):
        return done(said, "worker_types.index", name=name)
    return list_page(project, form)


def _add_set(name: str, form: StarterSetForm, session: Session) -> str:
    Project.lock(session, name)
    added = add_starter_set(
        session, name, current_actor(), form.roles.data, lease_seconds=default_lease()
    )
    return f"Added: {', '.join(added.roles)}." if added.roles else "They were all there already."


@blueprint.route("/projects/<project:name>/-/worker-types/new", methods=["GET", "POST"])
@page(role="lead")
def new(name: str) -> Answer:
    """The form for a new worker type; `?from=review` fills it from the starter set."""
    project = load_project(name)
    start, problem = starting_values(request.args.get("from", ""))
    form = WorkerTypeForm(data={"lease_seconds": default_lease(), **start})
    if made := save(form, partial(_create, name, form)):
        said = f"{name} has a new worker type: {form.worker_type.data}."
        return done(said, "worker_types.show", worker_type_id=made)
    page = project_page(
        "worker_types/new.html", project, form=form, problem=problem, starter=STARTER_ROLES
    )
    return page, 400 if problem else form.status


def starting_values(name: str) -> tuple[dict[str, Any], str | None]:
    """What the form begins with, and what is wrong with the wish."""
    role = starter_role(name)
    if role is None:
        return {}, f"The starter set has no worker type “{name}”." if name else None
    return {
        "worker_type": role.name,
        "short_description": role.short_description,
        "performed_by": role.performed_by,
        "system_prompt": role.system_prompt,
    }, None


def _create(project_id: str, form: WorkerTypeForm, session: Session) -> int:
    """Make what the form describes; returns its number."""
    Project.lock(session, project_id)
    made = WorkerType.create(
        session,
        project_id=project_id,
        worker_type=form.worker_type.data or "",
        actor=current_actor(),
        **described(form),
    )
    return made.id


def described(form: WorkerTypeForm) -> dict[str, Any]:
    """All that the form says about a worker type, but its name."""
    return {
        "short_description": form.short_description.data,
        "system_prompt": form.system_prompt.data or "",
        "performed_by": form.performed_by.data,
        "lease_seconds": form.lease_seconds.data,
        "max_attempts": form.max_attempts.data,
        "max_running": form.max_running.data,
        "approvers": form.approver_names,
    }


@blueprint.get("/worker-types/<int:worker_type_id>")
@page(role="viewer")
def show(worker_type_id: int) -> Answer:
    """One worker type: its prompt, what changed in it, and what is at its stage now."""
    session = db.session()
    role = load_role(worker_type_id)
    history = prompts.versions(session, role.id)
    old, new, problem = wanted_versions([version.number for version in history])
    page = project_page(
        "worker_types/show.html",
        Project.get(session, role.project_id),
        role=role,
        stage=next(q for q in queues_of(session, role.project_id) if q.id == role.id),
        history=history,
        shown=prompts.comparison(session, role.id, old, new),
        problem=problem,
    )
    return page, 400 if problem else 200


def wanted_versions(numbers: list[int]) -> tuple[int | None, int, str | None]:
    """Which version to show, and which to compare it with: by itself the one before."""
    known = {str(number): number for number in numbers}
    asked = [request.args.get(name, "") for name in ("from", "to")]
    unknown = [text for text in asked if text and text not in known]
    new = known.get(asked[1], max(numbers, default=1))
    old = known.get(asked[0], known.get(str(new - 1)))
    return old, new, f"There is no version {unknown[0]} of this prompt." if unknown else None


@blueprint.route("/worker-types/<int:worker_type_id>/edit", methods=["GET", "POST"])
@page(role="lead")
def edit(worker_type_id: int) -> Answer:
    """The form for changing a worker type."""
    role = load_role(worker_type_id)
    form = WorkerTypeForm(obj=role, seen=as_seen(role), **_approvers_of(role))
    if said := save(form, partial(_edit, worker_type_id, form)):
        return done(said, "worker_types.show", worker_type_id=worker_type_id)
    project = Project.get(db.session(), role.project_id)
    return project_page("worker_types/edit.html", project, role=role, form=form), form.status


def _approvers_of(role: WorkerType) -> dict[str, str]:
    return {"approvers": ", ".join(role.approvers)}


def _edit(worker_type_id: int, form: WorkerTypeForm, session: Session) -> str:
    role = WorkerType.lock(session, worker_type_id)
    form.require_seen(role)
    pipeline.rename_worker_type(session, role, form.worker_type.data or "", current_actor())
    role.edit(actor=current_actor(), **described(form))
    return f"Saved. The prompt is at version {role.prompt_version}."


@blueprint.route("/worker-types/<int:worker_type_id>/delete", methods=["GET", "POST"])
@page(role="lead")
def delete(worker_type_id: int) -> Answer:
    """What goes with a worker type, or what still needs it."""
    role, form = load_role(worker_type_id), BoardForm()
    project_id = role.project_id
    if said := save(form, partial(_delete, worker_type_id)):
        return done(said, "worker_types.index", name=project_id)
    return deletion_page(role, form)


def _delete(worker_type_id: int, session: Session) -> str:
    role = WorkerType.lock(session, worker_type_id)
    said = f"{role.worker_type} was deleted."
    pipeline.delete_worker_type(session, role, current_actor())
    return said


def deletion_page(role: WorkerType, form: BoardForm) -> Answer:
    """The question, and the tickets that answer it with no."""
    session = db.session()
    # More than a thousand needn't be known exactly: each of them has to go first.
    needing = pipeline.tickets_needing(session, role, COUNT_CAP)
    page = project_page(
        "worker_types/delete.html",
        Project.get(session, role.project_id),
        role=role,
        form=form,
        needing=titles(session, needing[:LISTED_TICKETS]),
        more=max(0, len(needing) - LISTED_TICKETS),
        is_cut=len(needing) >= COUNT_CAP,
    )
    return page, form.status
