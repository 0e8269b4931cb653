"""Creating a ticket, and changing its plan."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from flask import render_template, request
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.db.base import db
from app.errors import Conflict, NotFound
from app.forms.paste import PasteForm
from app.forms.ticket import NewTicketForm, PlanForm
from app.models import PlanTemplate, Project, Ticket
from app.queries.choices import project_names
from app.queries.projects.plan_templates import plan_choices
from app.queries.tickets.edit_conflict import Change, last_change, plan_rows
from app.queries.tickets.people import assignable
from app.queries.tickets.plan import stage_cards
from app.queries.tickets.view import TicketView, view_ticket
from app.web.auth.access import page
from app.web.auth.identity import current_actor, current_visibility
from app.web.http.saving import done, save
from app.web.pages.loading import load_ticket
from app.web.pages.tickets.blueprint import blueprint

Templates = Sequence[Row[int, str, list[str]]]


@blueprint.route("/tickets/new", methods=["GET", "POST"])
@page(role="member")
def new() -> Answer:
    """Create a ticket of the project that the form names."""
    projects = project_names(db.session(), current_visibility(), only_active=True)
    name = chosen_project(projects)
    if not name:
        return render_template("tickets/no_project.html")
    templates = templates_of(name)
    form = NewTicketForm(data=_wishes(templates))
    if not is_rearranged(form, templates) and (made := save(form, partial(_create, name, form))):
        return done(f"{made} is on the board.", "tickets.show", ticket_id=made)
    return _new_page(form, name, projects, templates)


def _create(project_id: str, form: NewTicketForm, session: Session) -> str:
    return form.create(session, project_id, current_actor()).ticket_id


def chosen_project(names: list[str]) -> str:
    """The project that the form or the address names, or the first; empty: there is none."""
    name = request.values.get("project", "") or next(iter(names), "")
    if name and name not in names:
        raise NotFound(f"There is no project {name} that takes new tickets.")
    return name


def templates_of(project_id: str) -> Templates:
    return db.session.execute(
        select(PlanTemplate.id, PlanTemplate.name, PlanTemplate.plan)
        .where(PlanTemplate.project_id == project_id)
        .order_by(PlanTemplate.id)
    ).all()


def _wishes(templates: Templates) -> dict[str, object]:
    """What a new form starts with: what a link asks for, and the project's first plan."""
    return {
        "title": request.args.get("title", ""),
        "parent_id": request.args.get("parent", ""),
        "blocked_by": request.args.get("blocked_by", ""),
        "execution_plan": templates[0].plan if templates else [],
    }


def is_rearranged(form: NewTicketForm | PlanForm | PasteForm, templates: Templates) -> bool:
    """Whether a button of the plan editor was pressed, and is done; or another project was chosen,
    whose first plan the form then has."""
    if request.form.get("plan_action") == "project":
        form.execution_plan.data = list(templates[0].plan) if templates else []
        return True
    plans = {str(template.id): template.plan for template in templates}
    return form.execution_plan.is_rearranged(request.form, plans)


def _new_page(
    form: NewTicketForm, project_id: str, projects: list[str], templates: Templates
) -> Answer:
    form.offer(assignable(db.session(), project_id))
    page = render_template(
        "tickets/new.html",
        form=form,
        project=Project.get(db.session(), project_id),
        projects=projects,
        choices=plan_choices(db.session(), project_id),
        templates=templates,
    )
    return page, form.status


def _take_version(form: PlanForm, view: TicketView) -> Change | None:
    """When someone else was faster: who, and the form gets the newer version's number. Shown both,
    the person may save over it knowingly."""
    if form.version.data == str(view.ticket.version):
        return None
    form.version.data = str(view.ticket.version)
    return last_change(db.session(), view.ticket.ticket_id)


@blueprint.route("/tickets/<ticket_id>/plan", methods=["GET", "POST"])
@page(role="member")
def plan(ticket_id: str) -> Answer:
    """Change the stages that are neither done nor running."""
    ticket = load_ticket(ticket_id)
    templates = templates_of(ticket.project_id)
    form = PlanForm.of(ticket)
    was_rearranged = is_rearranged(form, templates)
    if not was_rearranged and (said := save(form, partial(_amend, ticket_id, form))):
        return done(said, "tickets.show", ticket_id=ticket_id)
    return _plan_page(ticket_id, form, templates)


def _amend(ticket_id: str, form: PlanForm, session: Session) -> str:
    ticket = Ticket.lock(session, ticket_id)
    ticket.amend_plan(form.whole_plan(ticket), current_actor(), int(form.version.data or 0))
    return "The plan is changed."


def _plan_page(ticket_id: str, form: PlanForm, templates: Templates) -> Answer:
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
        templates=templates,
        lost_to=lost_to,
        rows=rows,
    )
    return page, form.status
