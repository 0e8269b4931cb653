"""Conditions on tickets: the word that says where one stands, and what lists are narrowed to.

Each condition stands here once, for every list, count, figure and page. They are worked out by the
database. Each is made once: what depends on the time reads it when a statement is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, exists, false, select, true
from sqlalchemy.orm import Session, aliased

from app.models import Event, Ticket, TicketLabel, WorkerType
from app.models.event import HOLDING
from app.queries.search.texts import TextMatches, match_texts
from app.visibility import Visibility

SITUATIONS = (
    "running",
    "ready",
    "backoff",
    "blocked",
    "waiting",
    "on_hold",
    "completed",
    "stopped",
)
"""`waiting`: for a person. `backoff`: between two attempts. The last two are closed."""

STATES = ("open", *SITUATIONS, "closed", "all")
"""What lists can be narrowed to: `open` is all that isn't closed, on hold or not."""

NOT_CLOSED = Ticket.state.in_(("open", "on_hold"))
RUNNING = Ticket.claimed_by.is_not(None)


@cache
def is_at_gate() -> ColumnElement[bool]:
    """Whether a person performs the ticket's current stage."""
    return exists().where(
        WorkerType.project_id == Ticket.project_id,
        WorkerType.worker_type == Ticket.current_stage,
        WorkerType.is_gate,
    )


@cache
def situation_is(name: str) -> ColumnElement[bool]:
    """The condition for one situation; no ticket is in an unknown one."""
    # `IN_QUEUE` says the same as `in_queue`, for queries that need the index of the queues.
    in_queue = and_(Ticket.state == "open", ~RUNNING, Ticket.open_blockers == 0)
    conditions: dict[str, ColumnElement[bool]] = {
        "running": RUNNING,
        "ready": and_(in_queue, ~is_at_gate(), ~Ticket.in_backoff()),
        "backoff": and_(in_queue, ~is_at_gate(), Ticket.in_backoff()),
        "blocked": and_(Ticket.state == "open", ~RUNNING, Ticket.open_blockers > 0),
        "waiting": and_(in_queue, is_at_gate()),
        "on_hold": Ticket.state == "on_hold",
        "completed": Ticket.resolution == "completed",
        "stopped": Ticket.resolution == "stopped",
    }
    return conditions.get(name, false())


@cache
def situation() -> ColumnElement[str]:
    """The word itself, as a column; each ticket is in exactly one situation."""
    # The order spares the look at worker types for all that is closed, running or blocked.
    return case(
        (Ticket.state == "closed", Ticket.resolution),
        (Ticket.state == "on_hold", "on_hold"),
        (RUNNING, "running"),
        (Ticket.open_blockers > 0, "blocked"),
        (is_at_gate(), "waiting"),
        (Ticket.in_backoff(), "backoff"),
        else_="ready",
    ).label("situation")


@cache
def state_is(name: str) -> ColumnElement[bool]:
    """The condition for one of `STATES`."""
    if name == "open":
        return NOT_CLOSED
    if name == "closed":
        return Ticket.state == "closed"
    return true() if name == "all" else situation_is(name)


def since(name: str, started_at: datetime | None, ready_at: datetime) -> datetime | None:
    """When a situation began; for `backoff`, when it ends; None where it tells nobody anything."""
    if name == "running":
        return started_at
    return ready_at if name in ("ready", "waiting", "backoff") else None


HoldEvent = aliased(Event)
"""What put a ticket on hold last, for an outer join on `is_hold_of_ticket`."""


def _of_hold(column: Any) -> ScalarSelect[Any]:
    return (
        select(column)
        .where(Event.ticket_id == Ticket.ticket_id, Event.event_type.in_(HOLDING))
        .order_by(Event.id.desc())
        .limit(1)
        .correlate(Ticket)
        .scalar_subquery()
    )


def _asks(held_by: ColumnElement[str]) -> ColumnElement[bool]:
    return and_(Ticket.state == "on_hold", held_by.is_distinct_from("ticket_held"))


is_hold_of_ticket = HoldEvent.id == _of_hold(Event.id)

asks = _asks(HoldEvent.event_type.expression)
"""Whether a ticket waits for a person's answer: on hold, unless a person put it there on purpose.
One whose events were pruned asks: nobody can tell that it doesn't."""

asks_by_itself = _asks(_of_hold(Event.event_type))
"""The same without the join, for those who only count."""


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """What a list of tickets is narrowed to; an empty text narrows nothing. A ticket has to have
    all the `labels`."""

    project: str = ""
    state: str = "open"
    stage: str = ""
    priority: str = ""
    labels: Sequence[str] = ()
    parent_id: str = ""
    text: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether it asks for more than a state."""
        asked = self.project, self.stage, self.priority, self.labels, self.parent_id, self.text
        return any(asked)

    def text_matches(self, session: Session, visibility: Visibility) -> TextMatches | None:
        """What the text finds, looked up once for all statements of a list; None without a text."""
        return match_texts(session, visibility, self.text, self.project) if self.text else None

    def conditions(self, matches: TextMatches | None = None) -> list[ColumnElement[bool]]:
        """All but the state, for which there is `state_is`."""
        found: list[ColumnElement[bool]] = []
        if self.project:
            found.append(Ticket.project_id == self.project)
        if self.stage:
            found.append(Ticket.current_stage == self.stage)
        if self.priority:
            found.append(Ticket.priority == int(self.priority))
        if self.parent_id:
            found.append(Ticket.parent_id == self.parent_id)
        for label in self.labels:
            labelled = select(TicketLabel.ticket_id).where(TicketLabel.label == label)
            found.append(Ticket.ticket_id.in_(labelled))
        if matches is not None:
            found.append(matches.condition())
        return found
