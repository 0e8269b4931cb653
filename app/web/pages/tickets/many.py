"""One action on many tickets: asked for, counted, done, and taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app.db.base import db
from app.db.transactions import writing
from app.errors import DomainError, Invalid
from app.forms.base import select_choices
from app.forms.many import FromListForm, ManyForm, UndoForm, say, steps_text
from app.pipeline.actions import Action
from app.pipeline.many import Outcome, act_on_many, foresee
from app.queries.choices import project_names
from app.queries.projects.plan_templates import plan_choices, plan_templates
from app.queries.tickets.chosen import chosen_tickets
from app.queries.tickets.list_row import labels_of
from app.queries.tickets.people import assignable
from app.web.auth.access import page
from app.web.auth.identity import current_actor, current_reader, current_visibility
from app.web.http.live import wants_region
from app.web.pages.tickets.blueprint import blueprint


@blueprint.post("/tickets/bulk")
@page(role="member")
def act() -> Answer:
    """Do one thing to many tickets; first ask for what it takes, and say what it will do."""
    form = ManyForm()
    if not form.validate_on_submit():
        return _asking_page(form, form.ticket.data)
    ids: list[str] = form.ticket.data
    try:
        ids = form.chosen_tickets(db.session(), current_visibility(), current_reader())
        action = None if form.is_being_planned else form.chosen_action()
    except DomainError as error:
        form.refuse(error)
        return _asking_page(form, ids)
    if action is None:
        return _asking_page(form, ids)
    return _done_page(form, action, ids) if form.is_counted else _counted_page(form, action, ids)


@blueprint.post("/tickets/bulk/undo")
@page(role="member")
def undo() -> Answer:
    """Take back what was done to many tickets."""
    form = UndoForm()
    if not form.validate_on_submit():
        raise Invalid("Use the button of the page that told what was done.")
    steps = form.chosen_steps()
    with writing() as session:
        found = [_act(session, action, ids) for action, ids in steps]
    refused = dict(refusal for each in found for refusal in each.refused)
    done = {ticket_id for each in found for ticket_id in each.done} - refused.keys()
    said = say("{n} put back as before", len(done))
    return _told(form, said, Outcome(refused=list(refused.items())))


def _act(session: Session, action: Action, ids: Iterable[str]) -> Outcome:
    return act_on_many(session, current_visibility(), ids, action, current_actor())


def _asking_page(form: ManyForm, ids: Sequence[str]) -> Answer:
    """What the action takes; with what was wrong with it, or with the choice of tickets."""
    session, visibility = db.session(), current_visibility()
    tickets = chosen_tickets(session, visibility, ids)
    projects = sorted({ticket.project_id for ticket in tickets.values()})
    context: dict[str, Any] = {"projects": projects}
    if "assignee" in form.asked:
        form.offer(_assignable_everywhere(session, projects))
    elif "project_id" in form.asked:
        names = project_names(session, visibility, only_active=True)
        form.project_id.choices = select_choices(*((name, name) for name in names))
    elif "labels" in form.asked:
        context["labels"] = sorted({x for names in labels_of(session, ids).values() for x in names})
    elif "execution_plan" in form.asked and len(projects) == 1:
        context["choices"] = plan_choices(session, projects[0])
        templates = plan_templates(session, projects[0])
        form.arrange_plan(request.form, {str(each.id): each.plan for each in templates})
        context["templates"] = [(each.id, each.name, each.plan) for each in templates]
    heading = say(form.words.ask or form.words.heading, len(ids))
    return _page("ask", heading, form, ids=ids, **context), form.status


def _assignable_everywhere(session: Session, projects: Iterable[str]) -> list[tuple[str, str]]:
    """The people who can see all of these projects."""
    people = [assignable(session, project) for project in projects]
    everywhere = set.intersection(*map(set, people)) if people else set()
    return sorted(everywhere)


def _counted_page(form: ManyForm, action: Action, ids: Sequence[str]) -> Answer:
    """What it will do, to how many, and to which it can't."""
    session, visibility = db.session(), current_visibility()
    found = foresee(session, visibility, ids, action)
    tickets = chosen_tickets(session, visibility, found.done)
    return _page(
        "count",
        say(form.words.heading, len(found.done), action),
        form,
        action=action,
        tickets=list(tickets.values()),
        running=sum(ticket.claimed_by is not None for ticket in tickets.values()),
        **_left_out(found),
    )


def _done_page(form: ManyForm, action: Action, ids: Sequence[str]) -> Answer:
    """Do it, and tell what became of each."""
    with writing() as session:
        found = _act(session, action, ids)
    return _told(form, say(form.words.done, len(found.done), action), found)


def _told(form: FromListForm, said: str, found: Outcome) -> Answer:
    answer = make_response(
        _page(
            "done",
            said,
            form,
            undo=steps_text(found.undo) if found.undo else "",
            **_left_out(found),
        )
    )
    if wants_region() and not found.refused:
        # Nothing to read: the dialog closes, and a message says it.
        answer.headers["HX-Retarget"] = ".toasts"
        answer.headers["HX-Reswap"] = "beforeend"
        answer.headers["HX-Trigger"] = "saved"
    return answer


def _left_out(found: Outcome) -> Mapping[str, Any]:
    """The tickets that stay as they are: those that are so already, the others by the reason."""
    groups: dict[str, list[str]] = defaultdict(list)
    for ticket_id, why in found.refused:
        groups[why.removeprefix(f"{ticket_id} ")].append(ticket_id)
    return {"unchanged": found.unchanged, "refused": groups}


def _page(step: str, heading: str, form: FromListForm, **shown: Any) -> str:
    is_toast = step == "done" and wants_region() and not shown["refused"]
    name = "_many_toast" if is_toast else f"_many_{step}" if wants_region() else "many"
    back = f"{url_for('tickets.index')}?{form.back.data or ''}".removesuffix("?")
    return render_template(
        f"tickets/{name}.html", step=step, title=heading, form=form, back=back, **shown
    )
