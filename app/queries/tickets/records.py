"""Tickets as programs read them: every fact about each, for lists and for one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import StageRun, Ticket, TicketDependency
from app.queries.keyset import Order, take_slice
from app.queries.tickets.conditions import TicketFilter, situation, state_is
from app.queries.tickets.list import labels_of, open_blockers
from app.visibility import Visibility

ORDERS = {
    "created": Order("created", (Ticket.created_at.expression, Ticket.ticket_id.expression)),
    "-created": Order(
        "-created", (Ticket.created_at.expression, Ticket.ticket_id.expression), descending=True
    ),
    "updated": Order("updated", (Ticket.updated_at.expression, Ticket.ticket_id.expression)),
    "-updated": Order(
        "-updated", (Ticket.updated_at.expression, Ticket.ticket_id.expression), descending=True
    ),
}

LINE = [
    column
    for column in Ticket.__table__.columns
    if column.name not in ("description", "submission_id")
]
NEIGHBOURS_MAX = 200

Record = dict[str, Any]


def ticket_lines(
    session: Session,
    visibility: Visibility,
    wanted: TicketFilter,
    *,
    sort: str,
    cursor: str | None,
    limit: int,
) -> tuple[list[Record], str | None]:
    """Some of the wanted tickets, and the cursor for those that follow."""
    conditions = *wanted.conditions(session), visibility.of(Ticket.project_id)
    rows = select(*LINE, situation()).where(state_is(wanted.state), *conditions)
    found = take_slice(session, rows, ORDERS[sort], cursor=cursor, limit=limit)
    return _completed(session, found.rows), found.next


def ticket_record(session: Session, ticket_id: str) -> Record:
    """One ticket with its text and the run that is at work on it; raises `NotFound`."""
    run = (
        select(func.max(StageRun.run_id))
        .where(StageRun.ticket_id == Ticket.ticket_id, StageRun.finished_at.is_(None))
        .scalar_subquery()
    )
    row = session.execute(
        select(*LINE, Ticket.description, situation(), run.label("current_run_id")).where(
            Ticket.ticket_id == ticket_id
        )
    ).first()
    if row is None:
        raise NotFound(f"There is no ticket {ticket_id}.")
    return _completed(session, (row,))[0]


def waits_for(session: Session, ticket_id: str) -> Sequence[Row[Any]]:
    """The tickets that block this one."""
    return _neighbours(
        session,
        TicketDependency.blocked_by_id == Ticket.ticket_id,
        TicketDependency.ticket_id == ticket_id,
    )


def is_waited_for_by(session: Session, ticket_id: str) -> Sequence[Row[Any]]:
    """The tickets that this one blocks."""
    return _neighbours(
        session,
        TicketDependency.ticket_id == Ticket.ticket_id,
        TicketDependency.blocked_by_id == ticket_id,
    )


def _completed(session: Session, rows: Iterable[Any]) -> list[Record]:
    """These rows with what stands in other tables: labels, and what they still wait for."""
    records = [dict(row._mapping) for row in rows]
    labels = labels_of(session, [record["ticket_id"] for record in records])
    blocked = [record["ticket_id"] for record in records if record["open_blockers"]]
    blockers = open_blockers(session, blocked) if blocked else {}
    return [
        {
            **record,
            "labels": labels.get(record["ticket_id"], []),
            "waits_for": blockers.get(record["ticket_id"], []),
        }
        for record in records
    ]


def _neighbours(session: Session, *conditions: ColumnElement[bool]) -> Sequence[Any]:
    rows = (
        select(Ticket.ticket_id, Ticket.title, Ticket.state, Ticket.resolution)
        .join(TicketDependency, conditions[0])
        .where(*conditions[1:])
        .order_by(Ticket.created_at, Ticket.ticket_id)
        .limit(NEIGHBOURS_MAX)
    )
    return session.execute(rows).all()
