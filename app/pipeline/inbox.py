"""Events are dealt with, one or many at once."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actor import Actor
from app.models import Event, Ticket
from app.values import immutable
from app.visibility import Visibility


@immutable
class Marked:
    """How many events were marked, and the tickets that still wait for an answer."""

    count: int
    waiting: list[str]


def process_events(
    session: Session, visibility: Visibility, event_ids: Iterable[int], actor: Actor, note: str
) -> int:
    """Mark events as dealt with, with one note; returns how many were still open.

    Those that the actor can't see stay as they are. A ticket that asks goes on waiting for its
    answer: the inbox asks the ticket, not the event.
    """
    events = _open_events(session, visibility, event_ids)
    for event in events:
        event.process(actor, note)
    return len(events)


def mark_dealt_with(
    session: Session, visibility: Visibility, event_ids: Iterable[int], actor: Actor, note: str
) -> Marked:
    """The same for people, who read from it that nothing waits any longer: the question of a ticket
    that is still on hold is left open."""
    events = _open_events(session, visibility, event_ids)
    waiting = _asking_tickets(session, events)
    answered = [event for event in events if not (event.is_question and event.ticket_id in waiting)]
    for event in answered:
        event.process(actor, note)
    return Marked(len(answered), sorted(waiting))


def _open_events(session: Session, visibility: Visibility, event_ids: Iterable[int]) -> list[Event]:
    wanted = Event.id.in_(list(event_ids)), ~Event.processed, visibility.of(Event.project_id)
    return list(session.scalars(select(Event).where(*wanted).with_for_update()))


def _asking_tickets(session: Session, events: Iterable[Event]) -> set[str]:
    """Of those whose question is among the events, the tickets that are still on hold."""
    asked = {event.ticket_id for event in events if event.is_question}
    on_hold = select(Ticket.ticket_id).where(Ticket.ticket_id.in_(asked), Ticket.state == "on_hold")
    return set(session.scalars(on_hold))
