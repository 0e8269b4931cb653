"""Events: facts worth telling a coordinator. They are added, and processed, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import CheckConstraint, Index, bindparam, false, insert, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.actor import Actor
from app.db.base import Model
from app.db.columns import bigint, created, intpk, json_object
from app.db.indexes import partial_index
from app.text import require_text

EventType = Literal[
    "ticket_created",
    "ticket_stage_started",
    "ticket_stage_completed",
    "ticket_stage_returned",
    "ticket_stage_failed",
    "ticket_stage_released",
    "ticket_attention_requested",
    "ticket_held",
    "ticket_resumed",
    "ticket_closed",
    "ticket_reopened",
    "ticket_plan_changed",
    "ticket_edited",
    "ticket_dependency_changed",
    "ticket_report_refused",
    "worker_started",
    "worker_stopped",
]

EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)

LOGGED_ONLY = {
    "ticket_stage_started",
    "ticket_stage_released",
    "ticket_edited",
    "ticket_dependency_changed",
    "ticket_report_refused",
}
"""Facts that only the timeline tells: nobody has to act, so they are processed from the start."""


ASKING: EventType = "ticket_attention_requested"
HOLDING: tuple[EventType, ...] = (ASKING, "ticket_held")
"""What puts a ticket on hold; the newest of a ticket says why it is."""
HOLDS = text(f"event_type IN {HOLDING}")

INBOX = text("needs_attention AND processed = false")
"""What waits in everyone's inbox. In other words than below, or SQLite would look for it among all
that isn't processed."""
UNPROCESSED = text("NOT processed")
ANSWERED = text("needs_attention AND processed")
"""Partial indexes have these conditions: SQLite uses them only for exactly these words."""


Details = Mapping[str, Any]
"""Facts of an event, by their names. JSON, and never longer than a plan or a ticket's title."""


class Event(Model):
    """Something that happened. `ticket_id` and `worker_id` are kept when those rows are gone."""

    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint(f"event_type IN {EVENT_TYPES}", name="event_type"),
        Index(None, "ticket_id", "id"),
        Index(None, "worker_id", "id"),
        Index(None, "project_id", "id"),
        Index(None, "event_type", "id"),
        partial_index(
            "ix_events_inbox",
            INBOX,
            "id",
            "event_type",
            "project_id",
            "needs_attention",
            "processed",
        ),
        partial_index("ix_events_unprocessed", UNPROCESSED, "id"),
        partial_index("ix_events_holds", HOLDS, "ticket_id", "id", "event_type", "created_at"),
        partial_index("ix_events_answered", ANSWERED, "processed_at"),
        {"sqlite_autoincrement": True},
    )

    MISSING = "There is no event {}."
    SUMMARY_MAX = 4_000

    id: Mapped[intpk]
    event_type: Mapped[str]
    project_id: Mapped[str | None]
    ticket_id: Mapped[str | None]
    run_id: Mapped[bigint | None]
    comment_id: Mapped[bigint | None]
    """The comment that was made by the same verb. Like the run's, its number stays."""
    worker_id: Mapped[str | None]
    stage: Mapped[str | None]
    reason: Mapped[str | None]
    """What somebody wrote; what the board itself knows is in `details`."""
    details: Mapped[json_object]
    """Facts, by their names; `app/events/` says them."""
    actor: Mapped[str | None]
    needs_attention: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[created]
    processed: Mapped[bool] = mapped_column(server_default=false())
    processed_by: Mapped[str | None]
    processed_at: Mapped[datetime | None]
    resolution_summary: Mapped[str | None]

    @classmethod
    def add_all(cls, session: Session, events: Sequence[Mapping[str, Any]]) -> None:
        """Store events by their columns, in their order. The session need not know them: it would
        ask for the number of each."""
        if events:
            session.connection().execute(_ADD, events)

    @classmethod
    def answer_all(cls, session: Session, ticket_id: str, actor: Actor, note: str) -> None:
        """Process a ticket's open calls for attention: what happened now answers them."""
        session.execute(
            _ANSWER,
            {
                "of_ticket": ticket_id,
                "resolution_summary": require_text(note[: cls.SUMMARY_MAX], "note", cls.SUMMARY_MAX)
                or None,
                "processed_by": actor.label,
                "processed_at": clock.now(),
            },
        )

    @property
    def is_question(self) -> bool:
        """Whether a ticket asks a person by it; only what happens to the ticket answers it."""
        return self.event_type == ASKING

    def process(self, actor: Actor, note: str = "") -> None:
        """Mark the event as dealt with, and say how. The first to do so stays on record."""
        if self.processed:
            return
        self.resolution_summary = require_text(note, "note", self.SUMMARY_MAX) or None
        self.processed = True
        self.processed_by = actor.label
        self.processed_at = clock.now()


_ADD = insert(Event)
_ANSWER = (
    update(Event)
    .where(Event.ticket_id == bindparam("of_ticket"), Event.needs_attention, ~Event.processed)
    .values(processed=True)
    .execution_options(synchronize_session="fetch", autoflush=False)
)
