"""The board as a whole: what waits, what happened, and who is there."""

from __future__ import annotations

from app import pipeline
from app.callers import Caller
from app.db.base import db
from app.loading import visible_event
from app.mcp.registry import tool
from app.mcp.tools.ids import AnEvent
from app.models import Event
from app.queries import queues
from app.queries.events.feed import event_feed
from app.schemas.events import EventFeed, EventResponse, EventsQuery, Processing
from app.schemas.queues import QueueList, QueuesQuery


@tool("read", reads=True)
def list_events(caller: Caller, query: EventsQuery) -> EventFeed:
    """Read what happened on the board, oldest first: stages done, tickets held, workers lost.

    To follow the board, call again and again with the last answer's `next_after` as `after`: you
    miss nothing. To begin with now, use `after` = "latest". What waits for someone to act is
    found with `needs_attention` true and `processed` false; say with resolve_event that you did.
    """
    wanted = query.wanted(caller.chosen_project(query.project))
    feed = event_feed(db.session(), caller.visibility, wanted, after=query.after, limit=query.limit)
    return EventFeed.model_validate(feed)


@tool("plan", repeatable=True)
def resolve_event(caller: Caller, event_id: AnEvent, body: Processing) -> EventResponse:
    """Say that an event was dealt with, and how, so that nobody else looks into it.

    This changes nothing but the event: a ticket on hold is resumed with resume_ticket, which
    resolves its events too. If someone was faster, the answer shows who, and your note isn't kept.
    """
    visible_event(db.session(), caller.visibility, event_id)
    pipeline.process_events(db.session(), caller.visibility, [event_id], caller.actor, body.note)
    return EventResponse.model_validate(Event.get(db.session(), event_id))


@tool("read", reads=True, for_workers=True)
def queue_status(caller: Caller, query: QueuesQuery) -> QueueList:
    """See at a glance how each worker type is doing: how many tickets wait, how long the oldest
    has waited, and how many workers are alive.

    Many `ready` and no `workers_live`: nobody is there to do it. Many `on_hold`: a person or a
    coordinator must answer.
    """
    project = caller.chosen_project(query.project)
    return QueueList.of(items=queues.queue_status(db.session(), caller.visibility, project))
