"""An edit that lost a race: who was faster, and what is saved beside what was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Event
from app.models.ticket import PRIORITIES
from app.queries.tickets.view import TicketView

CHANGING = ("ticket_edited", "ticket_plan_changed")

Row = tuple[str, str, str]
"""A field's label, what is saved, what was typed."""


@dataclass(frozen=True, slots=True)
class Change:
    """Who changed a ticket last."""

    actor: str | None
    at: datetime | None


def last_change(session: Session, ticket_id: str) -> Change:
    """The last change of what the ticket says or of its plan."""
    row = session.execute(
        select(Event.actor, Event.created_at)
        .where(Event.ticket_id == ticket_id, Event.event_type.in_(CHANGING))
        .order_by(Event.id.desc())
        .limit(1)
    ).first()
    return Change(*row) if row else Change(None, None)


def text_rows(view: TicketView, typed: Mapping[str, Any]) -> list[Row]:
    """The words of a ticket, saved and typed, where they differ."""
    ticket = view.ticket
    labels = sorted({label.strip() for label in typed["labels"] if label.strip()})
    # Forms send line ends as the web does; stored text has the short ones.
    description = typed["description"].replace("\r\n", "\n").strip()
    rows = [
        ("Title", ticket.title, typed["title"]),
        ("Description", ticket.description, description),
        ("Priority", PRIORITIES[ticket.priority], PRIORITIES[typed["priority"]]),
        ("Labels", ", ".join(view.labels), ", ".join(labels)),
    ]
    return [row for row in rows if row[1] != row[2]]


def plan_rows(view: TicketView, typed: Sequence[str]) -> list[Row]:
    """The plan, saved and typed, where they differ."""
    saved = view.ticket.execution_plan
    return [("Plan", " → ".join(saved), " → ".join(typed))] if saved != list(typed) else []
