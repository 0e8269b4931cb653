"""What the board remembers: rows that tests look at, in the order they were made."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.models import Comment, Event, StageRun, Ticket, TicketLabel


def events(session: Session, **filters: Any) -> list[Event]:
    """Events with these values."""
    session.flush()
    return list(session.scalars(select(Event).filter_by(**filters).order_by(Event.id)))


def event_types(session: Session, ticket: Ticket) -> list[str]:
    """The types of a ticket's events."""
    return [event.event_type for event in events(session, ticket_id=ticket.ticket_id)]


def comments(session: Session, ticket: Ticket) -> list[Comment]:
    """What was said about a ticket."""
    session.flush()
    query = select(Comment).filter_by(ticket_id=ticket.ticket_id).order_by(Comment.id)
    return list(session.scalars(query))


def runs(session: Session, ticket: Ticket) -> list[StageRun]:
    """A ticket's stage runs."""
    session.flush()
    query = select(StageRun).filter_by(ticket_id=ticket.ticket_id).order_by(StageRun.run_id)
    return list(session.scalars(query))


def labels(session: Session, ticket: Ticket) -> set[str]:
    """A ticket's labels."""
    return set(session.scalars(select(TicketLabel.label).filter_by(ticket_id=ticket.ticket_id)))


def later(**delta: float) -> AbstractContextManager[Any]:
    """`with later(seconds=30): …` – the clock stands that much further on."""
    return time_machine.travel(clock.now() + timedelta(**delta), tick=False)
