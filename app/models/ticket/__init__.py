"""Tickets: one class, of which each file holds an aspect.

`row` the columns and what each verb is made of · `creation` · `content` what it says, and how edits
are merged · `text` editing it, and what is said about it · `description` what it said before ·
`belonging` parents and assignees · `relations` related tickets · `planning` its plan ·
`dependencies` what it waits for · `retries` the pause after a failed attempt · `queue` its place
among what waits · `runs` the run in progress · `state` open, on hold, closed · `moving` into
another project.

What happens at a stage (complete, send back, fail …) is told by its run: see `stage_run.py`.
"""

from app.models.ticket.creation import TicketCreation
from app.models.ticket.dependencies import TicketDependency
from app.models.ticket.description import DescriptionVersion
from app.models.ticket.moving import TicketMoving
from app.models.ticket.queue import PLACES, Place, TicketQueue
from app.models.ticket.relations import RelatedTickets
from app.models.ticket.retries import TicketRetries
from app.models.ticket.row import (
    BLOCKED,
    CLOSED_AT_STAGE,
    IN_QUEUE,
    ON_HOLD,
    PLAN_KEY,
    PLAN_KEY_LENGTH,
    PRIORITIES,
    STATES,
    STOPPED,
    UNLABELLED,
    WITH_PARTS,
)
from app.models.ticket.state import Resolution, TicketState

__all__ = [
    "BLOCKED",
    "CLOSED_AT_STAGE",
    "IN_QUEUE",
    "ON_HOLD",
    "PLACES",
    "PLAN_KEY",
    "PLAN_KEY_LENGTH",
    "PRIORITIES",
    "STATES",
    "STOPPED",
    "UNLABELLED",
    "WITH_PARTS",
    "DescriptionVersion",
    "Place",
    "RelatedTickets",
    "Resolution",
    "Ticket",
    "TicketDependency",
]


class Ticket(TicketCreation, TicketRetries, TicketQueue, TicketState, TicketMoving):
    """A piece of work. Its position is `completed_stages`; the database derives `current_stage`."""
