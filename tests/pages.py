"""Reading pages as tests do."""

from __future__ import annotations

import re


def between(page: str, start: str, end: str) -> str:
    """The text after the first `start`, up to the next `end`."""
    _, found, rest = page.partition(start)
    assert found, f"the page has no {start}"
    part, found, _ = rest.partition(end)
    assert found, f"the page has no {end} after {start}"
    return part


def error_at(page: str, field: str) -> str:
    """What a form that came back says at one of its fields."""
    return between(page, f'id="{field}-error">', "</span>")


def words(html: str) -> str:
    """The text of some HTML, white space folded."""
    text = "".join(part.partition(">")[2] for part in ("<" + html).split("<"))
    return " ".join(text.replace("&#39;", "'").replace("&#34;", '"').split())


def without_tokens(page: str) -> str:
    """The page without the tokens of its forms, which are new each second."""
    return re.sub(r'(?<=name="csrf_token" value=")[^"]+', "", page)
