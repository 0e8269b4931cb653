"""Creating many tickets from a list: pasted, looked at, then made, all or none."""

from __future__ import annotations

from functools import partial

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue as Answer

from app.db.base import db
from app.errors import DomainError
from app.forms.paste import PastedList, PasteForm
from app.queries.choices import project_names
from app.queries.projects.plan_templates import plan_choices
from app.queries.tickets.people import assignable
from app.web.auth.access import page
from app.web.auth.identity import current_actor, current_visibility
from app.web.http.saving import save
from app.web.pages.tickets.blueprint import blueprint
from app.web.pages.tickets.editing import chosen_project, is_rearranged, templates_of


@blueprint.route("/tickets/new/list", methods=["GET", "POST"])
@page(role="member")
def paste() -> Answer:
    """Create many tickets from a list; first show what will be made."""
    projects = project_names(db.session(), current_visibility(), only_active=True)
    name = chosen_project(projects)
    if not name:
        return render_template("tickets/no_project.html")
    templates = templates_of(name)
    form = PasteForm(data={"execution_plan": templates[0].plan if templates else []})
    if is_rearranged(form, templates) or request.form.get("back") or not form.validate_on_submit():
        return _list_page(form, name, projects)
    try:
        pasted = form.pasted()
    except DomainError as error:
        form.refuse(error)
        return _list_page(form, name, projects)
    if not form.is_looked_at:
        return render_template("tickets/paste_preview.html", form=form, project=name, pasted=pasted)
    return _create(form, name, projects, pasted)


def _create(form: PasteForm, name: str, projects: list[str], pasted: PastedList) -> Answer:
    made = save(form, partial(form.create, project_id=name, pasted=pasted, actor=current_actor()))
    if made is None:
        return _list_page(form, name, projects)
    if made:
        number = f"{len(made):,} ticket{'s are' if len(made) > 1 else ' is'}"
        flash(
            f"{number} on the board: {made[0]}{f' to {made[-1]}' if made[1:] else ''}.", "success"
        )
    else:
        flash("This list was made into tickets before; nothing was made twice.", "warning")
    return redirect(url_for("tickets.index", project=name, sort="-created"), 303)


def _list_page(form: PasteForm, name: str, projects: list[str]) -> Answer:
    form.offer(assignable(db.session(), name))
    page = render_template(
        "tickets/paste.html",
        form=form,
        project=name,
        projects=projects,
        choices=plan_choices(db.session(), name),
        templates=templates_of(name),
    )
    return page, form.status
