"""Markdown that people and workers wrote, as HTML that is safe to show.

Three walls: the parser knows no raw HTML, the result is sanitised, and the pages' Content Security
Policy runs no inline script. Nothing is loaded from elsewhere: an image becomes a link to it.
And it can't be made to take long: the work is counted, for each text and for each page.
"""

from __future__ import annotations

import hashlib
import re

import nh3
from markupsafe import Markup

from app.markdown.cache import Cache
from app.markdown.parser import TASK_LABELS, parser
from app.markdown.references import CLASSES
from app.markdown.work import Work, WorkExceeded

LONGEST_RENDERED = 20_000
"""Longer texts are logs rather than prose: they are shown as they are."""

WORK_PER_TEXT = 25_000
WORK_PER_PAGE = 4 * WORK_PER_TEXT
"""A page starts no further text once it has used this up. Texts that are remembered cost nothing,
so the next view of the same page gets further."""

CACHE_BYTES = 8 * 2**20

LINK_REL = "nofollow noopener noreferrer"
SCHEMES = {"http", "https", "mailto"}
_ADDRESS = re.compile(r"(?:https?|mailto):|[^:/?#]*(?:[/?#]|\Z)", re.IGNORECASE)
"""`java%0Ascript:x` would be a path to browsers; other readers of HTML may not know that."""

TAGS = {
    *("p", "br", "hr", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "pre", "code"),
    *("em", "strong", "del", "s", "a", "span", "input"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}, "span": {"class"}}
FIXED_VALUES = {
    "input": {
        "type": {"checkbox"},
        "disabled": {"", "disabled"},
        "checked": {"", "checked"},
        "aria-label": set(TASK_LABELS.values()),
    }
}

PLAIN_TEXT = "This text is too long or its structure too complex to format; it is shown as written."
PLAIN_PAGE = "This page holds too much to format at once; load it again to see this text formatted."


def to_html(text: str | None, page: Work | None = None) -> Markup:
    """The text as safe HTML. `page`: what may still be spent on the page that it is for."""
    if not text:
        return Markup()
    # Half of a character, from a program that cut a text, can't be sent to a browser.
    encoded = text.encode("utf-8", "replace")
    digest = hashlib.sha256(encoded).digest()
    html = _cache.get(digest)
    if html is None:
        if page and page.is_used_up:
            return _plain(encoded.decode(), PLAIN_PAGE)
        html = _formatted(encoded.decode(), page)
        _cache.put(digest, html)
    # This is the one place that vouches for HTML.
    return Markup(html) if html else _plain(encoded.decode(), PLAIN_TEXT)  # noqa: S704 - sanitised


def _formatted(text: str, page: Work | None) -> str:
    """Safe HTML, or nothing where the text must be shown as it is."""
    if len(text) > LONGEST_RENDERED:
        return ""
    work = Work(WORK_PER_TEXT)
    try:
        return _sanitised(parser.render(text, {"work": work}))
    except WorkExceeded:
        return ""
    finally:
        if page:
            page.add(work)


def _sanitised(html: str) -> str:
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        tag_attribute_values=FIXED_VALUES,
        attribute_filter=_keep_attribute,
        url_schemes=SCHEMES,
        link_rel=LINK_REL,
    )


def _keep_attribute(_tag: str, name: str, value: str) -> str | None:
    """Classes are ours alone: those that colour code, and those that mark references. Links lead
    only where it is allowed."""
    if name == "class":
        return value if value.startswith("hl-") or value in CLASSES else None
    if name == "href":
        return value if _ADDRESS.match(value) else None
    return value


def _plain(text: str, reason: str) -> Markup:
    return Markup("<p><em>{}</em></p>\n<pre>{}</pre>").format(reason, text)


_cache = Cache(CACHE_BYTES)
