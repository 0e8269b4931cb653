"""Tickets from elsewhere: a file is looked at, then imported, as a whole or not at all."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import Any, NamedTuple

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue as Answer

from app.db.base import db
from app.db.transactions import writing
from app.errors import Invalid, NotFound
from app.exchange.beads.destination import Destination
from app.exchange.beads.importing import import_records
from app.exchange.beads.staging import Staging
from app.exchange.beads.tally import Tally
from app.forms.importing import FILE_MAX, PARTS_MAX, ImportForm
from app.loading import project_named
from app.models import Project
from app.queries.choices import project_names
from app.queries.projects.plan_templates import plan_choices
from app.starter import STARTER_PLANS, STARTER_ROLES
from app.web.auth.access import page
from app.web.auth.identity import current_actor, current_visibility
from app.web.http.saving import attempt
from app.web.pages.projects import default_lease
from app.web.pages.tickets.editing import templates_of

blueprint = Blueprint("importing", __name__)

SHOWN = 100
"""Tickets of a preview, and remarks about lines."""
FIELDS_BYTES = 20_000
"""Of a request, for all but the file."""

Templates = list[tuple[str, str, list[str]]]


class Imported(NamedTuple):
    """What an import made, or would make."""

    tally: Tally
    project: str
    tickets: list[tuple[int, str, str]]


@blueprint.route("/import", methods=["GET", "POST"])
@page(role="lead")
def beads() -> Answer:
    """Import the issues of a Beads file; first show what that makes."""
    projects = project_names(db.session(), current_visibility(), only_active=True)
    project = request.values.get("project", "")
    if project and project not in projects:
        raise NotFound(f"There is no project {project} that takes new tickets.")
    templates = _templates(project)
    form = ImportForm(data={"execution_plan": _first_plan(project, templates)})
    if _is_to_be_asked(form, project, templates):
        return _form_page(form, project, projects, templates)
    found = attempt(form, partial(_import, form, project))
    if found is None:
        return _form_page(form, project, projects, templates)
    name = "done" if form.is_looked_at else "preview"
    return _page(name, form=form, project=project, found=found, shown=SHOWN)


def _is_to_be_asked(form: ImportForm, project: str, templates: Templates) -> bool:
    """Whether a button was pressed that changes what the form asks for."""
    if request.form.get("plan_action") == "project":
        form.execution_plan.data = _first_plan(project, templates)
        return True
    plans = {key: plan for key, _, plan in templates}
    return form.execution_plan.is_rearranged(request.form, plans) or "back" in request.form


def _import(form: ImportForm, project: str) -> Imported:
    """Import the file; unless it was looked at before, keep nothing of it."""
    tally, name = Tally(), project or form.repository_name.data or ""
    destination = Destination(name, form.plan(), name, default_lease(), current_actor())
    with Staging() as staging:
        staging.read(BytesIO(form.content()), tally)
        _require_size(staging, "text" if form.text.data else "packed")
        with writing() as session:
            if project:
                project_named(session, current_visibility(), project)
            else:
                # Refused here, if there is one of the name, that the person may not even see.
                Project.create(session, actor=current_actor(), repository_name=name, path=name)
                tally.project_made = True
            import_records(session, staging, destination, tally, progress=lambda _: None)
            if not form.is_looked_at:
                session.rollback()
        return Imported(tally, name, staging.new_tickets(SHOWN))


def _require_size(staging: Staging, field: str) -> None:
    for what, number in staging.sizes().items():
        if number > PARTS_MAX:
            raise Invalid(f"At most {PARTS_MAX:,} {what} at once; these are {number:,}.", field)


def _form_page(form: ImportForm, project: str, projects: list[str], templates: Templates) -> Answer:
    shown = _page(
        "new",
        form=form,
        project=project,
        projects=projects,
        choices=(plan_choices(db.session(), project) if project else []) or _starter_choices(),
        templates=templates,
        most={"file": FILE_MAX, "parts": PARTS_MAX, "packed": _request_bytes()},
    )
    return shown, form.status


def _page(name: str, **shown: Any) -> str:
    return render_template(f"importing/{name}.html", **shown)


def _request_bytes() -> int:
    limit: int = current_app.config["MAX_CONTENT_LENGTH"]
    return limit - FIELDS_BYTES


def _templates(project: str) -> Templates:
    """The plans to choose from; of a new project those of the starter set."""
    if project:
        return [(str(number), name, plan) for number, name, plan in templates_of(project)]
    return [(name, name, list(plan)) for name, plan in STARTER_PLANS.items()]


def _first_plan(project: str, templates: Templates) -> list[str]:
    if project and templates:
        return list(templates[0][2])
    return list(STARTER_PLANS["Small change"])


def _starter_choices() -> list[tuple[str, str]]:
    return [
        (role.name, f"{role.name} (a person)" if role.performed_by == "person" else role.name)
        for role in STARTER_ROLES
    ]
