"""Checks of text: what is accepted comes back clean, what isn't is refused at its field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.text import (
    optional_line,
    require_line,
    require_name,
    require_repository_name,
    require_text,
)


@pytest.mark.parametrize(
    "name", ["acme/web", "web", "a", "A.b-c_d/9", "a/b/c/d", "-x", "x-", "...", "a/--", "x" * 200]
)
def test_a_repository_name_is_kept_as_it_is(name):
    assert require_repository_name(f"  {name} ", 200) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "/web",
        "acme/",
        "acme//web",
        "acme/-",
        "-",
        "-/web",
        ".",
        "..",
        "acme/../web",
        "acme/./web",
        "acme web",
        "größe",
        "a\\b",
        "a/b?c",
        "a#b",
        "a%2fb",
        "x" * 201,
        "a\nb",
        "a\x00b",
        "new",
    ],
)
def test_a_repository_name_that_would_break_addresses_is_refused(name):
    with pytest.raises(Invalid) as refusal:
        require_repository_name(name, 200)

    assert refusal.value.field == "repository_name"


@given(st.text(max_size=30))
def test_whatever_is_accepted_as_a_name_stands_safely_in_an_address(text):
    try:
        name = require_name(text, "id", 20)
    except Invalid:
        return

    assert name.isascii()
    assert name == text.strip()
    assert not set(name) & set("/?#%&=+ \\\"'<>")
    assert name[0].isalnum()


@given(st.text())
def test_whatever_is_accepted_as_text_can_be_stored_by_both_databases(text):
    try:
        kept = require_text(text, "text", 1_000)
    except Invalid:
        return

    kept.encode("utf-8")
    assert "\x00" not in kept
    assert "\r" not in kept
    assert require_text(kept, "text", 1_000) == kept


def test_line_ends_become_one_kind_and_the_edges_are_trimmed():
    assert require_text(" \r\n a\r\nb\rc\td \n", "text", 100) == "a\nb\nc\td"


def test_a_text_may_be_empty_but_a_line_may_not():
    assert require_text(" \n ", "text", 10) == ""
    with pytest.raises(Invalid, match="can't be empty"):
        require_line(" \n ", "title", 10)
    assert optional_line(" \n ", "title", 10) is None
    assert optional_line(None, "title", 10) is None


def test_a_line_is_folded_to_single_spaces():
    assert require_line(" a \t b\n\nc ", "title", 10) == "a b c"


def test_the_length_is_that_of_what_would_be_kept():
    assert require_text("x" * 10 + "   ", "text", 10) == "x" * 10
    with pytest.raises(Invalid, match="At most 10 characters; this has 11"):
        require_text("x" * 11, "text", 10)


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x0b", "\x1b", "\x7f", "\ud800"])
def test_a_control_character_is_named_with_its_place(character):
    with pytest.raises(Invalid) as refusal:
        require_text(f"ab{character}c", "text", 10)

    assert f"U+{ord(character):04X}" in str(refusal.value)
    assert "at position 3" in str(refusal.value)


@pytest.mark.parametrize("text", ["ä", "日本語", "🎭", "e\u0301", "\u200b", "a\tb"])
def test_the_worlds_letters_are_welcome(text):
    assert require_text(text, "text", 10) == text
