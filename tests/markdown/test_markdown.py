"""Markdown becomes HTML that can do no harm, whatever was written."""

from __future__ import annotations

import re

import pytest

from app.markdown import TAGS, to_html
from tests.pages import elements

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<style>*{background:url(//evil)}</style>",
    "<form action=//evil><input name=password></form>",
    "<math><mtext></p><style><img src=x onerror=alert(1)></style></mtext></math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](file:///etc/passwd)",
    '[x](https://ok "onmouseover=alert(1)")',
    '[x](https://ok"onmouseover="alert(1))',
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    '![x" onerror="alert(1)](https://evil/x.png)',
    "![x](https://evil/track.png)",
    "[![x](https://evil/track.png)](https://ok)",
    '```x" onload="alert(1)\n<img src=x onerror=alert(1)>\n```',
    "```html\n<img src=x onerror=alert(1)>\n```",
    "`<img src=x onerror=alert(1)>`",
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "- [x] <input type=text autofocus onfocus=alert(1)>",
    "# <script>alert(1)</script>",
    "https://ok/<script>alert(1)</script>",
    'https://ok/"onmouseover="alert(1)',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\\<script>alert(1)\\</script>",
    "<a id=csrf_token name=csrf_token>",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_runs_or_loads_gets_through(attack: str) -> None:
    for tag, attributes in elements(to_html(attack)):
        assert tag in TAGS
        assert not [name for name in attributes if name.startswith("on")]
        assert not {"src", "style", "id", "name", "srcset"} & attributes.keys()
        assert re.match(r"(https?://|mailto:|$)", attributes.get("href") or "")
        if tag == "input":
            assert attributes["type"] == "checkbox"
            assert "disabled" in attributes


def test_links_tell_nothing_and_give_nothing_away() -> None:
    [(_, link)] = [tag for tag in elements(to_html("see https://example.com/a")) if tag[0] == "a"]
    assert link == {"href": "https://example.com/a", "rel": "nofollow noopener noreferrer"}


def test_a_file_name_is_no_link() -> None:
    assert "<a" not in to_html("app.py and run.sh and readme.md and ann@example.com")


def test_an_image_is_a_link_to_it() -> None:
    html = to_html("![a *shot*](https://example.com/shot.png)")
    assert "<img" not in html
    assert '<a href="https://example.com/shot.png"' in html
    assert "a <em>shot</em></a>" in html


def test_an_image_in_a_link_leaves_its_words() -> None:
    html = to_html("[![the build](https://ci/badge.svg)](https://ci/run)")
    assert html.count("<a ") == 1
    assert ">the build</a>" in html


def test_tables_tasks_and_struck_words_work() -> None:
    html = to_html("| a |\n|---|\n| 1 |\n\n- [x] done\n- [ ] open\n\n~~gone~~")
    assert "<td>1</td>" in html
    assert html.count('type="checkbox"') == 2
    assert html.count("checked=") == 1
    assert "<s>gone</s>" in html


def test_a_task_s_box_has_a_name() -> None:
    boxes = [tag[1] for tag in elements(to_html("1. [x] done\n2. [ ] open")) if tag[0] == "input"]
    assert [box["aria-label"] for box in boxes] == ["Completed task", "Open task"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("See https://example.com/a.", "https://example.com/a"),
        ("(https://example.com/a_(b))", "https://example.com/a_(b)"),
        ("(at https://example.com/a)", "https://example.com/a"),
        ("HTTPS://Example.com/?a=b&c=d#e!", "HTTPS://Example.com/?a=b&c=d#e"),
        ("**https://example.com**", "https://example.com"),
        ("“https://example.com/ä”", "https://example.com/%C3%A4"),
        ("mailto:ann@example.com", "mailto:ann@example.com"),
        ("[https://example.com/a](https://example.com/b)", "https://example.com/b"),
    ],
)
def test_an_address_in_a_sentence_is_a_link_to_it(text: str, address: str) -> None:
    assert [tag[1]["href"] for tag in elements(to_html(text)) if tag[0] == "a"] == [address]


@pytest.mark.parametrize("text", ["`https://example.com`", "xhttps://example.com", "https:// a"])
def test_what_is_no_address_is_no_link(text: str) -> None:
    assert "<a" not in to_html(text)


def test_lines_stay_as_they_were_broken() -> None:
    assert "one<br>" in to_html("one\ntwo")


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("# a\n## b\n# c", "3 4 3"),
        ("## a\n### b\n## c", "3 4 3"),
        ("# a\n### b\n## c\n### d", "3 4 4 5"),
        ("### a\n# b\n###### c", "3 3 4"),
        ("# a\n## b\n### c\n#### d\n##### e", "3 4 5 6 6"),
    ],
)
def test_headings_skip_no_level(text: str, levels: str) -> None:
    html = to_html(text)
    assert re.findall(r"<h(\d)>", html) == levels.split()
    assert re.findall(r"</h(\d)>", html) == levels.split()


def test_headings_stand_below_those_of_the_page() -> None:
    assert to_html("# Top") == "<h3>Top</h3>\n"
    assert "<h6>Deep" in to_html("# a\n## b\n### c\n#### d\n##### e\n###### Deep")


def test_code_is_coloured_by_classes_of_its_own() -> None:
    html = to_html("```python\ndef f(): pass\n```")
    assert '<span class="hl-k">def</span>' in html
    assert "style=" not in html


def test_code_in_an_unknown_language_stays_plain() -> None:
    assert "<code>a &lt; b\n</code>" in to_html("```klingon\na < b\n```")


def test_nothing_gives_nothing() -> None:
    assert to_html(None) == ""
    assert to_html("") == ""


def test_broken_text_is_shown_rather_than_crashed_on() -> None:
    assert "a" in to_html("a\ud800b")


def test_a_line_that_was_wrapped_flows_on_and_a_short_one_ends() -> None:
    wrapped = "The signature covers the order's id only, so that anyone **who**\nhas a callback."
    assert "<br" not in to_html(wrapped)
    assert "<br" in to_html("Tests: 12 passed\nLint: clean")
    # Each line for itself, also after one of the other kind.
    assert to_html("short\n" + "long " * 14 + "\nend").count("<br") == 1
