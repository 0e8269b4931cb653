"""The tasks of a text: items of a list that begin with a box, ticked or not."""

from __future__ import annotations

import re

from app.markdown import WORK_PER_TEXT
from app.markdown.parser import parser
from app.markdown.work import Work, WorkExceeded

BOX = re.compile(r"\[[ xX]\]")


def with_task(text: str, number: int, *, is_done: bool) -> str | None:
    """The text with its task of that number, from 1, ticked or open; None if it has none such."""
    places = _lines_of_tasks(text)
    if not 1 <= number <= len(places):
        return None
    lines = text.split("\n")
    at = places[number - 1]
    # A list within a list can have its first task on the same line.
    boxes = list(BOX.finditer(lines[at]))[places[: number - 1].count(at) :]
    if not boxes:
        return None
    start, stop = boxes[0].span()
    lines[at] = f"{lines[at][:start]}[{'x' if is_done else ' '}]{lines[at][stop:]}"
    return "\n".join(lines)


def _lines_of_tasks(text: str) -> list[int]:
    """In the order in which they are shown."""
    try:
        tokens = parser.parse(text, {"work": Work(WORK_PER_TEXT)})
    except WorkExceeded:
        return []
    return [
        token.map[0]
        for token in tokens
        if token.type == "list_item_open" and token.map and "checked" in token.meta
    ]
