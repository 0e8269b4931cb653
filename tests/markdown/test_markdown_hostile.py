"""Whatever a text tries, its HTML holds only what is listed here, tag by tag."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from app.markdown import LINK_REL, LONGEST_RENDERED, to_html
from tests.hostile_text import PAYLOADS

COLOUR = re.compile(r"hl-[a-z0-9]+|ref-(?:ticket|person)")
ADDRESS = re.compile(
    r"https?://[^\s\"<>]+|mailto:[^\s\"<>]+|/[^\s\"<>]*|#[^\s\"<>]*", re.IGNORECASE
)
WITHIN = re.compile(r"[^\s\"<>:]*(?:[/?#][^\s\"<>]*)?")
"""An address that begins with no scheme stays on the board."""

ALLOWED: dict[str, dict[str, re.Pattern[str]]] = {
    **{tag: {} for tag in ("p", "br", "hr", "h3", "h4", "h5", "h6", "blockquote", "ul", "li")},
    **{tag: {} for tag in ("pre", "code", "em", "strong", "s", "del")},
    **{tag: {} for tag in ("table", "thead", "tbody", "tr", "th", "td")},
    "ol": {"start": re.compile(r"\d{1,9}")},
    "span": {"class": COLOUR},
    "a": {
        "href": re.compile(f"{ADDRESS.pattern}|{WITHIN.pattern}", re.IGNORECASE),
        "rel": re.compile(re.escape(LINK_REL)),
        "title": re.compile(r"[^\0]*"),
    },
    "input": {
        "type": re.compile("checkbox"),
        "disabled": re.compile("disabled|"),
        "checked": re.compile("checked|"),
        "aria-label": re.compile("Open task|Completed task"),
    },
}
"""All that the HTML of a text may hold."""

NOT_CLOSED = {"br", "hr", "input"}


class Reader(HTMLParser):
    """Notes what a browser would find besides text and what is allowed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Only tags that are listed, with attributes that are."""
        allowed = ALLOWED.get(tag)
        if allowed is None:
            self.wrong.append(f"<{tag}>")
            return
        for name, value in attrs:
            pattern = allowed.get(name)
            if pattern is None or not pattern.fullmatch(value or ""):
                self.wrong.append(f"<{tag} {name}={value!r}>")
        if tag == "a" and "rel" not in dict(attrs):
            self.wrong.append("<a> without rel")
        if tag == "input" and not {"type", "disabled"} <= dict(attrs).keys():
            self.wrong.append("<input> that can be used")
        if tag not in NOT_CLOSED:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Every tag closes the one that was opened last: the text can't leave its place."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")

    def handle_comment(self, data: str) -> None:
        """Nothing needs comments."""
        self.wrong.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        """Nor declarations."""
        self.wrong.append(f"<!{decl}")

    def unknown_decl(self, data: str) -> None:
        """Of no kind."""
        self.wrong.append(f"<![{data}")

    def handle_pi(self, data: str) -> None:
        """Nor instructions."""
        self.wrong.append(f"<?{data}")


def wrong_in(html: str) -> list[str]:
    """What HTML holds that isn't allowed, or isn't closed."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    return [*reader.wrong, *(f"<{tag}> is left open" for tag in reader.open)]


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(1, len(PAYLOADS) + 1))
def test_a_hostile_text_becomes_only_what_is_allowed(payload: str) -> None:
    assert wrong_in(to_html(payload)) == []


@pytest.mark.parametrize(
    "wrap",
    [
        "**{}**",
        "> {}",
        "- [ ] {}",
        "# {}",
        "| {} |\n|---|\n| {} |",
        "[{}](https://evil.example)",
        "![{}](https://evil.example)",
        "*a [b* {}](x)",
    ],
)
def test_nor_does_it_inside_of_something_else(wrap: str) -> None:
    # The same text on one line: a table's row or a heading ends with its line.
    found = {
        payload: wrong
        for payload in PAYLOADS
        if (wrong := wrong_in(to_html(wrap.replace("{}", " ".join(payload.split())))))
    }
    assert found == {}


def test_nor_do_all_of_them_together_at_any_length() -> None:
    together = "\n\n".join(PAYLOADS)
    assert wrong_in(to_html(together[: LONGEST_RENDERED - 1])) == []
    assert wrong_in(to_html(together * (1 + LONGEST_RENDERED // len(together)))) == []


@pytest.mark.parametrize(
    "html",
    [
        "<script>boom()</script>",
        "<p onclick=boom()>x</p>",
        "<a href='javascript:boom()' rel='nofollow noopener noreferrer'>x</a>",
        "<a href='java\nscript:boom()' rel='nofollow noopener noreferrer'>x</a>",
        "<a href='https://evil.example'>x</a>",
        "<span class='hl-k toast'>x</span>",
        "<p id=confirm>x</p>",
        "<p hx-get=/>x</p>",
        "<input type=text disabled>",
        "<input type=checkbox>",
        "</div>",
        "<pre>",
        "<!-- x -->",
    ],
)
def test_what_is_not_allowed_would_be_found(html: str) -> None:
    assert wrong_in(html)
