"""Plan templates: a project's plans that are used again and again."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for

from app.db.base import db
from app.errors import NotFound
from app.forms.base import BoardForm
from app.forms.plan_template import PlanTemplateForm
from app.models import PlanTemplate
from app.queries.projects.plan_templates import plan_choices, plan_templates
from app.web.auth.identity import current_actor
from app.web.pages.project_pages import Answer, load_project, project_page

blueprint = Blueprint("plan_templates", __name__)


@blueprint.get("/projects/<project:name>/-/plans")
def index(name: str) -> Answer:
    """The project's plan templates."""
    project = load_project(name)
    return project_page(
        "projects/plans.html", project, templates=plan_templates(db.session(), name)
    )


@blueprint.route("/projects/<project:name>/-/plans/new", methods=["GET", "POST"])
def new(name: str) -> Answer:
    """The form for a new template; the plan editor's buttons come back here without a script."""
    project = load_project(name)
    form = PlanTemplateForm()
    if action := request.form.get("plan_action"):
        form.execution_plan.arrange(action, {}, "")
    elif form.validate_on_submit():
        with form.catching():
            made = create_template(name, form)
            db.session.commit()
            flash(f"New tickets can start from “{made.name}”.")
            return redirect(url_for("plan_templates.index", name=name), 303)
    choices = plan_choices(db.session(), name)
    return project_page("projects/new_plan.html", project, form=form, choices=choices), form.status


def create_template(project_id: str, form: PlanTemplateForm) -> PlanTemplate:
    """Make what the form describes."""
    return PlanTemplate.create(
        db.session(),
        project_id=project_id,
        name=form.name.data or "",
        plan=form.execution_plan.stages,
        actor=current_actor(),
    )


@blueprint.route("/projects/<project:name>/-/plans/<int:template_id>/edit", methods=["GET", "POST"])
def edit(name: str, template_id: int) -> Answer:
    """The form for another name or other stages."""
    project = load_project(name)
    template = load_template(name, template_id)
    form = PlanTemplateForm.of(template)
    if action := request.form.get("plan_action"):
        form.execution_plan.arrange(action, {}, "")
    elif form.validate_on_submit():
        with form.catching():
            edit_template(template, form)
            db.session.commit()
            flash(f"Saved. Tickets made from “{template.name}” before keep their plans.")
            return redirect(url_for("plan_templates.index", name=name), 303)
    choices = plan_choices(db.session(), name)
    page = project_page(
        "projects/edit_plan.html", project, template=template, form=form, choices=choices
    )
    return page, form.status


def load_template(project_id: str, template_id: int) -> PlanTemplate:
    """The project's template; held against other changes when the request makes one."""
    load = PlanTemplate.lock if request.method == "POST" else PlanTemplate.get
    template = load(db.session(), template_id)
    if template.project_id != project_id:
        raise NotFound(f"{project_id} has no such plan template.")
    return template


def edit_template(template: PlanTemplate, form: PlanTemplateForm) -> None:
    """Change what the form says, if the person saw what they change."""
    form.require_seen(template)
    template.edit(name=form.name.data or "", plan=form.execution_plan.stages, actor=current_actor())


@blueprint.route(
    "/projects/<project:name>/-/plans/<int:template_id>/delete", methods=["GET", "POST"]
)
def delete(name: str, template_id: int) -> Answer:
    """The question whether to delete a template, and its deletion."""
    project = load_project(name)
    template = load_template(name, template_id)
    if BoardForm().validate_on_submit():
        flash(f"The plan template “{template.name}” was deleted.")
        template.delete(current_actor())
        db.session.commit()
        return redirect(url_for("plan_templates.index", name=name), 303)
    return project_page("projects/delete_plan.html", project, template=template)
