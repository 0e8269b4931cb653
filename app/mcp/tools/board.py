"""The board as a whole: what waits, what happened, and who is there."""

from __future__ import annotations

from app import pipeline
from app.callers import Caller
from app.extensions import db
from app.loading import see_event
from app.mcp.registry import tool
from app.mcp.tools.ids import AnEvent
from app.models import Event
from app.queries.event_feed import event_feed
from app.queries.queue_depths import queues
from app.queries.ticket_records import Record, TicketFilter, open_blockers, ticket_lines
from app.schemas.events import EventFeed, EventsAsked, EventShown, Processing
from app.schemas.queues import QueueList, QueuesAsked
from app.schemas.tickets import TicketPage
from app.schemas.tools import BlockedPage, QueueAsked


@tool("read", reads=True)
def list_ready_tickets(caller: Caller, query: QueueAsked) -> TicketPage:
    """List tickets that wait for a worker: the next stage could be claimed now.

    They stay here as long as no worker of that type is free; queue_status says how many there are.
    To take one, a worker calls claim_stage: it gets the most urgent, and can't choose.
    """
    items, following = _lines(caller, query, "ready")
    return TicketPage.of(items=items, next=following)


@tool("read", reads=True)
def list_blocked_tickets(caller: Caller, query: QueueAsked) -> BlockedPage:
    """List tickets that can't go on before others are closed, and which ones these are.

    Look into `waits_for` first when work doesn't get on: a ticket named there may be on hold.
    """
    items, following = _lines(caller, query, "blocked")
    blockers = open_blockers(db.session(), [item["ticket_id"] for item in items])
    told = [{**item, "waits_for": blockers.get(item["ticket_id"], [])} for item in items]
    return BlockedPage.of(items=told, next=following)


@tool("read", reads=True)
def list_events(caller: Caller, query: EventsAsked) -> EventFeed:
    """Read what happened on the board, oldest first: stages done, tickets held, workers lost.

    To follow the board, call again and again with the last answer's `next_after` as `after`: you
    miss nothing. To begin with now, use `after` = "latest". What waits for someone to act is
    found with `needs_attention` true and `processed` false; say with resolve_event that you did.
    """
    wanted = query.wanted(caller.chosen_project(query.project))
    feed = event_feed(db.session(), caller.sight, wanted, after=query.after, limit=query.limit)
    return EventFeed.model_validate(feed)


@tool("plan", repeatable=True)
def resolve_event(caller: Caller, event_id: AnEvent, body: Processing) -> EventShown:
    """Say that an event was dealt with, and how, so that nobody else looks into it.

    This changes nothing but the event: a ticket on hold is resumed with resume_ticket, which
    resolves its events too. If someone was faster, the answer shows who, and your note isn't kept.
    """
    see_event(db.session(), caller.sight, event_id)
    pipeline.process_events(db.session(), caller.sight, [event_id], caller.actor, body.note)
    return EventShown.model_validate(Event.get(db.session(), event_id))


@tool("read", reads=True)
def queue_status(caller: Caller, query: QueuesAsked) -> QueueList:
    """See at a glance how each worker type is doing: how many tickets wait, how long the oldest
    has waited, and how many workers are alive.

    Many `ready` and no `workers_live`: nobody is there to do it. Many `on_hold`: someone must
    answer; list_events with `needs_attention` says what.
    """
    project = caller.chosen_project(query.project)
    return QueueList.of(items=queues(db.session(), caller.sight, project))


def _lines(caller: Caller, query: QueueAsked, state: str) -> tuple[list[Record], str | None]:
    project = caller.chosen_project(query.project)
    wanted = TicketFilter(project=project, state=state, stage=query.stage)
    return ticket_lines(
        db.session(), caller.sight, wanted, sort="created", cursor=query.cursor, limit=query.limit
    )
