"""Moving a card: its menu, what a drop means, and what becomes of it. And adding one.

A script asks as a region does and is answered with what it needs; without one the same addresses
are pages, and what was done leads back to the board.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Any

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue as Answer
from sqlalchemy.orm import Session

from app.db.base import db
from app.errors import Conflict, DomainError
from app.forms.base import BoardForm, status_of
from app.forms.board import LaneForm, Move, PlaceForm, QuickAddForm, move_to
from app.forms.ticket_verbs import (
    ACTIONS,
    SendBackForm,
    VerbForm,
    action_for,
    actions_for,
    fresh_form,
    require_position,
)
from app.models import Ticket
from app.queries.tickets.view import TicketView, view_ticket
from app.web.auth.access import page
from app.web.auth.identity import current_actor
from app.web.http.live import wants_region
from app.web.http.saving import done, save
from app.web.pages.board.blueprint import blueprint
from app.web.pages.loading import load_project, require_ticket

QUEUED = ("ready", "waiting", "backoff")


@blueprint.get("/tickets/<ticket_id>/move")
@page(role="member")
def choose(ticket_id: str) -> Answer:
    """The moves of a card; with `to` or `verb`, what one of them asks."""
    require_ticket(ticket_id)
    view = view_ticket(db.session(), ticket_id)
    column, verb = request.args.get("to", ""), request.args.get("verb", "")
    if wants_region() and (column or verb):
        return _dialog(view, column, verb)
    name = "board/_menu.html" if wants_region() else "board/move.html"
    return render_template(
        name,
        view=view,
        ticket=view.ticket,
        actions=actions_for(view),
        is_queued=view.situation in QUEUED,
        back=request.args.get("back", ""),
    )


def _dialog(view: TicketView, column: str, verb: str) -> Answer:
    try:
        move = move_to(view, column) if column else Move(_action(view, verb))
    except DomainError as error:
        return error.message, status_of(error)
    form = fresh_form(move.action.form, view)
    if isinstance(form, SendBackForm) and move.to_stage:
        form.to_stage.data = str(move.to_stage)
    return _form(view, form)


def _form(view: TicketView, form: VerbForm, status: int = HTTPStatus.OK) -> Answer:
    action = action_for(view, form.verb)
    shown = {"view": view, "ticket": view.ticket, "action": action, "form": form}
    return render_template("board/_dialog.html", **shown), status


def _action(view: TicketView, verb: str) -> Any:
    if verb not in ACTIONS:
        abort(404)
    return action_for(view, verb)


@blueprint.post("/tickets/<ticket_id>/move")
@page(role="member")
def move(ticket_id: str) -> Answer:
    """Move a card in its queue or to a lane, or carry out the verb that brings it elsewhere."""
    require_ticket(ticket_id)
    verb = request.form.get("verb", "")
    if verb and verb not in ACTIONS:
        abort(404)
    form = ACTIONS[verb].form() if verb else _without_verb()
    said = save(form, partial(_carry_out, ticket_id, form))
    if said:
        return said if wants_region() else done(said, **_board_of(ticket_id))
    if isinstance(form, VerbForm) and form.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        view = view_ticket(db.session(), ticket_id)
        if form.seen.data == view.position:
            form.suit(view)
            return _form(view, form, form.status)
    return _refused(form)


def _without_verb() -> LaneForm | PlaceForm:
    return LaneForm() if "priority" in request.form else PlaceForm()


def _carry_out(ticket_id: str, form: LaneForm | PlaceForm | VerbForm, session: Session) -> str:
    lock = Ticket.lock_with_project if isinstance(form, PlaceForm) else Ticket.lock
    ticket = lock(session, ticket_id)
    if isinstance(form, VerbForm):
        require_position(session, ticket, form.seen.data)
    return form.carry_out(ticket, current_actor())


def _board_of(ticket_id: str) -> dict[str, str]:
    if request.form.get("back") == "all":
        return {"endpoint": "board.show_all"}
    project = Ticket.get(db.session(), ticket_id).project_id
    return {"endpoint": "projects.show", "name": project, "_anchor": f"card-{ticket_id}"}


@blueprint.post("/projects/<project:name>/-/board/add")
@page(role="member")
def add(name: str) -> Answer:
    """Make a ticket at the foot of a column."""
    load_project(name)
    form = QuickAddForm()
    said = save(form, partial(_add, name, form))
    if said and wants_region():
        return f"{said} is on the board."
    if said:
        return done(f"{said} is on the board.", "projects.show", name=name, _anchor=f"card-{said}")
    return _refused(form)


def _add(name: str, form: QuickAddForm, session: Session) -> str:
    return form.carry_out(session, name, current_actor())


def _refused(form: BoardForm) -> Answer:
    """Why nothing was done: in words for a script, else as a page."""
    why = " ".join(str(error) for errors in form.errors.values() for error in errors)
    if wants_region():
        return why, form.status
    raise Conflict(why)
