"""Projects: the list, one project's board, its settings, and its end."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for

from app.db.base import db
from app.forms.project import DeleteProjectForm, NewProjectForm, ProjectSettingsForm
from app.forms.seen import as_seen
from app.models import Project
from app.queries.board import board, board_version
from app.queries.people.audit import AuditFilter, audit_page
from app.queries.projects import list as queries
from app.starter import STARTER_ROLES, add_starter_set
from app.web.auth.identity import current_actor, current_visibility
from app.web.http import live
from app.web.pages.project_pages import Answer, default_lease, load_project, project_page

blueprint = Blueprint("projects", __name__)

CHANGES_SHOWN = 10


@blueprint.get("/projects")
def index() -> Answer:
    """Every project that may be seen, with its counts."""
    rows = queries.overviews(db.session(), current_visibility())
    return render_template(
        "projects/index.html",
        active=[row for row in rows if not row.archived_at],
        archived=[row for row in rows if row.archived_at],
    )


@blueprint.route("/projects/new", methods=["GET", "POST"])
def new() -> Answer:
    """The form for a new project."""
    form = NewProjectForm()
    if form.validate_on_submit():
        with form.catching():
            name = create_project(form)
            db.session.commit()
            flash(f"{name} is on the board.")
            return redirect(url_for("projects.show", name=name), 303)
    return render_template("projects/new.html", form=form, roles=STARTER_ROLES), form.status


def create_project(form: NewProjectForm) -> str:
    """Make what the form asks for; returns the project's name."""
    session = db.session()
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


@blueprint.get("/projects/<project:name>")
def show(name: str) -> Answer:
    """One project's board; asked by its region, only what has changed."""
    session = db.session()
    project = Project.get(session, name)
    version = live.stamp(board_version(session, name))
    if live.is_unchanged(version):
        return "", 204
    shown = board(session, name)
    if live.wants_region():
        return render_template(
            "projects/_board.html", project=project, board=shown, version=version
        )
    return project_page("projects/show.html", project, board=shown, version=version)


@blueprint.route("/projects/<project:name>/-/settings", methods=["GET", "POST"])
def settings(name: str) -> Answer:
    """What may change about a project."""
    project = load_project(name)
    form = ProjectSettingsForm(obj=project, seen=as_seen(project))
    if form.validate_on_submit():
        with form.catching():
            edit_project(project, form)
            db.session.commit()
            flash("Saved.")
            return redirect(url_for("projects.show", name=name), 303)
    changes = audit_page(db.session(), AuditFilter(project=name), size=CHANGES_SHOWN).rows
    return project_page("projects/settings.html", project, form=form, changes=changes), form.status


def edit_project(project: Project, form: ProjectSettingsForm) -> None:
    """Change what the form says, if the person saw what they change."""
    form.require_seen(project)
    project.edit(
        path=form.path.data or "",
        short_description=form.short_description.data,
        rules=form.rules.data or "",
        patterns=form.patterns.data or "",
        actor=current_actor(),
    )


@blueprint.post("/projects/<project:name>/-/archive")
def archive(name: str) -> Answer:
    """Put a project away."""
    load_project(name).archive(current_actor())
    db.session.commit()
    flash(f"{name} is archived: no new tickets, no claims. What runs may still finish.")
    return redirect(url_for("projects.settings", name=name), 303)


@blueprint.post("/projects/<project:name>/-/unarchive")
def unarchive(name: str) -> Answer:
    """Take a project back into work."""
    load_project(name).unarchive(current_actor())
    db.session.commit()
    flash(f"{name} is back in work.")
    return redirect(url_for("projects.show", name=name), 303)


@blueprint.route("/projects/<project:name>/-/delete", methods=["GET", "POST"])
def delete(name: str) -> Answer:
    """What goes with a project, and the question whether it is meant."""
    project = load_project(name)
    form = DeleteProjectForm()
    if form.validate_on_submit():
        with form.catching():
            project.delete(form.confirm.data or "", current_actor())
            db.session.commit()
            flash(f"{name} was deleted with all that belonged to it.")
            return redirect(url_for("projects.index"), 303)
    holds = queries.contents(db.session(), name)
    return project_page("projects/delete.html", project, form=form, holds=holds), form.status
