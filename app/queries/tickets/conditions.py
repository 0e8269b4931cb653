"""Conditions on tickets: the word that says where one stands, and what lists are narrowed to.

Each condition stands here once, for every list, count, figure and page. They are worked out by the
database. Each is made once: what depends on the time reads it when a statement is sent.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import aliased

from app.db.plans import checked, expected, one_of, unindexed
from app.models import Event, Ticket, WorkerType
from app.models.event import HOLDS

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

NOT_CLOSED = Ticket.state != literal_column("'closed'")
HAS_BLOCKERS = Ticket.open_blockers > literal_column("0")
STAGE = func.coalesce(Ticket.current_stage, literal_column("''"))
"""In these words they stand in indexes of tickets: SQLite knows them by nothing else."""

RUNNING = Ticket.claimed_by.is_not(None)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


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
    """The condition for one situation; no ticket is in an unknown one. Each finds its tickets by
    an index made for it."""
    gates = select(WorkerType.project_id, WorkerType.worker_type).where(WorkerType.is_gate)
    is_open = and_(unindexed(Ticket.state) == "open", ~RUNNING)
    in_queue = and_(is_open, Ticket.open_blockers == 0)
    conditions: dict[str, ColumnElement[bool]] = {
        # As a range, PostgreSQL without statistics knows from its index how few these are.
        "running": Ticket.claimed_by >= literal_column("''"),
        "ready": and_(Ticket.state == "open", in_queue, ~is_at_gate(), ~Ticket.in_backoff()),
        # In other words than the index of queues, whose tickets are many more.
        "backoff": and_(is_open, Ticket.open_blockers < 1, ~is_at_gate(), Ticket.in_backoff()),
        "blocked": and_(NOT_CLOSED, HAS_BLOCKERS, ~RUNNING, unindexed(Ticket.state) == "open"),
        "waiting": in_queue_at(gates),
        "on_hold": Ticket.state == "on_hold",
        "completed": Ticket.resolution == "completed",
        "stopped": Ticket.resolution == "stopped",
    }
    return conditions.get(name, false())


def in_queue_at(places: Select[str | None, str | None]) -> ColumnElement[bool]:
    """Whether a ticket stands in the queue of one of these projects and stages."""
    projects, stages = (select(column).scalar_subquery() for column in places.subquery().c)
    # The time, which every ticket meets, makes SQLite look into one queue after the other.
    # PostgreSQL without statistics would read all that is queued, unless both names lead to it.
    return and_(
        checked(tuple_(Ticket.project_id, Ticket.current_stage).in_(places)),
        one_of(unindexed(Ticket.project_id), projects),
        one_of(unindexed(Ticket.current_stage), stages),
        Ticket.ready_at >= LONG_AGO,
        expected(Ticket.state == literal_column("'open'")),
        ~RUNNING,
        Ticket.open_blockers == literal_column("0"),
    )


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
    """The condition for one of `STATES`, by which its tickets are found."""
    if name == "open":
        return Ticket.state.in_(("open", "on_hold"))
    if name == "closed":
        return Ticket.state == "closed"
    return true() if name == "all" else situation_is(name)


@cache
def looks_like(name: str) -> ColumnElement[bool]:
    """The same for tickets that are found by something else, or met in the order of a list."""
    if name == "open":
        return NOT_CLOSED
    if name == "closed":
        return checked(unindexed(Ticket.state) == "closed")
    if name in ("completed", "stopped"):
        return checked(unindexed(Ticket.resolution) == name)
    if name == "ready":
        # Of a word PostgreSQL believes that few tickets have it; and of what is queued, for which
        # it has an index, that they are fewer than those that something else finds.
        is_open = unindexed(Ticket.state) == "open"
        in_queue = is_open, ~RUNNING, Ticket.open_blockers == 0
        return and_(NOT_CLOSED, checked(and_(*in_queue, ~Ticket.in_backoff(), ~is_at_gate())))
    return true() if name == "all" else and_(NOT_CLOSED, situation() == name)


def since(name: str, started_at: datetime | None, ready_at: datetime) -> datetime | None:
    """When a situation began; for `backoff`, when it ends; None where it tells nobody anything."""
    if name == "running":
        return started_at
    return ready_at if name in ("ready", "waiting", "backoff") else None


def of_hold(column: Any) -> ScalarSelect[Any]:
    """A column of what put the ticket beside it on hold last."""
    return (
        select(column)
        .where(Event.ticket_id == Ticket.ticket_id, HOLDS)
        .order_by(Event.id.desc())
        .limit(1)
        .correlate(Ticket)
        .scalar_subquery()
    )


HoldEvent = aliased(Event)
"""What put a ticket on hold last, for an outer join on `is_hold_of_ticket`."""

is_hold_of_ticket = HoldEvent.id == of_hold(Event.id)

IS_ASKING = Ticket.asks_since.is_not(None)
"""Whether a ticket waits for a person's answer."""
