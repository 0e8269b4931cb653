"""What changed from one text to another: whole lines, and the words in lines that were edited."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import takewhile
from operator import eq

from markupsafe import Markup, escape

from app.values import immutable

CONTEXT_LINES = 3
"""Unchanged lines shown around a change."""

COMPARED_LINES = 1_000
"""Longer stretches than this are shown as replaced whole: finding their common lines takes the
square of their length."""

COMPARED_WORDS = 400
"""The same for the words of one line."""

WORK_MAX = 500_000
"""Pairs of words that may be looked at, all lines together; those that follow are shown whole."""

SIMILAR = 0.5
"""From this likeness on, a removed line and the one that came for it are shown word by word."""

WORD = re.compile(r"\w+|\s+|[^\w\s]")

Line = tuple[str, int | None, int | None, str]
"""Kind (`same`, `added`, `removed` or `gap`), number in the old text, number in the new, text."""

Block = tuple[str, int, int, int, int]
"""Kind (`equal` or other), then from and to in the old text, and from and to in the new one."""


@immutable
class Change:
    """The changed lines, each with a few unchanged ones around; `added` and `removed` count."""

    lines: list[Line]
    added: int
    removed: int


def change(old: str, new: str) -> Change:
    """Compare two texts."""
    before, after = _lines(old), _lines(new)
    lines: list[Line] = []
    work_left = WORK_MAX
    for kind, old_from, old_to, new_from, new_to in _blocks(before, after):
        if kind == "equal":
            lines += [
                ("same", old_from + n + 1, new_from + n + 1, text)
                for n, text in enumerate(before[old_from:old_to])
            ]
        else:
            gone, came = before[old_from:old_to], after[new_from:new_to]
            work_left = _mark_words(gone, came, work_left)
            lines += [("removed", old_from + n, None, text) for n, text in enumerate(gone, 1)]
            lines += [("added", None, new_from + n, text) for n, text in enumerate(came, 1)]
    kinds = [line[0] for line in lines]
    return Change(_with_gaps(lines), kinds.count("added"), kinds.count("removed"))


def _lines(text: str) -> list[str]:
    return text.split("\n") if text else []


def _blocks(before: list[str], after: list[str]) -> Iterator[Block]:
    """The same lines at both ends cost nothing; only what lies between is searched."""
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    old_end, new_end = len(before) - tail, len(after) - tail
    yield ("equal", 0, head, 0, head)
    if max(old_end, new_end) - head > COMPARED_LINES:
        yield ("replace", head, old_end, head, new_end)
    else:
        between = SequenceMatcher(None, before[head:old_end], after[head:new_end])
        for kind, *bounds in between.get_opcodes():
            old_from, old_to, new_from, new_to = (head + bound for bound in bounds)
            yield (kind, old_from, old_to, new_from, new_to)
    yield ("equal", old_end, len(before), new_end, len(after))


def _common(one: list[str], other: list[str]) -> int:
    """How many lines are the same at the start."""
    return sum(1 for _ in takewhile(bool, map(eq, one, other)))


def _mark_words(gone: list[str], came: list[str], work_left: int) -> int:
    """In lines that stand for each other, mark the words that make the difference; what is then
    left of the work."""
    for place, (old, new) in enumerate(zip(gone, came, strict=False)):
        before, after = WORD.findall(old), WORD.findall(new)
        if 0 < max(len(before), len(after)) <= COMPARED_WORDS:
            work_left -= len(before) * len(after)
            if work_left < 0:
                break
            gone[place], came[place] = _marked(before, after) or (old, new)
    return work_left


def _marked(before: list[str], after: list[str]) -> tuple[str, str] | None:
    words = SequenceMatcher(None, before, after)
    if words.ratio() < SIMILAR:
        return None
    gone, came = Markup(), Markup()
    for kind, old_from, old_to, new_from, new_to in words.get_opcodes():
        is_same = kind == "equal"
        gone += _part("".join(before[old_from:old_to]), None if is_same else "del")
        came += _part("".join(after[new_from:new_to]), None if is_same else "ins")
    return gone, came


def _part(text: str, tag: str | None) -> Markup:
    if not text or tag is None:
        return escape(text)
    return Markup("<{0}>{1}</{0}>").format(tag, text)


def _with_gaps(lines: list[Line]) -> list[Line]:
    """Leave out what didn't change, but for a few lines around each change."""
    changed = [n for n, line in enumerate(lines) if line[0] != "same"]
    shown = {near for n in changed for near in range(n - CONTEXT_LINES, n + CONTEXT_LINES + 1)}
    result: list[Line] = []
    hidden = 0
    for n, line in enumerate(lines):
        if n in shown:
            result += _gap(hidden)
            hidden = 0
            result.append(line)
        else:
            hidden += 1
    return result + _gap(hidden)


def _gap(hidden: int) -> list[Line]:
    if not hidden:
        return []
    return [("gap", None, None, f"{hidden:,} unchanged line{'' if hidden == 1 else 's'}")]
