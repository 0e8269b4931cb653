"""Markdown that people and workers wrote, as HTML that is safe to show.

Three walls: the parser knows no raw HTML, the result is sanitised, and the pages' Content Security
Policy runs no inline script. Nothing is loaded from elsewhere: an image becomes a link to it.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from threading import Lock

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.rules_core import StateCore, linkify
from markdown_it.token import Token
from markupsafe import Markup
from mdit_py_plugins.tasklists import tasklists_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

LONGEST_RENDERED = 40_000
"""Longer texts are logs rather than prose: they are shown as they are."""

LONGEST_LINKIFIED = 5_000
"""Looking for addresses takes time with the square of a paragraph's length."""

LONGEST_HIGHLIGHTED = 6_000
_LONG_LINE = re.compile(r"[^\n]{400}")
DEEPEST_NESTING = 50
HEADINGS_DOWN = 2
"""The page has headings of its own above every text."""

CACHED_TEXTS = 1_024
LONGEST_CACHED = 65_536

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
    "input": {"type": {"checkbox"}, "disabled": {"", "disabled"}, "checked": {"", "checked"}}
}

_formatter: HtmlFormatter[str] = HtmlFormatter(nowrap=True, classprefix="hl-")


def to_html(text: str | None) -> Markup:
    """The text as safe HTML. Rendered texts are remembered: pages refresh every few seconds."""
    if not text:
        return Markup()
    # Half of a character, from a program that cut a text, can't be sent to a browser.
    encoded = text.encode("utf-8", "replace")
    digest = hashlib.sha256(encoded).digest()
    if (known := _cache.get(digest)) is None:
        known = _render(encoded.decode())
        _cache.put(digest, known)
    # Sanitised just above: this is the one place that vouches for HTML.
    return Markup(known)  # noqa: S704 - nh3 has cleaned it


def _render(text: str) -> str:
    if len(text) > LONGEST_RENDERED:
        return f"<pre>{escapeHtml(text)}</pre>"
    return nh3.clean(
        _parser.render(text),
        tags=TAGS,
        attributes=ATTRIBUTES,
        tag_attribute_values=FIXED_VALUES,
        attribute_filter=_keep_attribute,
        url_schemes=SCHEMES,
        link_rel=LINK_REL,
    )


def _keep_attribute(_tag: str, name: str, value: str) -> str | None:
    """Classes are ours alone: those that colour code. Links lead only where it is allowed."""
    if name == "class":
        return value if value.startswith("hl-") else None
    if name == "href":
        return value if _ADDRESS.match(value) else None
    return value


def _make_parser() -> MarkdownIt:
    # A line that was broken stays broken: workers report in lines, and forms are typed in lines.
    options = {"html": False, "linkify": True, "breaks": True, "maxNesting": DEEPEST_NESTING}
    parser = MarkdownIt("commonmark", {**options, "highlight": _highlight})
    parser.enable(["table", "strikethrough"])
    parser.core.ruler.at("linkify", _linkify)
    parser.core.ruler.enable("linkify")
    if parser.linkify:
        # Without a scheme, "app.py" and "run.sh" would count as hosts in far countries.
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    parser.use(tasklists_plugin)
    parser.core.ruler.push("headings_down", _move_headings_down)
    parser.core.ruler.push("images_as_links", _turn_images_into_links)
    return parser


def _highlight(code: str, language: str, _attributes: str) -> str:
    """Coloured code, or an empty text: the parser then shows it plain."""
    if not language or len(code) > LONGEST_HIGHLIGHTED or _LONG_LINE.search(code):
        return ""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    return highlight(code, lexer, _formatter)


def _linkify(state: StateCore) -> None:
    if all(len(token.content) <= LONGEST_LINKIFIED for token in state.tokens):
        linkify(state)


def _move_headings_down(state: StateCore) -> None:
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + HEADINGS_DOWN, 6)}"


def _turn_images_into_links(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and token.children:
            token.children = list(_without_images(token.children))


def _without_images(tokens: Sequence[Token]) -> Iterator[Token]:
    is_in_link = False
    for token in tokens:
        if token.type in ("link_open", "link_close"):
            is_in_link = token.type == "link_open"
        if token.type != "image":
            yield token
            continue
        words = token.children or [Token("text", "", 0, content="image")]
        if is_in_link:
            yield from words
        else:
            yield Token("link_open", "a", 1, attrs={"href": token.attrGet("src") or ""})
            yield from words
            yield Token("link_close", "a", -1)


class _Cache:
    """The texts rendered last, by their hash."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()
        self._kept: OrderedDict[bytes, str] = OrderedDict()

    def get(self, key: bytes) -> str | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: bytes, html: str) -> None:
        if len(html) > LONGEST_CACHED:
            return
        with self._lock:
            self._kept[key] = html
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)


_cache = _Cache(CACHED_TEXTS)
_parser = _make_parser()
