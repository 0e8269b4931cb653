"""What changed between two texts."""

from __future__ import annotations

import re
import time
from html import unescape

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from app.queries.text_diff import CONTEXT_LINES, Line, change

TEXTS = st.lists(
    st.sampled_from(["", "one", "one two", "one three", "<b>one</b> two", "four"]), max_size=12
).map("\n".join)


def shown(text: str) -> str:
    """A line of the diff without the marks around its words."""
    return unescape(re.sub(r"</?(ins|del)>", "", text)) if isinstance(text, Markup) else text


def hidden(lines: list[Line]) -> int:
    """How many lines the gaps stand for."""
    return sum(int(line[3].split()[0].replace(",", "")) for line in lines if line[0] == "gap")


@given(TEXTS, TEXTS)
def test_every_line_of_both_texts_is_shown_or_counted(old: str, new: str) -> None:
    found = change(old, new)

    before, after = (text.split("\n") if text else [] for text in (old, new))
    kinds = [line[0] for line in found.lines]
    assert kinds.count("same") + found.removed + hidden(found.lines) == len(before)
    assert kinds.count("same") + found.added + hidden(found.lines) == len(after)
    for kind, old_number, new_number, text in found.lines:
        if kind in ("same", "removed"):
            assert before[(old_number or 0) - 1] == shown(text)
        if kind in ("same", "added"):
            assert after[(new_number or 0) - 1] == shown(text)
    assert (found.added == found.removed == 0) == (before == after)


def test_unchanged_lines_far_from_a_change_are_only_counted() -> None:
    old = "\n".join(str(number) for number in range(100))

    found = change(old, old.replace("50", "fifty"))

    assert [line[0] for line in found.lines] == [
        "gap",
        *["same"] * CONTEXT_LINES,
        "removed",
        "added",
        *["same"] * CONTEXT_LINES,
        "gap",
    ]
    assert found.lines[0][3] == "47 unchanged lines"


def test_the_words_that_make_the_difference_are_marked_and_nothing_else_is_markup() -> None:
    found = change("Read <all> of it", "Read <most> of it")

    assert [line[3] for line in found.lines] == [
        "Read &lt;<del>all</del>&gt; of it",
        "Read &lt;<ins>most</ins>&gt; of it",
    ]


def test_lines_that_have_little_in_common_are_shown_as_they_are() -> None:
    found = change("Be kind.", "Run every test twice")

    assert [line[3] for line in found.lines] == ["Be kind.", "Run every test twice"]


def test_of_very_many_changed_lines_only_the_first_are_looked_at_closely() -> None:
    lines = [f"{number} " + "a b " * 49 for number in range(300)]

    found = change("\n".join(lines), "\n".join(f"{line}!" for line in lines))

    added = [line[3] for line in found.lines if line[0] == "added"]
    assert added[0] == f"{lines[0]}<ins>!</ins>"
    assert added[-1] == f"{lines[-1]}!"


def test_a_text_made_to_be_slow_isnt() -> None:
    texts = [
        ("\n".join(["a", "b"] * 15_000), "\n".join(["b", "c", "a"] * 10_000)),
        ("\n".join(["a", "b"] * 499), "\n".join(["b", "c", "a"] * 330)),
        ("\n".join(["a", "b"] * 99), "\n".join(["b", "a", "c"] * 66)),
        ("a b " * 8_000, "b a c " * 8_000),
        ("\n" * 60_000 + "x", "y" + "\n" * 60_000),
    ]
    began = time.process_time()

    for old, new in texts:
        change(old, new)

    assert time.process_time() - began < 3
