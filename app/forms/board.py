"""What people do on the board: move a card, and add one."""

from __future__ import annotations

from sqlalchemy.orm import Session
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired

from app.actor import Actor
from app.errors import Conflict, Stale
from app.forms.base import BoardForm, OnceMixin, one_line, required, select_choices
from app.forms.ticket_verbs import Action, action_for
from app.models import Ticket
from app.models.ticket import PLACES, PRIORITIES
from app.queries.projects.plan_templates import plan_from
from app.queries.tickets.view import TicketView
from app.values import immutable

WAITING, ON_HOLD, DONE, STAGE = "waiting", "on_hold", "done", "stage-"
"""The columns of a board; the last one followed by the name of a worker type."""


class PlaceForm(BoardForm):
    """Where a ticket shall stand in its queue. `stage`: the queue in which the person saw it."""

    place = SelectField("Place", choices=select_choices(*((one, one) for one in PLACES)))
    other_id = StringField("Beside", filters=[one_line])
    stage = StringField("Stage", validators=[InputRequired()])

    def carry_out(self, ticket: Ticket, actor: Actor) -> str:
        """Move it."""
        if ticket.current_stage != self.stage.data:
            raise Stale(f"{ticket.ticket_id} is no longer at {self.stage.data}.")
        ticket.move_in_queue(self.place.data, actor, self.other_id.data or "")
        return f"{ticket.ticket_id} is moved in the queue of {ticket.current_stage}."


class LaneForm(BoardForm):
    """Which lane a card was put into, on a board with lanes by priority."""

    priority = SelectField(
        "Priority", choices=select_choices(*((str(n), name) for n, name in enumerate(PRIORITIES)))
    )

    def carry_out(self, ticket: Ticket, actor: Actor) -> str:
        """Give the ticket the lane's priority."""
        priority = int(self.priority.data)
        ticket.edit(actor, priority=priority)
        return f"The priority of {ticket.ticket_id} is {PRIORITIES[priority]} now."


class QuickAddForm(OnceMixin, BoardForm):
    """A ticket made at the foot of a column: its plan begins there."""

    title = StringField("Title", filters=[one_line], validators=required(Ticket.TITLE_MAX))
    stage = StringField("Stage", validators=[InputRequired()])

    def carry_out(self, session: Session, project_id: str, actor: Actor) -> str:
        """Make it; returns its id."""
        stage = self.stage.data or ""
        ticket = Ticket.create(
            session,
            project_id=project_id,
            title=self.title.data or "",
            execution_plan=plan_from(session, project_id, stage),
            actor=actor,
            submission_id=self.submission_id.data or None,
        )
        return ticket.ticket_id


@immutable
class Move:
    """What it means to put a ticket into another column. `to_stage`: where it is sent back to."""

    action: Action
    to_stage: int | None = None


def move_to(view: TicketView, column: str) -> Move:
    """The verb that brings a ticket into a column. Raises `Conflict` if none does: it says why."""
    ticket = view.ticket
    if column == ON_HOLD:
        return Move(action_for(view, "hold"))
    if view.situation in ("completed", "stopped"):
        return _out_of_done(view, column)
    if view.situation == "on_hold":
        return _off_hold(view, column)
    if view.run is not None:
        doer = view.run.worker_id or view.run.actor
        raise Conflict(f"{doer} is working on {ticket.ticket_id}. Put it on hold first.")
    if view.situation == "blocked":
        raise Conflict(f"{ticket.ticket_id} waits for {view.blocked_by or 'other tickets'}.")
    if column == DONE:
        return _into_done(view)
    return _to_stage(view, column)


def _out_of_done(view: TicketView, column: str) -> Move:
    ticket = view.ticket
    number = min(ticket.completed_stages + 1, len(ticket.execution_plan))
    if _stands_in(view, number, column):
        return Move(action_for(view, "reopen"))
    raise Conflict(f"{ticket.ticket_id} is closed. It reopens at {ticket.stage_name(number)}.")


def _off_hold(view: TicketView, column: str) -> Move:
    ticket = view.ticket
    if _stands_in(view, ticket.completed_stages + 1, column):
        return Move(action_for(view, "resume"))
    raise Conflict(f"{ticket.ticket_id} is on hold at {ticket.current_stage}. Resume it first.")


def _into_done(view: TicketView) -> Move:
    ticket = view.ticket
    left = ticket.execution_plan[ticket.completed_stages :]
    if len(left) == 1:
        return Move(action_for(view, "complete"))
    raise Conflict(
        f"{len(left)} stages of {ticket.ticket_id} aren't done: {', '.join(left)}. "
        "“Close unfinished” is in its menu."
    )


def _to_stage(view: TicketView, column: str) -> Move:
    ticket = view.ticket
    plan = ticket.execution_plan
    here = ticket.completed_stages + 1
    there = [number for number in range(1, len(plan) + 1) if _stands_in(view, number, column)]
    earlier = [number for number in there if number < here]
    is_next = here + 1 in there
    name = column.removeprefix(STAGE).replace(WAITING, "Waiting for a person")
    if not there:
        raise Conflict(f"The plan of {ticket.ticket_id} has no stage there: {', '.join(plan)}.")
    # A plan may come back to a worker type: then its first place tells which way that is.
    if earlier and (not is_next or there[0] < plan.index(plan[here - 1]) + 1):
        return Move(action_for(view, "send_back"), earlier[-1])
    if is_next:
        return Move(action_for(view, "complete"))
    raise Conflict(
        f"Before {name} comes {plan[here]}: {ticket.ticket_id} moves one stage at a time."
        if here < len(plan)
        else f"{ticket.ticket_id} is at its last stage."
    )


def _stands_in(view: TicketView, number: int, column: str) -> bool:
    """Whether the ticket would stand in that column at that stage of its plan."""
    name = view.ticket.stage_name(number)
    role = view.roles.get(name)
    return column == (WAITING if role and role.is_gate else f"{STAGE}{name}")
