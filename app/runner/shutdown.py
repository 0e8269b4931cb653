"""When to stop: by a signal to the runner, or by the board's word to one worker."""

from __future__ import annotations

import threading
import time

ENDING_SHARE = 1 / 3
ENDING_SECONDS = 6.0
"""Of the grace, the last third, but not more than this, is for ending an agent and saying so."""


class ShutdownRequest:
    """Whether a slot is to end, why, and until when it may finish what it holds.

    `wake` is set whenever the slot has something new to look at.
    """

    def __init__(self) -> None:
        self.wake = threading.Event()
        self.reason = ""
        self.is_urgent = False
        self._work_until = self._end = float("inf")

    def ask(self, reason: str, grace: float) -> None:
        """Ask the slot to end within the grace; asked again, the earlier end counts."""
        self.reason = self.reason or reason
        now = time.monotonic()
        work = grace - min(grace * ENDING_SHARE, ENDING_SECONDS)
        self._work_until = min(self._work_until, now + work)
        self._end = min(self._end, now + grace)
        self.wake.set()

    def hurry(self) -> None:
        """Don't wait for anything any more."""
        self.is_urgent = True
        self.ask("it was told twice to stop", grace=0)

    @property
    def is_asked(self) -> bool:
        """Whether the slot is to take no further stage."""
        return self._end != float("inf")

    @property
    def work_seconds_left(self) -> float:
        """How long an agent may go on."""
        return max(0.0, self._work_until - time.monotonic())

    @property
    def seconds_left(self) -> float:
        """How long until the slot must be done."""
        return max(0.0, self._end - time.monotonic())

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than until there is something new."""
        self.wake.wait(min(max(seconds, 0), threading.TIMEOUT_MAX))
        self.wake.clear()
