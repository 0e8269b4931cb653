"""Tickets as programs read them: every fact about each, for lists and for one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, func, or_, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import StageRun, Ticket, TicketDependency, TicketLabel
from app.queries.keyset import Order, take_slice
from app.queries.tickets.conditions import situation, situation_is
from app.queries.tickets.list import labels_of
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


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Which tickets are wanted; empty parts want all."""

    project: str | None = None
    state: str = "open"
    stage: str | None = None
    priority: int | None = None
    label: str | None = None
    parent_id: str | None = None
    text: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter for a `where`."""
        found: list[ColumnElement[bool]] = [
            column == wanted
            for column, wanted in (
                (Ticket.project_id, self.project),
                (Ticket.current_stage, self.stage),
                (Ticket.priority, self.priority),
                (Ticket.parent_id, self.parent_id),
            )
            if wanted is not None
        ]
        if self.state != "all":
            found.append(_state_is(self.state))
        if self.label is not None:
            labels = TicketLabel.ticket_id == Ticket.ticket_id, TicketLabel.label == self.label
            found.append(exists().where(*labels))
        if self.text is not None:
            texts = (Ticket.title, Ticket.ticket_id)
            found.append(or_(*(column.icontains(self.text, autoescape=True) for column in texts)))
        return found


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
    conditions = *wanted.conditions(), visibility.of(Ticket.project_id)
    rows = select(*LINE, situation()).where(*conditions)
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


def _state_is(state: str) -> ColumnElement[bool]:
    if state == "open":
        return Ticket.state.in_(("open", "on_hold"))
    if state == "closed":
        return Ticket.state == "closed"
    return situation_is(state)


def _completed(session: Session, rows: Iterable[Any]) -> list[Record]:
    """These rows with what stands in other tables: labels, and what they still wait for."""
    records = [dict(row._mapping) for row in rows]
    labels = labels_of(session, [record["ticket_id"] for record in records])
    blocked = [record["ticket_id"] for record in records if record["open_blockers"]]
    blockers = _open_blockers(session, blocked)
    return [
        {
            **record,
            "labels": labels.get(record["ticket_id"], []),
            "waits_for": blockers.get(record["ticket_id"], []),
        }
        for record in records
    ]


def _open_blockers(session: Session, ticket_ids: Sequence[str]) -> dict[str, list[str]]:
    """What each of these tickets still waits for; those that wait for nothing are left out."""
    if not ticket_ids:
        return {}
    rows = (
        select(TicketDependency.ticket_id, TicketDependency.blocked_by_id)
        .join(Ticket, Ticket.ticket_id == TicketDependency.blocked_by_id)
        .where(TicketDependency.ticket_id.in_(ticket_ids), Ticket.state != "closed")
        .order_by(TicketDependency.ticket_id, TicketDependency.blocked_by_id)
    )
    found: dict[str, list[str]] = {}
    for ticket_id, blocker in session.execute(rows):
        found.setdefault(ticket_id, []).append(blocker)
    return found


def _neighbours(session: Session, *conditions: ColumnElement[bool]) -> Sequence[Any]:
    rows = (
        select(Ticket.ticket_id, Ticket.title, Ticket.state, Ticket.resolution)
        .join(TicketDependency, conditions[0])
        .where(*conditions[1:])
        .order_by(Ticket.created_at, Ticket.ticket_id)
        .limit(NEIGHBOURS_MAX)
    )
    return session.execute(rows).all()
