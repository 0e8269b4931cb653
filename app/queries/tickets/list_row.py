"""What one row of a list shows, and where it is read from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Select,
    bindparam,
    case,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import Session, aliased

from app.db.rows import rows_of
from app.models import StageRun, Ticket, TicketDependency, TicketLabel, User
from app.queries.keyset import Order, cursor_of
from app.queries.tickets.conditions import RUNNING, since, situation
from app.queries.tickets.list_order import (
    ListOrder,
)
from app.queries.tickets.rail import SENT_BACK, Rail, numbers_in, rail_of
from app.values import immutable

Blocker = aliased(Ticket)


@immutable
class TicketLine:
    """One row. `since`: when its situation began, or for a pause between attempts, when it ends.
    `place`: where it stands in the list, for `neighbours`."""

    ticket_id: str
    project_id: str
    title: str
    situation: str
    since: datetime | None
    open_blockers: int
    blocked_by: str | None
    priority: int
    labels: tuple[str, ...]
    rail: Rail
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    author: str | None
    assignee: str | None
    place: str


def in_full(ids: Select[str], order: ListOrder) -> Select[*tuple[Any, ...]]:
    """The rows of some tickets, each with what makes its place in the list. Their ids come first,
    from the narrowest rows; only they are then read in full."""
    chosen = ids.subquery("chosen")
    return select(
        Ticket.ticket_id,
        Ticket.project_id,
        Ticket.title,
        Ticket.execution_plan,
        Ticket.completed_stages,
        Ticket.priority,
        Ticket.open_blockers,
        Ticket.ready_at,
        Ticket.created_at,
        Ticket.updated_at,
        situation(),
        STARTED_AT,
        BLOCKED_BY,
        LABELS,
        SENT_BACK,
        Ticket.closed_at,
        Ticket.created_by,
        ASSIGNEE,
        *order.own_keys,
    ).join(chosen, chosen.c.ticket_id == Ticket.ticket_id)


ASSIGNEE = case(
    (
        Ticket.assignee_id.is_not(None),
        select(User.name).where(User.id == Ticket.assignee_id).correlate(Ticket).scalar_subquery(),
    )
)
STARTED_AT = case(
    (
        RUNNING,
        select(StageRun.started_at)
        .where(StageRun.ticket_id == Ticket.ticket_id, StageRun.finished_at.is_(None))
        .scalar_subquery(),
    )
)
BLOCKED_BY = case(
    (
        Ticket.open_blockers > 0,
        select(func.min(TicketDependency.blocked_by_id))
        .join(Blocker, Blocker.ticket_id == TicketDependency.blocked_by_id)
        .where(TicketDependency.ticket_id == Ticket.ticket_id, Blocker.state != "closed")
        .correlate(Ticket)
        .scalar_subquery(),
    )
)
# Written into the statement once, not as parameters: those of a separator would be with each use.
LINE_END: Any = literal_column("'\n'")

LABELS = (
    select(func.aggregate_strings(TicketLabel.label, LINE_END))
    .where(TicketLabel.ticket_id == Ticket.ticket_id)
    .scalar_subquery()
)


def line_of(
    cursor: Order,
    ticket_id: str,
    project_id: str,
    title: str,
    plan: list[str],
    completed: int,
    priority: int,
    n_blockers: int,
    ready_at: datetime,
    created_at: datetime,
    updated_at: datetime,
    word: str,
    started_at: datetime | None,
    blocked_by: str | None,
    labels: str | None,
    sent_back: str | None,
    closed_at: datetime | None,
    author: str | None,
    assignee: str | None,
    *keys: Any,
) -> TicketLine:
    return TicketLine(
        ticket_id=ticket_id,
        project_id=project_id,
        title=title,
        situation=word,
        since=since(word, started_at, ready_at),
        open_blockers=n_blockers,
        blocked_by=blocked_by,
        priority=priority,
        labels=tuple(sorted(labels.split("\n"))) if labels else (),
        rail=rail_of(plan, completed, word, numbers_in(sent_back)),
        created_at=created_at,
        updated_at=updated_at,
        closed_at=closed_at,
        author=author,
        assignee=assignee,
        place=cursor_of(cursor, keys),
    )


LABELS_OF = (
    select(TicketLabel.ticket_id, TicketLabel.label)
    .where(TicketLabel.ticket_id.in_(bindparam("ids", expanding=True)))
    .order_by(TicketLabel.label)
)


def labels_of(session: Session, ids: Collection[str]) -> dict[str, list[str]]:
    """The labels of each of these tickets."""
    found: dict[str, list[str]] = defaultdict(list)
    for ticket_id, label in rows_of(session, LABELS_OF, ids=list(ids)):
        found[ticket_id].append(label)
    return found
