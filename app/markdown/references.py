"""What a text refers to: tickets by their ids, and people by `@name`.

Formatted texts mark whatever looks like either, outside of code and links. Which of them there are,
and may be seen, depends on who looks: that is filled in where the text is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from markupsafe import Markup, escape

from app.markdown.work import Work, WorkExceeded

IDS_MAX, NAMES_MAX = 200, 20
"""So many of the first are looked up: ids on a page, names in a text."""
LENGTH_MAX = 64
"""Of one id or name."""

REFERENCE = re.compile(
    # An id has a dash, or every word would be one.
    r"(?<![\w@./+-])(?:(?P<ticket>(?=[A-Za-z0-9._]*-)[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*)"
    r"(?![\w@/-]|\.\w)"
    r"|@(?P<person>[A-Za-z0-9](?:[A-Za-z0-9._@+-]*[A-Za-z0-9])?)(?![\w/]|\.\w))"
)
MARKED = re.compile(r'<span class="ref-(ticket|person)">([^<]*)</span>')
CLASSES = ("ref-ticket", "ref-person")

Draw = Callable[[str, str], Markup | None]
"""How a reference is shown, by its kind and what was written; None: it is nothing but words."""


def found_in(text: str) -> Iterator[tuple[str, str, int, int]]:
    """The kind of each reference, what is written, and where."""
    if "-" not in text and "@" not in text:
        return
    for found in REFERENCE.finditer(text):
        kind = found.lastgroup or ""
        if len(found[kind]) <= LENGTH_MAX:
            yield kind, found[kind], *found.span()


def ids_in(texts: Iterable[str | None]) -> list[str]:
    """What may be ids of tickets; some may stand in code."""
    return _first("ticket", texts, IDS_MAX)


def names_in(*texts: str | None) -> list[str]:
    """What may be names of people, in small letters; some may stand in code."""
    return _first("person", (text for text in texts if text and "@" in text), NAMES_MAX)


def people_mentioned(text: str) -> set[str]:
    """The names, in small letters, that the text shows as mentions: none in code or links."""
    # Only a text that names somebody pays for the parser.
    from app.markdown import LONGEST_RENDERED, WORK_PER_TEXT
    from app.markdown.parser import parser

    if not names_in(text) or len(text) > LONGEST_RENDERED:
        return set()
    try:
        tokens = parser.parse(text, {"work": Work(WORK_PER_TEXT)})
    except WorkExceeded:
        return set()
    marked = (
        token.meta["person"].lower()
        for block in tokens
        for token in block.children or ()
        if "person" in token.meta
    )
    return set(list(dict.fromkeys(marked))[:NAMES_MAX])


def filled_in(html: Markup, draw: Draw) -> Markup:
    """A formatted text with its references as they are to be shown."""

    def shown(found: re.Match[str]) -> str:
        kind, written = found.groups()
        plain = f"@{written}" if kind == "person" else written
        return str(draw(kind, written) or plain)

    return Markup(MARKED.sub(shown, html))  # noqa: S704 - was HTML, and holds no more than before


def linked(text: str, draw: Draw) -> Markup:
    """A plain text with its references as they are to be shown."""
    parts: list[Markup] = []
    done = 0
    for kind, written, start, end in found_in(text):
        if drawn := draw(kind, written):
            parts += [escape(text[done:start]), drawn]
            done = end
    return Markup().join([*parts, escape(text[done:])])


def _first(kind: str, texts: Iterable[str | None], most: int) -> list[str]:
    seen: dict[str, None] = {}
    for text in texts:
        for found, written, _, _ in found_in(text or ""):
            if found == kind:
                seen[written.lower() if kind == "person" else written] = None
                if len(seen) >= most:
                    return list(seen)
    return list(seen)
