"""Creating a ticket, changing what it says, changing its plan."""

from __future__ import annotations

from flask import render_template, request
from sqlalchemy import select

from app.db.base import db
from app.errors import Conflict, NotFound
from app.forms.ticket import EditTicketForm, NewTicketForm, PlanForm
from app.models import PlanTemplate, Project
from app.queries.choices import project_names
from app.queries.projects.plan_templates import plan_choices
from app.queries.tickets.edit_conflict import Change, last_change, plan_rows, text_rows
from app.queries.tickets.list import labels_of
from app.queries.tickets.plan import stage_cards
from app.queries.tickets.view import TicketView, view_ticket
from app.web.auth.identity import current_actor, current_visibility
from app.web.pages.tickets.blueprint import Answer, back_to, blueprint, load


@blueprint.route("/tickets/new", methods=["GET", "POST"])
def new() -> Answer:
    """Create a ticket; first choose its project, if there are several."""
    projects = project_names(db.session(), current_visibility(), only_active=True)
    project = _chosen_project(projects)
    if project is None:
        return render_template("tickets/choose_project.html", projects=projects)
    templates = _templates(project)
    form = NewTicketForm(data=_wishes(templates))
    if _rearranged(form, templates):
        return _new_page(form, project, templates)
    if form.validate_on_submit():
        with form.catching():
            ticket = form.create(db.session(), project.repository_name, current_actor())
            db.session.commit()
            return back_to(ticket.ticket_id, f"{ticket.ticket_id} is on the board.")
    return _new_page(form, project, templates)


def _chosen_project(names: list[str]) -> Project | None:
    """The project that the form or the address names, or the only one there is."""
    name = request.values.get("project", "") or (names[0] if len(names) == 1 else "")
    if name and name not in names:
        raise NotFound(f"There is no project {name} that takes new tickets.")
    return Project.get(db.session(), name) if name else None


def _templates(project: Project) -> list[PlanTemplate]:
    return list(
        db.session.scalars(
            select(PlanTemplate)
            .where(PlanTemplate.project_id == project.repository_name)
            .order_by(PlanTemplate.id)
        )
    )


def _wishes(templates: list[PlanTemplate]) -> dict[str, object]:
    """What a new form starts with: what a link asks for, and the project's first plan."""
    return {
        "title": request.args.get("title", ""),
        "parent_id": request.args.get("parent", ""),
        "blocked_by": request.args.get("blocked_by", ""),
        "execution_plan": templates[0].plan if templates else [],
    }


def _rearranged(form: NewTicketForm | PlanForm, templates: list[PlanTemplate]) -> bool:
    """Whether a button of the plan editor was pressed, and is done."""
    action = request.form.get("plan_action", "")
    if not action or not form.is_submitted():
        return False
    plans = {str(template.id): template.plan for template in templates}
    form.execution_plan.arrange(action, plans, request.form.get("plan_template", ""))
    return True


def _new_page(form: NewTicketForm, project: Project, templates: list[PlanTemplate]) -> Answer:
    page = render_template(
        "tickets/new.html",
        form=form,
        project=project,
        has_others=len(project_names(db.session(), current_visibility(), only_active=True)) > 1,
        choices=plan_choices(db.session(), project.repository_name),
        templates=[(row.id, row.name, row.plan) for row in templates],
    )
    return page, form.status


@blueprint.route("/tickets/<ticket_id>/edit", methods=["GET", "POST"])
def edit(ticket_id: str) -> Answer:
    """Change what a ticket says."""
    ticket = load(ticket_id)
    form = EditTicketForm.of(ticket, labels_of(db.session(), [ticket_id]).get(ticket_id, []))
    if form.validate_on_submit():
        with form.catching():
            ticket.edit(**form.values, actor=current_actor())
            db.session.commit()
            return back_to(ticket_id, "Saved.")
    return _edit_page(ticket_id, form)


def _edit_page(ticket_id: str, form: EditTicketForm) -> Answer:
    view = view_ticket(db.session(), ticket_id)
    lost_to = _take_version(form, view)
    rows = text_rows(view, form.values) if lost_to else []
    page = render_template("tickets/edit.html", view=view, form=form, lost_to=lost_to, rows=rows)
    return page, form.status


def _take_version(form: EditTicketForm | PlanForm, view: TicketView) -> Change | None:
    """When someone else was faster: who, and the form gets the newer version's number. Shown both,
    the person may save over it knowingly."""
    if form.version.data == str(view.ticket.version):
        return None
    form.version.data = str(view.ticket.version)
    return last_change(db.session(), view.ticket.ticket_id)


@blueprint.route("/tickets/<ticket_id>/plan", methods=["GET", "POST"])
def plan(ticket_id: str) -> Answer:
    """Change the stages that are neither done nor running."""
    ticket = load(ticket_id)
    templates = _templates(Project.get(db.session(), ticket.project_id))
    form = PlanForm.of(ticket)
    if _rearranged(form, templates):
        return _plan_page(ticket_id, form, templates)
    if form.validate_on_submit():
        with form.catching():
            version = int(form.version.data or 0)
            ticket.amend_plan(form.whole_plan(ticket), current_actor(), version)
            db.session.commit()
            return back_to(ticket_id, "The plan is changed.")
    return _plan_page(ticket_id, form, templates)


def _plan_page(ticket_id: str, form: PlanForm, templates: list[PlanTemplate]) -> Answer:
    view = view_ticket(db.session(), ticket_id)
    if view.ticket.state == "closed" and not form.is_submitted():
        raise Conflict(f"{ticket_id} is closed; reopen it before you change its plan.")
    lost_to = _take_version(form, view)
    rows = plan_rows(view, form.whole_plan(view.ticket)) if lost_to else []
    page = render_template(
        "tickets/plan.html",
        view=view,
        form=form,
        stages=stage_cards(view),
        choices=plan_choices(db.session(), view.ticket.project_id),
        templates=[(row.id, row.name, row.plan) for row in templates],
        lost_to=lost_to,
        rows=rows,
    )
    return page, form.status
