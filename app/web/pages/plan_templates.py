"""Plan templates: a project's plans that are used again and again."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, request
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app.db.base import db
from app.db.transactions import writing
from app.forms.plan_template import PlanTemplateForm
from app.models import PlanTemplate, Project
from app.queries.projects.plan_templates import plan_choices, plan_templates
from app.web.auth.access import page
from app.web.auth.identity import current_actor
from app.web.http.saving import done, save
from app.web.pages.loading import load_project, load_template
from app.web.pages.projects import project_page

blueprint = Blueprint("plan_templates", __name__)


@blueprint.get("/projects/<project:name>/-/plans")
@page(role="viewer")
def index(name: str) -> Answer:
    """The project's plan templates."""
    project = load_project(name)
    return project_page(
        "projects/plans.html", project, templates=plan_templates(db.session(), name)
    )


@blueprint.route("/projects/<project:name>/-/plans/new", methods=["GET", "POST"])
@page(role="lead")
def new(name: str) -> Answer:
    """The form for a new template; the plan editor's buttons come back here without a script."""
    project = load_project(name)
    form = PlanTemplateForm()
    is_rearranged = form.execution_plan.is_rearranged(request.form)
    if not is_rearranged and (said := save(form, partial(_create, name, form))):
        return done(said, "plan_templates.index", name=name)
    choices = plan_choices(db.session(), name)
    return project_page("projects/new_plan.html", project, form=form, choices=choices), form.status


def _create(project_id: str, form: PlanTemplateForm, session: Session) -> str:
    Project.lock(session, project_id)
    made = PlanTemplate.create(
        session,
        project_id=project_id,
        name=form.name.data or "",
        plan=form.execution_plan.stages,
        actor=current_actor(),
    )
    return f"New tickets can start from “{made.name}”."


@blueprint.route("/projects/<project:name>/-/plans/<int:template_id>/edit", methods=["GET", "POST"])
@page(role="lead")
def edit(name: str, template_id: int) -> Answer:
    """The form for another name or other stages."""
    project = load_project(name)
    template = load_template(db.session(), name, template_id)
    form = PlanTemplateForm.of(template)
    is_rearranged = form.execution_plan.is_rearranged(request.form)
    if not is_rearranged and (said := save(form, partial(_edit, template_id, form))):
        return done(said, "plan_templates.index", name=name)
    choices = plan_choices(db.session(), name)
    page = project_page(
        "projects/edit_plan.html", project, template=template, form=form, choices=choices
    )
    return page, form.status


def _edit(template_id: int, form: PlanTemplateForm, session: Session) -> str:
    template = PlanTemplate.lock(session, template_id)
    form.require_seen(template)
    template.edit(name=form.name.data or "", plan=form.execution_plan.stages, actor=current_actor())
    return f"Saved. Tickets made from “{template.name}” before keep their plans."


@blueprint.route(
    "/projects/<project:name>/-/plans/<int:template_id>/delete", methods=["GET", "POST"]
)
@page(role="lead")
def delete(name: str, template_id: int) -> Answer:
    """The question whether to delete a template, and its deletion."""
    project = load_project(name)
    template = load_template(db.session(), name, template_id)
    if request.method == "GET":
        return project_page("projects/delete_plan.html", project, template=template)
    with writing() as session:
        template = PlanTemplate.lock(session, template_id)
        said = f"The plan template “{template.name}” was deleted."
        template.delete(current_actor())
    return done(said, "plan_templates.index", name=name)
