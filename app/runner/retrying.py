"""Asking again while the board is away: less often each time, never all at once."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import TypeVar

from app.runner.client import Away
from app.runner.shutdown import ShutdownRequest

log = logging.getLogger(__name__)

T = TypeVar("T")

AWAY_PAUSES = (0.5, 15.0)
"""Seconds between two tries: the first pause, and the longest."""


class GaveUp(Exception):
    """The slot is asked to stop, and the board can't be reached until then."""


class Backoff:
    """Growing pauses with jitter; `reset` when something worked."""

    FACTOR = 2.0
    JITTER = 0.25
    """A share of the pause, up or down, so that what failed together doesn't come back together."""

    def __init__(self, first: float, most: float) -> None:
        self.first = first
        self.most = most
        self._next = first

    def pause(self) -> float:
        """Seconds to wait now; the next time it is longer."""
        now = min(self._next, self.most)
        self._next = min(now * self.FACTOR, self.most)
        return now * random.uniform(1 - self.JITTER, 1 + self.JITTER)  # noqa: S311 - no secret

    def reset(self) -> None:
        """Begin with short pauses again."""
        self._next = self.first


def retry_while_away(
    ask: Callable[[], T], shutdown: ShutdownRequest, who: str, faults: int | None = None
) -> T:
    """The board's answer, however long it is away; raises `GaveUp` when the slot must end first.

    `faults`: after so many answers that are the server's own error, raise that error instead.
    """
    backoff = Backoff(*AWAY_PAUSES)
    while True:
        try:
            return ask()
        except Away as error:
            if faults is not None and error.fault:
                faults -= 1
                if faults <= 0:
                    raise error.fault from None
            pause = min(backoff.pause(), shutdown.seconds_left)
            log.warning("%s: the board is away (%s)", who, error)
            if shutdown.is_asked and pause < AWAY_PAUSES[0] / 2:
                raise GaveUp(str(error)) from None
        shutdown.pause(pause)
