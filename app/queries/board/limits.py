"""The limits on work in progress that a project's board shows."""

from __future__ import annotations

from sqlalchemy import BindParameter, bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.models import Ticket, WorkerType
from app.queries.tickets.conditions import NOT_CLOSED

HERE: BindParameter[str] = bindparam("project_id")
LIMITS = select(WorkerType.worker_type, WorkerType.max_running).where(
    WorkerType.project_id == HERE, WorkerType.max_running.is_not(None)
)
BEGUN = select(func.count()).where(
    Ticket.project_id == HERE,
    NOT_CLOSED,
    or_(Ticket.completed_stages > 0, Ticket.claimed_by.is_not(None)),
)


def running_limits(session: Session, project_id: str) -> dict[str, int]:
    """How many runs at once, of the worker types that have such a limit."""
    found = rows_of(session, LIMITS, project_id=project_id)
    return {str(name): int(most) for name, most in found}


def number_begun(session: Session, project_id: str) -> int:
    """Tickets that are begun and not closed; it looks at each open ticket of the project."""
    return int(rows_of(session, BEGUN, project_id=project_id).scalar_one())
