"""How long slots rest when their program can't work: no quota, or no log-in.

All slots of a runner that use the same program rest together, and one of them tells the person in
charge, once. They try again by themselves, after a pause that grows until something works.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from app.runner.retrying import Backoff
from app.runner.unavailable import Unavailable, programs_in

FIRST_SECONDS = 60.0
LONGEST_SECONDS = 1_800.0


class Rest:
    """Of all slots with one program."""

    def __init__(self, first: float) -> None:
        self._lock = threading.Lock()
        self._backoff = Backoff(first, max(first, LONGEST_SECONDS))
        self._began_at = self._until = self._worked_at = 0.0
        self._is_news = self._is_told = False
        self.reason = ""

    def begin(self, unavailable: Unavailable, began_at: float) -> None:
        """The program couldn't do the work that began then. What several slots find out together
        counts once; what began before the program last worked is no news."""
        with self._lock:
            self._is_news = self._is_news or began_at >= self._worked_at
            if not self.seconds_left:
                self.reason = unavailable.message
                self._began_at = time.monotonic()
                self._until = self._began_at + self._backoff.pause()

    def end(self, began_at: float) -> None:
        """The program did the work that began then. What began before the rest proves nothing."""
        with self._lock:
            if began_at < self._began_at:
                return
            self._until = 0.0
            self._worked_at = time.monotonic()
            self._is_news = self._is_told = False
            self._backoff.reset()

    def take_telling(self) -> bool:
        """Whether the caller is the one to tell a person of it: true once until the end."""
        with self._lock:
            if self._is_told or not self._is_news:
                return False
            self._is_told = True
            return True

    @property
    def seconds_left(self) -> float:
        """How long no stage is to be taken."""
        return max(0.0, self._until - time.monotonic())


class Rests:
    """One for each program: slots of different worker types may share a quota and a log-in."""

    def __init__(self, first: float = FIRST_SECONDS) -> None:
        self._first = first
        self._of: dict[tuple[str, ...], Rest] = {}

    def of(self, command: Sequence[str]) -> Rest:
        """The rest of all whose command names the same program, else of the same command."""
        programs = programs_in(command) or tuple(command)
        return self._of.setdefault(programs, Rest(self._first))
