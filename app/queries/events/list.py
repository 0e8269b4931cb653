"""Events as people read them: the inbox, and what happened lately."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.errors import NotFound
from app.models import Event, Ticket, Worker
from app.models.event import ASKING
from app.queries.events.filter import EventFilter, all_events, lead_of, older
from app.queries.paging import PAGE_SIZE, number_of
from app.values import immutable
from app.visibility import STATEMENTS_KEPT, Visibility


@immutable
class EventRow:
    """One event, with the title of its ticket; `knows_worker`: its worker has a page to be seen."""

    id: int
    event_type: str
    project_id: str | None
    ticket_id: str | None
    run_id: int | None
    comment_id: int | None
    worker_id: str | None
    stage: str | None
    reason: str | None
    details: dict[str, Any]
    actor: str | None
    needs_attention: bool
    created_at: datetime
    processed: bool
    processed_by: str | None
    processed_at: datetime | None
    resolution_summary: str | None
    title: str | None
    ticket_state: str | None
    knows_worker: bool

    @property
    def waits_for_answer(self) -> bool:
        """Whether the ticket still asks: it can't be marked as dealt with, only answered."""
        asks = self.event_type == ASKING and not self.processed
        return asks and self.ticket_state == "on_hold"

    @property
    def standing(self) -> str:
        """`waits` for a person, `open`, `dealt` with by someone, or only `logged`."""
        if not self.processed:
            return "waits" if self.needs_attention else "open"
        return "dealt" if self.processed_by else "logged"


@immutable
class EventPage:
    """Some events, newest first, and whether older ones follow. `lead`: what found them."""

    rows: list[EventRow]
    has_older: bool
    lead: str

    @property
    def version(self) -> str:
        """Changes when another visible event comes, or one of these is processed."""
        shown = ",".join(f"{row.id}{'+' if row.processed else '-'}" for row in self.rows)
        return hashlib.sha256(shown.encode()).hexdigest()[:16]


def event_page(
    session: Session,
    visibility: Visibility,
    wanted: EventFilter,
    *,
    before: int | None = None,
    size: int = PAGE_SIZE,
) -> EventPage:
    """The newest wanted events, or the newest of those older than `before`."""
    lead = lead_of(session, visibility, wanted)
    statement = _page(visibility, wanted, lead, before is not None)
    rows = rows_of(session, statement, before=before, number=size + 1)
    found = [EventRow(*row) for row in rows]
    return EventPage(found[:size], len(found) > size, lead)


@lru_cache(STATEMENTS_KEPT)
def _page(
    visibility: Visibility, wanted: EventFilter, lead: str, has_before: bool
) -> Select[*tuple[Any, ...]]:
    conditions = wanted.conditions(visibility, lead, older if has_before else all_events)
    rows = _rows(visibility).where(*conditions)
    return rows.order_by(Event.id.desc()).limit(bindparam("number"))


def event_row(session: Session, visibility: Visibility, event_id: int) -> EventRow:
    """One event; raises `NotFound`."""
    one = _rows(visibility).where(Event.id == event_id, visibility.of(Event.project_id))
    row = session.execute(one).first()
    if row is None:
        raise NotFound(f"There is no event {event_id}.")
    return EventRow(*row)


def count_events(session: Session, visibility: Visibility, wanted: EventFilter, lead: str) -> int:
    """How many events are wanted, counted up to the cap; `lead`: what found the newest."""
    return int(rows_of(session, _count(visibility, wanted, lead)).scalar_one())


@lru_cache(STATEMENTS_KEPT)
def _count(visibility: Visibility, wanted: EventFilter, lead: str) -> Select[int]:
    conditions = wanted.conditions(visibility, lead, all_events)
    # In order, or PostgreSQL would gather all that the index finds before it counts the first.
    return select(number_of(select(Event.id).where(*conditions).order_by(Event.id.desc())))


def _rows(visibility: Visibility) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Event.id,
            Event.event_type,
            Event.project_id,
            Event.ticket_id,
            Event.run_id,
            Event.comment_id,
            Event.worker_id,
            Event.stage,
            Event.reason,
            Event.details,
            Event.actor,
            Event.needs_attention,
            Event.created_at,
            Event.processed,
            Event.processed_by,
            Event.processed_at,
            Event.resolution_summary,
            Ticket.title,
            Ticket.state,
            Worker.worker_id.is_not(None),
        )
        .outerjoin(Ticket, Ticket.ticket_id == Event.ticket_id)
        .outerjoin(
            Worker, and_(Worker.worker_id == Event.worker_id, visibility.of(Worker.project_id))
        )
    )
