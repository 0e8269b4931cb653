"""An edit that lost a race: who was faster, and what is saved beside what was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Event
from app.models.ticket import PRIORITIES
from app.models.ticket.content import NAMES, Content
from app.queries.tickets.view import TicketView
from app.values import immutable

CHANGING = ("ticket_edited", "ticket_plan_changed")

Row = tuple[str, str, str]
"""A field's label, what is saved, what was typed."""


@immutable
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


def content_rows(saved: Content, typed: Content, names: Sequence[str]) -> list[Row]:
    """These fields of a ticket, saved and typed, where they differ."""
    before, after = (cast("Mapping[str, Any]", content) for content in (saved, typed))
    rows = [
        (NAMES[name].capitalize(), _text(name, before[name]), _text(name, after[name]))
        for name in names
    ]
    return [row for row in rows if row[1] != row[2]]


def _text(name: str, value: Any) -> str:
    if name == "priority":
        return PRIORITIES[value]
    return ", ".join(value) if name == "labels" else value or ""


def plan_rows(view: TicketView, typed: Sequence[str]) -> list[Row]:
    """The plan, saved and typed, where they differ."""
    saved = view.ticket.execution_plan
    return [("Plan", " → ".join(saved), " → ".join(typed))] if saved != list(typed) else []
