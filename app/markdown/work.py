"""A budget of counted work: a time limit would cut the same text off here and not there."""

from __future__ import annotations


class WorkExceeded(Exception):
    """A text needs more work than it may."""


class Work:
    """How much was spent of a limit. One unit is about a microsecond."""

    __slots__ = ("limit", "spent")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.spent = 0

    @property
    def is_used_up(self) -> bool:
        """Whether nothing is left."""
        return self.spent >= self.limit

    def spend(self, units: int) -> None:
        """Count work that is about to be done. Raises `WorkExceeded` beyond the limit."""
        if self.spent + units > self.limit:
            self.spent = self.limit
            raise WorkExceeded
        self.spent += units

    def affords(self, units: int) -> bool:
        """Count work that can be left out, if there is enough left for it."""
        if self.spent + units > self.limit:
            return False
        self.spent += units
        return True

    def add(self, other: Work) -> None:
        """Count what was done under another limit."""
        self.spent += other.spent
