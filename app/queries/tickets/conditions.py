"""The one word that says where a ticket stands, worked out by the database.

The conditions stand here once: lists show the word, filters and counts use the same conditions.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case, exists, false

from app import clock
from app.models import Ticket, WorkerType

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


def is_gate() -> ColumnElement[bool]:
    """Whether a person performs the ticket's current stage."""
    return exists().where(
        WorkerType.project_id == Ticket.project_id,
        WorkerType.worker_type == Ticket.current_stage,
        WorkerType.performed_by == "person",
    )


def situation_is(name: str) -> ColumnElement[bool]:
    """The condition for one situation; no ticket is in an unknown one."""
    in_queue = and_(Ticket.state == "open", Ticket.claimed_by.is_(None), Ticket.open_blockers == 0)
    conditions: dict[str, ColumnElement[bool]] = {
        "running": Ticket.claimed_by.is_not(None),
        "ready": and_(in_queue, ~is_gate(), ~Ticket.in_backoff(clock.now())),
        "backoff": and_(in_queue, ~is_gate(), Ticket.in_backoff(clock.now())),
        "blocked": and_(
            Ticket.state == "open", Ticket.claimed_by.is_(None), Ticket.open_blockers > 0
        ),
        "waiting": and_(in_queue, is_gate()),
        "on_hold": Ticket.state == "on_hold",
        "completed": Ticket.resolution == "completed",
        "stopped": Ticket.resolution == "stopped",
    }
    return conditions.get(name, false())


def situation() -> ColumnElement[str]:
    """The word itself, as a column; each ticket is in exactly one situation."""
    # The order spares the look at worker types for all that is closed, running or blocked.
    return case(
        (Ticket.state == "closed", Ticket.resolution),
        (Ticket.state == "on_hold", "on_hold"),
        (Ticket.claimed_by.is_not(None), "running"),
        (Ticket.open_blockers > 0, "blocked"),
        (is_gate(), "waiting"),
        (Ticket.in_backoff(clock.now()), "backoff"),
        else_="ready",
    ).label("situation")
