"""What a query's text says, and what is said about one that means nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.queries.language.mistakes import NotUnderstood
from app.queries.language.parsing import LENGTH_MAX, TERMS_MAX, VALUES_MAX, parse
from app.queries.language.query import Query, Term, Value, from_parameters
from tests.queries.language.queries import queries

WHOLE = (
    'project:acme/web stage:review is:blocked label:ui,"two words" -priority:low updated:<7d '
    'created:2026-01-01..2026-02-01 has:children sort:priority,-updated "free text" begin* -no'
)


def read(text):
    """The query, or what is wrong with it."""
    try:
        return parse(text)
    except NotUnderstood as mistake:
        return mistake


def test_a_query_is_taken_apart():
    query = parse(WHOLE)
    assert str(query) == WHOLE
    assert query.terms[0] == Term("project", (Value("acme/web"),))
    assert query.values_of("label") == ["ui", "two words"]
    assert query.terms[4] == Term("priority", (Value("low"),), is_negated=True)
    assert query.sorts == (("priority", False), ("updated", True))
    assert query.text == '"free text" begin*'
    assert query.unwanted_texts == ("no",)


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("", ""),
        ("  a \n\t b ", "a b"),
        ('label:"ui"', "label:ui"),
        ('label:"none"', 'label:"none"'),
        ("LABEL:Ui", "label:Ui"),
        ('"say \\"hi\\""', '"say \\"hi\\""'),
        ('label:"C:\\temp"', "label:C:\\temp"),
        ("http://example.com/a?b=c", "http://example.com/a?b=c"),
        ("12:30 - --x", "12:30 - --x"),
        ('5" screens', '5" screens'),
    ],
)
def test_a_query_has_one_text(typed, canonical):
    assert str(parse(typed)) == canonical
    assert parse(canonical) == parse(typed)


@given(queries)
def test_a_query_is_the_same_when_its_text_is_read_again(text):
    query = parse(text)
    assert parse(str(query)) == query
    assert str(parse(str(query))) == str(query)


@given(queries)
def test_each_term_knows_where_it_stands(text):
    for term in parse(text).terms:
        assert parse(text[term.start : term.end]).terms == (term,)


@pytest.mark.parametrize(
    ("typed", "word", "nearest"),
    [
        ("x lable:ui", "lable", "label"),
        ("is:open is:blokced", "blokced", "blocked"),
        ("is:open,blokced", "blokced", "blocked"),
        ("priority:hihg", "hihg", "high"),
        ("priority:<0", "<0", None),
        ("has:childs", "childs", "children"),
        ("sort:-update", "-update", "-updated"),
        ("updated:<7x", "<7x", None),
        ("created:2026-02-30", "2026-02-30", None),
        ("created:..", "..", None),
        ("closed:9999-12-31", "9999-12-31", None),
        ("label:", "label:", None),
        ("label:ui,", ",", None),
        ("label:,ui", ",", None),
        ('label:ui"b"', '"b"', None),
        ('label:"a"*', '"a"*', None),
        ('label:" "', '" "', None),
        ('x "never closed', '"never closed', None),
        ('label:"never', '"never', None),
        ('"a"b', "b", None),
        ('""', '""', None),
    ],
)
def test_a_mistake_is_told_at_the_word(typed, word, nearest):
    with pytest.raises(NotUnderstood) as caught:
        parse(typed)
    mistake = caught.value
    assert typed[mistake.start : mistake.end] == mistake.word == word
    assert mistake.nearest == nearest
    assert mistake.field == "q"
    assert mistake.message.endswith(f"Did you mean {nearest}?" if nearest else ".")


@pytest.mark.parametrize(
    "text",
    [
        "x" * (LENGTH_MAX + 1),
        "x " * (TERMS_MAX + 1),
        f"label:{','.join('a' * (VALUES_MAX + 1))}",
        "a\0b",
        "label:\ud800",
    ],
)
def test_a_query_has_bounds(text):
    with pytest.raises(NotUnderstood):
        parse(text)


@given(st.text(alphabet=st.sampled_from('ab:-,"\\* \n.<>is\u202e\u05d0\0\ud83d'), max_size=40))
def test_any_text_is_read_or_refused_at_a_place(text):
    query = read(text)
    if isinstance(query, NotUnderstood):
        assert 0 <= query.start <= query.end <= len(text)
    else:
        assert parse(str(query)) == query


def test_a_long_hostile_text_is_read_to_its_end():
    for text in ('"' * LENGTH_MAX, "\\" * LENGTH_MAX, "-" * LENGTH_MAX, '"\\' * (LENGTH_MAX // 2)):
        found = read(text)
        assert isinstance(found, NotUnderstood) or str(found) == text


def test_terms_are_added_replaced_and_removed():
    query = parse("login is:open label:ui sort:title")
    added = query.adding("label", "two words")
    assert str(added) == 'login is:open label:ui sort:title label:"two words"'
    assert query.adding("label", "ui") is query
    replaced = query.replacing("is", "ready", "blocked")
    assert str(replaced) == "login is:ready,blocked label:ui sort:title"
    assert str(query.replacing("is")) == "login label:ui sort:title"
    assert str(query.replacing("stage", "x")) == "login is:open label:ui sort:title stage:x"
    assert str(query.without_term(query.terms[2])) == "login is:open sort:title"
    assert str(query.replacing_text('"a b"')) == 'is:open label:ui sort:title "a b"'
    assert query.only_value("label") == "ui"
    assert parse("label:a label:b").only_value("label") == ""


def test_closed_tickets_are_found_only_when_they_are_asked_for():
    for text in ("login", "-is:blocked", "-is:running,mine", "-id:WEB-1", "-ref:none"):
        assert str(parse(text).or_open()) == f"{text} is:open"
    for text in (
        "is:all",
        "state:closed",
        "closed:<7d",
        "id:WEB-1",
        "-is:open",
        "-is:blocked,stopped",
    ):
        assert str(parse(text).or_open()) == text


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({}, "is:open"),
        ({"state": "all"}, ""),
        (
            {"project": "a/b", "stage": "review", "priority": "0", "labels": ("x", 'y "z"')},
            'label:x label:"y \\"z\\"" project:a/b stage:review priority:0 is:open',
        ),
        ({"text": 'log* "a b"* -12 is:open', "state": "all"}, 'log* "a b"* "-12" "is:open"'),
        ({"text": "--", "state": "all"}, '"--"'),
        ({"parent_id": "WEB-1", "state": "ready"}, "parent:WEB-1 is:ready"),
    ],
)
def test_older_parameters_become_a_query(asked, text):
    query = from_parameters(**asked)
    assert str(query) == text
    assert parse(text) == query


@example("\0", "")
@given(st.text(max_size=40), st.text(max_size=20))
def test_whatever_was_asked_by_parameters_can_be_read_again(text, label):
    query = from_parameters(text=text, labels=(label,) if label.strip() else ())
    again = read(str(query))
    assert again == query or (isinstance(again, NotUnderstood) and not again.word)


def test_an_empty_query_is_false():
    assert not Query()
    assert parse("x")
