"""What a query gets wrong, told at the word."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from app.errors import Invalid


class NotUnderstood(Invalid):
    """A query that means nothing. `start` and `end`: where in the text; `nearest`: what was
    perhaps meant instead of the `word` there."""

    def __init__(
        self, problem: str, word: str, start: int, end: int, nearest: str | None = None
    ) -> None:
        hint = f" Did you mean {nearest}?" if nearest else ""
        super().__init__(f"{problem}{hint}", "q")
        self.problem = problem
        self.word = word
        self.start = start
        self.end = end
        self.nearest = nearest


class ValueNotUnderstood(ValueError):
    """What is wrong with one value; whoever knows where it stands makes a `NotUnderstood` of it."""

    def __init__(self, problem: str, nearest: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.nearest = nearest


def nearest_of(word: str, words: Iterable[str]) -> str | None:
    """The word that is written most alike, if any is."""
    return next(iter(get_close_matches(word.lower()[:64], list(words), 1, 0.5)), None)
