"""Worker types are renamed and deleted only when no plan still needs them."""

from __future__ import annotations

from itertools import islice

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from app.actor import Actor
from app.db.rows import rows_of
from app.errors import Conflict
from app.models import PlanTemplate, Ticket, Worker, WorkerType
from app.models.worker import LIVE_STATUSES
from app.models.worker_type import StillNeeded
from app.queries.tickets.conditions import NOT_CLOSED

NAMED_TICKETS = 10
"""Ids that a refusal lists before it says how many more there are."""
READ_AT_ONCE = 100
"""Plans that are read before it is known whether more are wanted."""


def tickets_needing(session: Session, role: WorkerType, at_most: int | None = None) -> list[str]:
    """Ids of the project's open tickets with a stage yet to be done by this worker type, by their
    numbers: all, or so many."""
    name = role.worker_type
    with rows_of(session, OPEN_PLANS, project_id=role.project_id) as plans:
        needing = (ticket_id for ticket_id, plan, done in plans if name in plan[done:])
        return list(islice(needing, at_most))


OPEN_PLANS = (
    select(Ticket.ticket_id, Ticket.execution_plan, Ticket.completed_stages)
    .where(Ticket.project_id == bindparam("project_id"), NOT_CLOSED)
    .order_by(func.length(Ticket.ticket_id), Ticket.ticket_id)
    .execution_options(yield_per=READ_AT_ONCE)
)


def rename_worker_type(session: Session, role: WorkerType, name: str, actor: Actor) -> None:
    """Give a worker type another name; refused while open tickets or templates name the old."""
    role = WorkerType.lock(session, role.id)
    old = role.worker_type
    if name.strip() == old:
        return
    _require_unneeded(session, role, "renamed")
    role.rename(name, actor)
    # Those who work at it go on under its new name, instead of waiting at a queue that is gone.
    session.execute(
        update(Worker)
        .where(Worker.project_id == role.project_id, Worker.worker_type == old)
        .where(Worker.status.in_(LIVE_STATUSES))
        .values(
            worker_type=role.worker_type,
            queue_name=Worker.queue_of(role.project_id, role.worker_type),
        )
    )


def delete_worker_type(session: Session, role: WorkerType, actor: Actor) -> None:
    """Delete a worker type; refused while open tickets or plan templates still need it."""
    role = WorkerType.lock(session, role.id)
    _require_unneeded(session, role, "deleted")
    role.record("worker_type_deleted", actor)
    session.delete(role)


def _require_unneeded(session: Session, role: WorkerType, change: str) -> None:
    if needing := tickets_needing(session, role):
        shown = ", ".join(needing[:NAMED_TICKETS])
        rest = len(needing) - NAMED_TICKETS
        more = f" and {rest:,} more" if rest > 0 else ""
        raise StillNeeded(
            f"{role.worker_type} can't be {change}: open tickets still need it ({shown}{more}). "
            "Change their plans or close them first.",
            needing,
        )
    templates = session.scalars(
        select(PlanTemplate).where(PlanTemplate.project_id == role.project_id)
    )
    if named := [template.name for template in templates if role.worker_type in template.plan]:
        raise Conflict(
            f"{role.worker_type} can't be {change}: the plan template “{named[0]}” names it. "
            "Delete that template first."
        )
