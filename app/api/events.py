"""Events: a coordinator follows them, and says which it has dealt with."""

from __future__ import annotations

from app import pipeline
from app.api.operation import operation
from app.callers import Caller
from app.db.base import db
from app.loading import visible_event
from app.models import Event
from app.queries.events.feed import event_feed
from app.schemas.events import EventFeed, EventResponse, EventsQuery, Processing

TAG = "Queues and events"


@operation("GET", "/events", tag=TAG, scope="read")
def list_events(caller: Caller, query: EventsQuery) -> EventFeed:
    """What happened, in order. Ask again with `next_after` to follow the board.

    None is missed, even when many are recorded at once: an event is held back until all with
    smaller numbers are there.
    """
    wanted = query.wanted(caller.chosen_project(query.project))
    feed = event_feed(db.session(), caller.visibility, wanted, after=query.after, limit=query.limit)
    return EventFeed.model_validate(feed)


@operation("GET", "/events/<int:event_id>", tag=TAG, scope="read")
def get_event(caller: Caller, event_id: int) -> EventResponse:
    """One event."""
    visible_event(db.session(), caller.visibility, event_id)
    return EventResponse.model_validate(Event.get(db.session(), event_id))


@operation("POST", "/events/<int:event_id>/process", tag=TAG, scope="plan")
def resolve_event(caller: Caller, event_id: int, body: Processing) -> EventResponse:
    """Say that an event was dealt with, and how. The first to do so stays on record."""
    visible_event(db.session(), caller.visibility, event_id)
    pipeline.process_events(db.session(), caller.visibility, [event_id], caller.actor, body.note)
    return EventResponse.model_validate(Event.get(db.session(), event_id))
