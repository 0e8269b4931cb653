"""What somebody typed into a search box."""

from __future__ import annotations

import re

from app.db.full_text import Phrase

TERM = re.compile(r'"(?P<quoted>[^"]*)"?(?P<star>\*?)|(?P<bare>[^\s"]+)')
WORD = re.compile(r"[^\W_]")

SHORTEST_BEGINNING = 3
"""Fewer letters begin too many words to look for while somebody types."""


def phrases_of(typed: str) -> list[Phrase]:
    """The words, in any order; quotes keep some together, and `*` stands for a word's end.

    What joins words (dots, dashes, slashes, underscores) keeps them together too, so that
    `app/db/engine.py` is looked for as it stands. Signs alone are left out.
    """
    found = []
    for term in TERM.finditer(typed.replace("\0", " ")):
        words = term["quoted"] if term["bare"] is None else term["bare"]
        if WORD.search(words):
            is_beginning = bool(term["star"]) or (term["quoted"] is None and words.endswith("*"))
            found.append(Phrase(words, is_beginning))
    return found


def phrases_typed_so_far(typed: str) -> list[Phrase]:
    """The same while somebody types: the last word may go on."""
    phrases = phrases_of(typed)
    if phrases and len(phrases[-1].text) >= SHORTEST_BEGINNING and WORD.fullmatch(typed[-1]):
        phrases[-1] = Phrase(phrases[-1].text, is_beginning=True)
    return phrases
