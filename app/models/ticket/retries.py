"""The pause after a failed attempt."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_

from app import clock
from app.actor import Actor
from app.db.columns import now_when_sent
from app.errors import Conflict
from app.models.ticket.row import TicketRow

FIRST = timedelta(seconds=30)
FACTOR = 4.0
LONGEST = timedelta(hours=2)
JITTER = 0.2
"""A share of the pause, up or down, so that what failed together doesn't come back together."""

BACKOFF_MAX = LONGEST * (1 + JITTER)


def backoff(failed_attempts: int) -> timedelta:
    """The pause before the next attempt: 30 s, 2 min, 8 min … up to two hours, each ± 20 %."""
    # Thirty failures are beyond the longest pause, and a float holds their power.
    pause = FIRST.total_seconds() * FACTOR ** min(failed_attempts - 1, 30)
    jitter = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
    return timedelta(seconds=min(pause, LONGEST.total_seconds()) * jitter)


class TicketRetries(TicketRow):
    """Waiting for the next attempt, or no longer."""

    __abstract__ = True

    @classmethod
    def in_backoff(cls, now: datetime | None = None) -> ColumnElement[bool]:
        """The condition for a ticket that waits out the pause after a failed attempt, at that time
        or when the statement is sent.

        A pause that would be longer than the longest was begun before the clock was set back.
        """
        # Never NULL, so that its negation holds for tickets without a pause.
        return and_(
            cls.backoff_until.is_not(None),
            cls.backoff_until > (now or now_when_sent()),
            cls.backoff_until <= (now + BACKOFF_MAX if now else now_when_sent(BACKOFF_MAX)),
        )

    @property
    def is_in_backoff(self) -> bool:
        """The same of this ticket, now."""
        now = clock.now()
        return self.backoff_until is not None and now < self.backoff_until <= now + BACKOFF_MAX

    def retry_now(self, actor: Actor) -> None:
        """Don't wait out the pause after a failed attempt: the next may start at once."""
        self.require_resting()
        self.free()
        self.record("ticket_resumed", actor, stage=self.current_stage, details={"cause": "retry"})

    def require_resting(self) -> None:
        """Raise `Conflict` unless the ticket waits out a pause and nothing else."""
        self.require_open()
        if self.claimed_by or self.open_blockers or not self.is_in_backoff:
            raise Conflict(f"{self.ticket_id} isn't waiting for its next attempt.")
