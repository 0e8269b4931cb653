"""Reading pages as tests do."""

from __future__ import annotations

import re
from typing import Any

from bs4 import BeautifulSoup
from bs4.filter import SoupStrainer


def parsed(html: str, only: str = "") -> BeautifulSoup:
    """A page or a part of one, as elements; `only`: those of that name with what is in them, which
    takes half the time. Of an attribute that comes twice the first counts, as in a browser."""
    options: dict[str, Any] = {"multi_valued_attributes": None, "on_duplicate_attribute": "ignore"}
    if only:
        options["parse_only"] = SoupStrainer(only)
    return BeautifulSoup(html, "html.parser", **options)


def elements(html: str) -> list[tuple[str, dict[str, Any]]]:
    """The name of each element, with its attributes."""
    return [(each.name, dict(each.attrs)) for each in parsed(html).find_all(True)]


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
    """The text of some HTML, which may begin within a tag; white space folded."""
    whole = html if html.lstrip().startswith("<") else html.partition(">")[2]
    return " ".join(parsed(whole).get_text().split())


def without_tokens(page: str) -> str:
    """The page without the tokens of its forms, which are new each second."""
    return re.sub(r'(?<=name="csrf_token" value=")[^"]+', "", page)
