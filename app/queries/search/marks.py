"""Where in a text the words stand that were looked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from app.db.full_text import Phrase
from app.values import immutable

BEFORE, LENGTH = 60, 240
"""Characters of an excerpt: in front of the first word found, and in all."""

WORD = re.compile(r"[^\W_]+")

SIGNS = re.compile(r"^[ \t]*(?:#{1,6} |> |```.*$)|\*\*|`", re.MULTILINE)
BULLETS = re.compile(r"^[ \t]*[-*+] (?:\[[ xX]\] )?", re.MULTILINE)
"""Markdown that an excerpt does without: its lines stand in one."""


class Piece(NamedTuple):
    """A part of a text; `is_found`: it is one of the words."""

    text: str
    is_found: bool


@immutable
class Marker:
    """Finds phrases as the full-text index does: whole words, in any case, and whatever signs
    stand between them."""

    patterns: tuple[re.Pattern[str], ...]

    @classmethod
    def of(cls, phrases: Sequence[Phrase]) -> Marker:
        return cls(tuple(pattern for it in phrases if (pattern := _pattern(it))))

    def count(self, text: str) -> int:
        """How many of the phrases stand in the text."""
        return sum(pattern.search(text) is not None for pattern in self.patterns)

    def mark(self, text: str) -> list[Piece]:
        """The whole text in pieces."""
        pieces, end = [], 0
        for start, stop in self._places(text):
            pieces += [Piece(text[end:start], False), Piece(text[start:stop], True)]
            end = stop
        return [piece for piece in [*pieces, Piece(text[end:], False)] if piece.text]

    def excerpt(self, text: str) -> list[Piece]:
        """The surroundings of the first word that is found; nothing when there is none."""
        if not (places := self._places(text)):
            return []
        start = max(0, places[0][0] - BEFORE)
        if start and (space := text.find(" ", start, places[0][0])) >= 0:
            start = space + 1
        around = text[start : start + LENGTH]
        is_cut = start + LENGTH < len(text)
        words = " ".join(SIGNS.sub("", BULLETS.sub("· ", around)).split())
        return self.mark(f"{'… ' if start else ''}{words}{' …' if is_cut else ''}")

    def _places(self, text: str) -> list[tuple[int, int]]:
        """Where something is found, in order; where two overlap, the first."""
        found = sorted(match.span() for it in self.patterns for match in it.finditer(text))
        places: list[tuple[int, int]] = []
        for start, stop in found:
            if not places or start >= places[-1][1]:
                places.append((start, stop))
        return places


def _pattern(phrase: Phrase) -> re.Pattern[str] | None:
    words = [re.escape(word) for word in WORD.findall(phrase.text)]
    if not words:
        return None
    end = r"[^\W_]*" if phrase.is_beginning else r"(?![^\W_])"
    return re.compile(r"(?<![^\W_])" + r"[\W_]+".join(words) + end, re.IGNORECASE)
