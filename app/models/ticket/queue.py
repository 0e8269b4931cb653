"""A ticket's place in its queue: by priority, and among those of one priority by `queue_rank`.

Ranks are numbers with room between them, so that a ticket comes between two others by a new rank of
its own. Where two have no room left between them, those in front of the place are spread anew.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NamedTuple, cast, get_args

from sqlalchemy import ColumnElement, Select, bindparam, literal, select, tuple_, update

from app.actor import Actor
from app.db.columns import RANKS_PER_SECOND
from app.db.rows import rows_of
from app.errors import Conflict, Invalid
from app.models.event import Details
from app.models.project import Project
from app.models.ticket.row import IN_QUEUE, PRIORITIES, TicketRow

Place = Literal["top", "up", "down", "bottom", "before", "after"]
PLACES: tuple[Place, ...] = get_args(Place)
BESIDE = ("before", "after")
"""Places beside a ticket that has to be named."""

STEP = RANKS_PER_SECOND
"""From the end of a queue to a ticket that is put there."""


class Standing(NamedTuple):
    """What decides where a ticket stands among those of its priority; the least is taken first."""

    queue_rank: int
    created_at: datetime
    ticket_id: str


class TicketQueue(TicketRow):
    """Moving a ticket among those that wait for the same worker type, with the same priority."""

    __abstract__ = True

    def move_in_queue(self, place: Place, actor: Actor, other_id: str = "") -> None:
        """Let it, held with its project, be taken earlier or later; `other_id` is the ticket that
        "before" and "after" are beside. Raises `Conflict` where the queue isn't as the mover
        believes, `Invalid` for no ticket of the project."""
        self.require_in_queue()
        # One move in a project at a time: two at once could take the same room.
        Project.lock(self.session, self.project_id)
        self.session.refresh(self, ["queue_rank"])
        if place in BESIDE:
            other: Standing | None = self._named(other_id.strip())
        elif place in ("up", "down"):
            other = self._nearest(self._standing, upwards=place == "up")
        else:
            other = self._end(place)
        if other is None:
            return  # it stands there already
        rank = self._rank_beside(other, upwards=place in ("top", "up", "before"))
        if rank is not None:
            self.queue_rank = rank
            self.record(
                "ticket_edited", actor, stage=self.current_stage, details=_told(place, other)
            )

    @property
    def _standing(self) -> Standing:
        return Standing(self.queue_rank, self.created_at, self.ticket_id)

    def require_in_queue(self) -> None:
        """Raise `Conflict` unless the ticket waits to be taken."""
        self.require_open()
        if self.claimed_by:
            raise Conflict(f"{self.ticket_id} is running at {self.claimed_by}; it isn't queued.")
        if self.open_blockers:
            raise Conflict(f"{self.ticket_id} waits for tickets that block it; it isn't queued.")

    def _named(self, other_id: str) -> Standing:
        """The other ticket, if the two stand in one queue with the same priority."""
        tickets = type(self)
        if other_id in ("", self.ticket_id):
            raise Invalid("Name another ticket of the same queue.", "other_id")
        other = self.session.get(tickets, other_id, populate_existing=True)
        if other is None or other.project_id != self.project_id:
            raise Invalid(f"{self.project_id} has no ticket {other_id}.", "other_id")
        is_queued = other.state == "open" and not other.claimed_by and not other.open_blockers
        if not is_queued or other.current_stage != self.current_stage:
            raise Conflict(f"{other_id} isn't in the queue of {self.current_stage}.", "other_id")
        if other.priority != self.priority:
            raise Conflict(
                f"A queue goes by priority first: {other_id} is {PRIORITIES[other.priority]}, "
                f"{self.ticket_id} is {PRIORITIES[self.priority]}. Change its priority first.",
                "other_id",
            )
        return other._standing

    def _end(self, place: Place) -> Standing | None:
        """The first or the last of the queue; None if this ticket is."""
        upwards = place == "bottom"
        found = rows_of(self.session, self._others(upwards=upwards).limit(1)).first()
        if found is None:
            return None
        end = Standing(*found)
        is_beyond = end > self._standing if upwards else end < self._standing
        return end if is_beyond else None

    def _rank_beside(self, other: Standing, *, upwards: bool) -> int | None:
        """A rank between the other and the next one beyond; None if this ticket stands there."""
        beyond = self._nearest(other, upwards=upwards)
        low, high = (beyond, other) if upwards else (other, beyond)
        if (low is None or low < self._standing) and (high is None or self._standing < high):
            return None
        if low is None:
            return other.queue_rank - STEP
        if high is None:
            return other.queue_rank + STEP
        if high.queue_rank - low.queue_rank < 2:
            self._spread(low, below=high.queue_rank - STEP)
            return high.queue_rank - STEP
        return (low.queue_rank + high.queue_rank) // 2

    def _spread(self, last: Standing, below: int) -> None:
        """Give that ticket and all in front of it new ranks."""
        in_front = self._others(upwards=True).where(self._order() <= self._end_of(last))
        ids = [ticket_id for _, _, ticket_id in rows_of(self.session, in_front)]
        tickets = cast("Any", type(self)).__table__
        self.session.connection().execute(
            update(tickets)
            .where(tickets.c.ticket_id == bindparam("id"))
            # Nothing happened to these.
            .values(queue_rank=bindparam("rank"), updated_at=tickets.c.updated_at),
            [{"id": one, "rank": below - STEP * n} for n, one in enumerate(ids, 1)],
        )

    def _nearest(self, one: Standing, *, upwards: bool) -> Standing | None:
        """The next one that way, this ticket left out."""
        beyond = self._order() < self._end_of(one) if upwards else self._order() > self._end_of(one)
        found = rows_of(self.session, self._others(upwards=upwards).where(beyond).limit(1)).first()
        return Standing(*found) if found else None

    def _others(self, *, upwards: bool) -> Select[*tuple[Any, ...]]:
        """The others of the same queue and priority, from the first or from the last."""
        tickets = type(self)
        return (
            select(*self._keys())
            .where(
                tickets.project_id == self.project_id,
                tickets.current_stage == self.current_stage,
                tickets.priority == self.priority,
                tickets.ticket_id != self.ticket_id,
                IN_QUEUE,
            )
            .order_by(*(key.desc() if upwards else key.asc() for key in self._keys()))
        )

    def _keys(self) -> tuple[Any, Any, Any]:
        tickets = type(self)
        return tickets.queue_rank, tickets.created_at, tickets.ticket_id

    def _order(self) -> ColumnElement[Any]:
        return tuple_(*self._keys())

    def _end_of(self, one: Standing) -> ColumnElement[Any]:
        pairs = zip(one, self._keys(), strict=True)
        return tuple_(*(literal(value, column.type) for value, column in pairs))


def _told(place: Place, other: Standing) -> Details:
    if place in BESIDE:
        return {"cause": f"moved_{place}", "other": other.ticket_id}
    return {"cause": f"moved_{place}"}
