"""A project's worker types as their list shows them, and what one of them is needed for."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Ticket, WorkerType
from app.queries.keyset import Order, Slice, take_slice
from app.queries.projects.plan_order import plan_order
from app.queries.queues import Queue, queues_of
from app.values import immutable
from app.visibility import Visibility

BY_NUMBER = Order("id", (WorkerType.id.expression,))


@immutable
class Role:
    """One worker type, and the stage it performs."""

    stage: Queue
    id: int
    name: str
    short_description: str | None
    performed_by: str
    prompt_version: int
    prompt_length: int
    lease_seconds: int
    max_attempts: int


def roles(session: Session, project_id: str) -> list[Role]:
    """The worker types in the order in which plans use them."""
    at = {queue.worker_type: queue for queue in queues_of(session, project_id)}
    rows = session.execute(
        select(
            WorkerType.id,
            WorkerType.worker_type,
            WorkerType.short_description,
            WorkerType.performed_by,
            WorkerType.prompt_version,
            func.length(WorkerType.system_prompt),
            WorkerType.lease_seconds,
            WorkerType.max_attempts,
        ).where(WorkerType.project_id == project_id)
    )
    found = {row.worker_type: Role(at[row.worker_type], *row) for row in rows}
    return [found[name] for name in plan_order(session, project_id, list(at)) if name in found]


def worker_type_slice(
    session: Session, visibility: Visibility, *, project: str | None, cursor: str | None, limit: int
) -> Slice:
    """Some worker types in the order in which they were made, with every fact about each."""
    rows = select(*WorkerType.__table__.columns).where(visibility.of(WorkerType.project_id))
    if project is not None:
        rows = rows.where(WorkerType.project_id == project)
    return take_slice(session, rows, BY_NUMBER, cursor=cursor, limit=limit)


def titles(session: Session, ticket_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Id and title of these tickets, in this order."""
    rows = session.execute(
        select(Ticket.ticket_id, Ticket.title).where(Ticket.ticket_id.in_(ticket_ids))
    )
    found = dict(rows.all())
    return [(ticket_id, found.get(ticket_id, "")) for ticket_id in ticket_ids]
