"""The board as a whole: what happens on it, and what waits where."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app import pipeline
from app.callers import Caller
from app.loading import visible_event
from app.models import Event
from app.operations.operation import Tool, operation
from app.queries import queues
from app.queries.events.feed import event_feed
from app.queries.paging import COUNT_CAP
from app.schemas.base import EventParam
from app.schemas.events import EventFeed, EventResponse, EventsQuery, Processing
from app.schemas.queues import QueueList, QueuesQuery

TAG = "Queues and events"


def event_shown(session: Session, event_id: int) -> EventResponse:
    return EventResponse.model_validate(Event.get(session, event_id))


@operation("GET", "/events", tag=TAG, scope="read", tool=Tool("list_events"))
def list_events(session: Session, caller: Caller, query: EventsQuery) -> EventFeed:
    """Read what happened on the board, oldest first: stages done, tickets held, workers lost.

    To follow the board, ask again and again with the last answer's `next_after` as `after`: you
    miss nothing. To begin with now, use `after` = "latest". What waits for someone to act is
    found with `needs_attention` true and `processed` false; say with resolve_event that you did.
    """
    wanted = query.wanted(caller.chosen_project(query.project))
    feed = event_feed(session, caller.visibility, wanted, after=query.after, limit=query.limit)
    return EventFeed.model_validate(feed)


@operation("GET", "/events/<int:event_id>", tag=TAG, scope="read")
def get_event(session: Session, caller: Caller, event_id: EventParam) -> EventResponse:
    """One event."""
    visible_event(session, caller.visibility, event_id)
    return event_shown(session, event_id)


@operation(
    "POST",
    "/events/<int:event_id>/process",
    tag=TAG,
    scope="plan",
    tool=Tool("resolve_event", repeatable=True),
    answer=event_shown,
)
def resolve_event(session: Session, caller: Caller, event_id: EventParam, body: Processing) -> int:
    """Say that an event was dealt with, and how, so that nobody else looks into it.

    This changes nothing but the event: a ticket on hold is resumed with resume_ticket, which
    resolves its events too. If someone was faster, the answer shows who, and your note isn't kept.
    """
    visible_event(session, caller.visibility, event_id)
    pipeline.process_events(session, caller.visibility, [event_id], caller.actor, body.note)
    return event_id


@operation("GET", "/queues", tag=TAG, scope="read", tool=Tool("queue_status", for_workers=True))
def queue_status(session: Session, caller: Caller, query: QueuesQuery) -> QueueList:
    """How deep each queue is, how long the oldest has waited, and how many workers are alive.

    Each worker type has one. Many `ready` and no `workers_live`: nobody is there to do it. Many
    `on_hold`: a person or a coordinator must answer.
    """
    project = caller.chosen_project(query.project)
    found = queues.queue_status(session, caller.visibility, project)
    return QueueList.of(items=found, counted_up_to=found[0].cap if found else COUNT_CAP)
