"""Events are dealt with, one or many at once."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actor import Actor
from app.models import Event
from app.sight import Sight


def process_events(
    session: Session, sight: Sight, event_ids: Iterable[int], actor: Actor, note: str
) -> int:
    """Mark events as dealt with, with one note; returns how many were still open.

    Those that the actor can't see stay as they are.
    """
    wanted = Event.id.in_(list(event_ids)), ~Event.processed, sight.of(Event.project_id)
    events = session.scalars(select(Event).where(*wanted).with_for_update()).all()
    for event in events:
        event.process(actor, note)
    return len(events)
