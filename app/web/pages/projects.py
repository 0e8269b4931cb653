"""Projects: the list, a new one, its settings, and its end. Its own page is the board."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app.db.base import db
from app.db.transactions import writing
from app.forms.project import DeleteProjectForm, NewProjectForm, ProjectSettingsForm
from app.forms.seen import as_seen
from app.loading import project_named
from app.models import Project
from app.queries.people.audit import AuditFilter, audit_page
from app.queries.projects import list as queries
from app.settings.board import Settings
from app.starter import STARTER_ROLES, add_starter_set
from app.web.auth.access import page
from app.web.auth.identity import current_actor, current_visibility
from app.web.http.saving import done, save
from app.web.pages.loading import load_project
from app.web.pages.shared import shared

blueprint = Blueprint("projects", __name__)

CHANGES_SHOWN = 10


@blueprint.get("/projects")
@page(role="viewer")
def index() -> Answer:
    """Every project that may be seen, with its counts."""
    rows = shared("projects", partial(queries.overviews, db.session(), current_visibility()))
    return render_template(
        "projects/index.html",
        active=[row for row in rows if not row.archived_at],
        archived=[row for row in rows if row.archived_at],
    )


@blueprint.route("/projects/new", methods=["GET", "POST"])
@page(role="lead")
def new() -> Answer:
    """The form for a new project."""
    form = NewProjectForm()
    if name := save(form, partial(_create, form)):
        return done(f"{name} is on the board.", "projects.show", name=name)
    return render_template("projects/new.html", form=form, roles=STARTER_ROLES), form.status


def _create(form: NewProjectForm, session: Session) -> str:
    project = Project.create(
        session,
        actor=current_actor(),
        repository_name=form.repository_name.data or "",
        path=form.path.data or "",
        short_description=form.short_description.data,
        ticket_prefix=form.ticket_prefix.data,
    )
    name = project.repository_name
    if roles := form.chosen_roles:
        add_starter_set(session, name, current_actor(), roles, lease_seconds=default_lease())
    return name


@blueprint.route("/projects/<project:name>/-/settings", methods=["GET", "POST"])
@page(role="lead")
def settings(name: str) -> Answer:
    """What may change about a project."""
    project = load_project(name)
    form = ProjectSettingsForm(obj=project, seen=as_seen(project))
    if said := save(form, partial(_edit, name, form)):
        return done(said, "projects.show", name=name)
    changes = audit_page(db.session(), AuditFilter(project=name), size=CHANGES_SHOWN).rows
    return project_page("projects/settings.html", project, form=form, changes=changes), form.status


def _edit(name: str, form: ProjectSettingsForm, session: Session) -> str:
    project = Project.lock(session, name)
    form.require_seen(project)
    project.edit(
        path=form.path.data or "",
        short_description=form.short_description.data,
        rules=form.rules.data or "",
        patterns=form.patterns.data or "",
        max_in_progress=form.max_in_progress.data,
        actor=current_actor(),
    )
    return "Saved."


@blueprint.post("/projects/<project:name>/-/archive")
@page(role="lead")
def archive(name: str) -> Answer:
    """Put a project away."""
    with writing() as session:
        project_named(session, current_visibility(), name).archive(current_actor())
    said = f"{name} is archived: no new tickets, no claims. What runs may still finish."
    return done(said, "projects.settings", name=name)


@blueprint.post("/projects/<project:name>/-/unarchive")
@page(role="lead")
def unarchive(name: str) -> Answer:
    """Take a project back into work."""
    with writing() as session:
        project_named(session, current_visibility(), name).unarchive(current_actor())
    return done(f"{name} is back in work.", "projects.show", name=name)


@blueprint.route("/projects/<project:name>/-/delete", methods=["GET", "POST"])
@page(role="lead")
def delete(name: str) -> Answer:
    """What goes with a project, and the question whether it is meant."""
    project = load_project(name)
    form = DeleteProjectForm()
    if said := save(form, partial(_delete, name, form)):
        return done(said, "projects.index")
    holds = queries.contents(db.session(), name)
    return project_page("projects/delete.html", project, form=form, holds=holds), form.status


def _delete(name: str, form: DeleteProjectForm, session: Session) -> str:
    Project.lock(session, name).delete(form.confirm.data or "", current_actor())
    return f"{name} was deleted with all that belonged to it."


def project_page(file: str, project: Project, **shown: Any) -> str:
    """A page that stands under the project's heading and tabs."""
    counts = queries.tabs(db.session(), project.repository_name)
    return render_template(file, project=project, counts=counts, **shown)


def default_lease() -> int:
    """Seconds that the claims of a new worker type live without a heartbeat."""
    settings: Settings = current_app.extensions["callboard.settings"]
    return settings.lease_seconds
