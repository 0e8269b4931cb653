"""What a ticket is: its columns, the database's checks, and the pieces its verbs are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Self, TypedDict, Unpack

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    false,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.actor import Actor
from app.db.base import Model
from app.db.columns import bigint, created, queue_rank, string_list, updated, utcnow
from app.db.indexes import partial_index
from app.errors import Conflict, Invalid
from app.models.event import LOGGED_ONLY, Details, Event
from app.models.project import Project
from app.models.worker_type import WorkerType

STATES = ("open", "on_hold", "closed")
PRIORITIES = ("urgent", "high", "medium", "low")
"""Names of the priorities 0 to 3."""

NOT_CLOSED = text("state <> 'closed'")
IN_QUEUE = text("state = 'open' AND claimed_by IS NULL AND open_blockers = 0")
"""What a ticket must be to stand in a queue."""
IN_CONDITION = ("state", "claimed_by", "open_blockers")
"""SQLite looks at what a condition says again: where it isn't in the index, in each row."""
BLOCKED = text("state <> 'closed' AND open_blockers > 0")
ON_HOLD = text("state = 'on_hold'")
UNLABELLED = text("NOT has_labels")
WITH_PARTS = text("has_children")
ASKING = text("asks_since IS NOT NULL")
STOPPED = text("resolution <> 'completed'")
CLOSED_AT_STAGE = text("state = 'closed' AND current_stage IS NOT NULL")
"""Partial indexes have these conditions: SQLite uses them only for exactly these words, and none
of the databases for words in which a parameter stands."""

TITLE_KEY = text("lower(title)")
STAGE_KEY = text("coalesce(current_stage, '')")
ID_LENGTH = text("length(ticket_id)")
"""What lists are sorted by. NULL would come first on one database and last on the other."""
LESS_URGENT = text("(priority <> 0)")
"""What waits for a person comes in this order, then by time."""

PLAN_KEY_LENGTH = 500
PLAN_KEY = text(f"substr(CAST(execution_plan AS TEXT), 1, {PLAN_KEY_LENGTH})")
"""A ticket's plan, as far as an index of PostgreSQL takes it."""


def _of_values(column: str, *others: str) -> Index:
    """Of a column that is mostly empty: that many rows are alike would mislead the planner."""
    return partial_index(f"ix_tickets_{column}", text(f"{column} IS NOT NULL"), column, *others)


class Facts(TypedDict, total=False):
    """What an event about a ticket tells, beside its kind and who did it."""

    stage: str | None
    reason: str | None
    worker_id: str | None
    run_id: int | None
    comment_id: int | None
    """What was said by the same verb."""
    details: Details | None
    needs_attention: bool


class TicketRow(Model):
    """The columns of a ticket, and the checks and small changes that its verbs are made of.

    Each aspect of a ticket is a class of its own on top of this one; `Ticket` is all of them.
    """

    __abstract__ = True
    __tablename__ = "tickets"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("resolution IN ('completed', 'stopped')", name="resolution"),
        CheckConstraint("priority BETWEEN 0 AND 3", name="priority"),
        CheckConstraint("open_blockers >= 0", name="open_blockers"),
        CheckConstraint(
            "completed_stages BETWEEN 0 AND json_array_length(execution_plan)", name="position"
        ),
        CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)"
            " AND (state = 'closed') = (resolution IS NOT NULL)",
            name="closed",
        ),
        CheckConstraint("claimed_by IS NULL OR state = 'open'", name="claimed"),
        partial_index(
            "ix_tickets_queue",
            IN_QUEUE,
            "project_id",
            "current_stage",
            "priority",
            "queue_rank",
            "created_at",
            "ticket_id",
            "ready_at",
            "backoff_until",
            *IN_CONDITION,
        ),
        # What has stood longest at a stage.
        partial_index(
            "ix_tickets_queue_age",
            IN_QUEUE,
            "project_id",
            "current_stage",
            "ready_at",
            "backoff_until",
            "priority",
            "ticket_id",
            *IN_CONDITION,
        ),
        Index(None, "project_id", "state", "updated_at"),
        Index(None, "project_id", "state", "closed_at"),
        Index(None, "state", "updated_at", "ticket_id"),
        Index(None, "state", "closed_at"),
        # All tickets in each order of the list, and those that aren't closed.
        Index(None, "updated_at", "ticket_id"),
        Index(None, "created_at", "ticket_id"),
        Index("ix_tickets_title", TITLE_KEY, "ticket_id"),
        Index("ix_tickets_stage", STAGE_KEY, "ticket_id"),
        Index(None, "priority", "ticket_id"),
        Index("ix_tickets_number", "project_id", ID_LENGTH, "ticket_id"),
        partial_index("ix_tickets_open_updated", NOT_CLOSED, "updated_at", "ticket_id"),
        partial_index("ix_tickets_open_created", NOT_CLOSED, "created_at", "ticket_id"),
        partial_index("ix_tickets_open_title", NOT_CLOSED, TITLE_KEY, "ticket_id"),
        partial_index("ix_tickets_open_stage", NOT_CLOSED, STAGE_KEY, "ticket_id", "current_stage"),
        partial_index("ix_tickets_open_priority", NOT_CLOSED, "priority", "ticket_id"),
        partial_index("ix_tickets_open_number", NOT_CLOSED, "project_id", ID_LENGTH, "ticket_id"),
        # What a list may be narrowed to.
        Index(
            "ix_tickets_stage_of_project", "project_id", STAGE_KEY, "state", "priority", "ticket_id"
        ),
        partial_index("ix_tickets_blocked", BLOCKED, "created_at", "ticket_id"),
        partial_index(
            "ix_tickets_blocked_of_project",
            BLOCKED,
            "project_id",
            "priority",
            "created_at",
            "ticket_id",
        ),
        # What stands still at each stage.
        partial_index(
            "ix_tickets_blocked_at_stage",
            BLOCKED,
            "project_id",
            "current_stage",
            "priority",
            "queue_rank",
            "created_at",
            "ticket_id",
            *IN_CONDITION,
        ),
        partial_index("ix_tickets_on_hold", ON_HOLD, "project_id", "current_stage", "state"),
        partial_index(
            "ix_tickets_asking", ASKING, LESS_URGENT, "asks_since", "ticket_id", "project_id"
        ),
        partial_index(
            "ix_tickets_resolution",
            text("resolution IS NOT NULL"),
            "resolution",
            "updated_at",
            "ticket_id",
        ),
        partial_index(
            "ix_tickets_unlabelled",
            UNLABELLED,
            "state",
            "project_id",
            "priority",
            "ticket_id",
            "has_labels",
        ),
        partial_index(
            "ix_tickets_with_parts",
            WITH_PARTS,
            "state",
            "project_id",
            "priority",
            "ticket_id",
            "has_children",
        ),
        # Of the closed tickets few are these; beside labels they are met in the order of the ids.
        partial_index("ix_tickets_stopped", STOPPED, "ticket_id", "resolution"),
        partial_index(
            "ix_tickets_closed_at_stage",
            CLOSED_AT_STAGE,
            STAGE_KEY,
            "ticket_id",
            "state",
            "current_stage",
        ),
        Index("ix_tickets_plan", PLAN_KEY, "state", "ticket_id"),
        _of_values("assignee_id"),
        # What was created and closed in a span of time.
        Index(None, "project_id", "created_at"),
        partial_index(
            "ix_tickets_ended", text("resolution IS NOT NULL"), "resolution", "closed_at"
        ),
        partial_index(
            "ix_tickets_ended_of_project",
            text("resolution IS NOT NULL"),
            "project_id",
            "resolution",
            "closed_at",
            "ticket_id",
        ),
        _of_values("parent_id"),
        _of_values("created_by"),
        _of_values("claimed_by", "project_id", "current_stage", "ticket_id"),
        _of_values("backoff_until", "project_id", "current_stage", *IN_CONDITION),
        Index("ix_tickets_any_case", text("lower(ticket_id)")),
    )
    # `current_stage` comes back with each INSERT and UPDATE instead of by a SELECT afterwards.
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012 - SQLAlchemy's own way

    ID_MAX = 64
    RESERVED_IDS = ("new", "bulk")
    """What would stand in a ticket's place in an address: the form, and the API's many at once."""
    TITLE_MAX = 200
    DESCRIPTION_MAX = 131_072
    REASON_MAX = 4_000
    MISSING = "There is no ticket {}."
    PLANNED = WorkerType.RESERVED_NAME

    ticket_id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(
        ForeignKey("projects.repository_name", ondelete="CASCADE")
    )
    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    execution_plan: Mapped[string_list]
    completed_stages: Mapped[int] = mapped_column(server_default="0")
    last_completed_stage: Mapped[str] = mapped_column(server_default="Planned")
    current_stage: Mapped[str | None] = mapped_column(
        Computed("execution_plan ->> completed_stages", persisted=True)
    )
    state: Mapped[str] = mapped_column(server_default="open")
    resolution: Mapped[str | None]
    priority: Mapped[int] = mapped_column(server_default="2")
    queue_rank: Mapped[queue_rank]
    """Where it stands in its queue among those of its priority."""
    open_blockers: Mapped[int] = mapped_column(server_default="0")
    failed_attempts: Mapped[int] = mapped_column(server_default="0")
    parent_id: Mapped[str | None] = mapped_column(
        ForeignKey("tickets.ticket_id", ondelete="SET NULL")
    )
    assignee_id: Mapped[bigint | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    """The person who looks after it."""
    claimed_by: Mapped[str | None] = mapped_column(
        ForeignKey("workers.worker_id", ondelete="SET NULL")
    )
    has_labels: Mapped[bool] = mapped_column(server_default=false())
    """Kept by the database's triggers; whoever makes a ticket with labels spares it a change."""
    has_children: Mapped[bool] = mapped_column(server_default=false())
    """Whether others are a part of it. Kept by the database's triggers (`db/part_facts.py`)."""
    asks_since: Mapped[datetime | None]
    """Since when it waits for a person's answer: on hold, unless a person put it there on purpose.
    Kept by the database's triggers (`db/hold_facts.py`)."""
    ready_at: Mapped[datetime] = mapped_column(server_default=utcnow())
    backoff_until: Mapped[datetime | None]
    created_by: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")
    external_ref: Mapped[str | None] = mapped_column(unique=True)
    submission_id: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[created]
    updated_at: Mapped[updated]
    closed_at: Mapped[datetime | None]

    @classmethod
    def lock_with_project(cls, session: Session, ticket_id: str, *others: str) -> Self:
        """The same as `lock`, its project held before it, as by whoever makes tickets: for verbs of
        which there may be only one at a time in a project. With other projects, in one order."""
        of_ticket = select(cls.project_id).where(cls.ticket_id == ticket_id).scalar_subquery()
        session.execute(
            select(Project.repository_name)
            .where(or_(Project.repository_name == of_ticket, Project.repository_name.in_(others)))
            .order_by(Project.repository_name)
            .with_for_update(key_share=True)
        )
        return cls.lock(session, ticket_id)

    @property
    def is_plan_done(self) -> bool:
        """Whether no stage is left to do."""
        return self.completed_stages >= len(self.execution_plan)

    @property
    def fixed_stages(self) -> int:
        """How many stages at the start of the plan are done or running, and can't change."""
        return self.completed_stages + (self.claimed_by is not None)

    def stage_name(self, number: int) -> str:
        """The worker type of a stage, numbered from 1."""
        return self.execution_plan[number - 1]

    def move_to(self, position: int) -> None:
        """Set how many stages are done: the one place where a ticket's position changes."""
        self.completed_stages = position
        self.last_completed_stage = self.stage_name(position) if position else self.PLANNED
        self.free()
        self.failed_attempts = 0

    def free(self, delay: timedelta = timedelta(0)) -> None:
        """Put the ticket into its stage's queue, claimable after `delay`."""
        now = clock.now()
        self.claimed_by = None
        self.ready_at = now + delay
        self.backoff_until = now + delay if delay else None
        self.updated_at = now

    def record(self, event_type: str, actor: Actor, **facts: Unpack[Facts]) -> None:
        """Add an event about this ticket."""
        self.record_all([self.event(event_type, actor, **facts)])

    def record_all(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Add events about this ticket, in their order."""
        self.updated_at = clock.now()
        Event.add_all(self.session, events)

    def event(self, event_type: str, actor: Actor, **facts: Unpack[Facts]) -> dict[str, Any]:
        """The columns of an event about this ticket, which isn't stored yet."""
        return {
            "event_type": event_type,
            "project_id": self.project_id,
            "ticket_id": self.ticket_id,
            "run_id": facts.get("run_id"),
            "comment_id": facts.get("comment_id"),
            "worker_id": facts.get("worker_id") or (actor.name if actor.kind == "worker" else None),
            "stage": facts.get("stage"),
            "reason": facts.get("reason"),
            "details": dict(facts.get("details") or {}),
            "actor": actor.label,
            "needs_attention": facts.get("needs_attention", False),
            "processed": event_type in LOGGED_ONLY,
            "created_at": clock.now(),
        }

    def require_other(self, other: Self | None, typed: str, field: str, link: str) -> Self:
        """The ticket that was found for what was typed, if it is another of this one's project.
        `link`: what the two shall be to each other. Raises `Invalid`."""
        if other is None or other.project_id != self.project_id:
            raise Invalid(f"{self.project_id} has no ticket {typed.strip()}.", field)
        if other.ticket_id == self.ticket_id:
            raise Invalid(f"A ticket can't {link} itself.", field)
        return other

    def require_open(self) -> None:
        """Raise `Conflict` unless work on the ticket may go on."""
        if self.state != "open":
            raise Conflict(f"{self.ticket_id} is {self.state.replace('_', ' ')}.")

    def require_not_closed(self) -> None:
        """Raise `Conflict` when the ticket is closed."""
        if self.state == "closed":
            raise Conflict(f"{self.ticket_id} is closed; reopen it first.")
