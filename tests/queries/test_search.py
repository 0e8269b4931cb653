"""A search finds the same on both databases, and what plain Python would find."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from app.db import full_text
from app.db.full_text import Phrase
from app.models import Comment, Ticket
from app.queries.search.phrases import phrases_of
from app.queries.search.texts import match_texts
from app.visibility import Visibility
from tests.factories import ANN, PROJECT, make_project, make_ticket, undone

EVERYTHING = Visibility.everything()

WORDS = [
    *("login", "form", "Form", "forms", "a", "0", "12", "007", "1e5", "v2", "3px"),
    *("Größe", "größe", "große", "café", "cafe", "naïve", "Ærø", "Αθήνα"),
    *("Москва", "МОСКВА"),  # noqa: RUF001 - letters that look like others are what is tested
    *("日本語", "北京", "ﺏ", "señor", "SEÑOR", "x٣"),
    *("app/db/engine.py", "WEB-12", "test_foo", "foo", "engine", "-12", "1.2.3", "x=1"),
    *("mail@example.com", "http://example.com/a?b=c", "C++", "«zu»", "it\u2019s", "…", "--", "_"),
]
SYNTAX = [
    *(
        '"',
        '""',
        "*",
        "(",
        ")",
        ":",
        "^",
        "{",
        "}",
        "+",
        "-",
        "'",
        "\\",
        "&",
        "|",
        "!",
        "<->",
        ":*",
    ),
    *("AND", "OR", "NOT", "NEAR(a b)", "title:", "title : form", "project : a", ":A", "$$", ";--"),
]

texts = st.lists(st.sampled_from(WORDS + SYNTAX), max_size=6).flatmap(
    lambda words: st.sampled_from([" ", "  ", "\n", ", ", "/", "_", ""]).map(
        lambda joint: joint.join(words)
    )
)
terms = st.one_of(
    st.sampled_from(WORDS + SYNTAX),
    st.sampled_from(WORDS).map(lambda word: f"{word}*"),
    st.sampled_from(WORDS).map(lambda word: f"{word[:2]}*"),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(
        lambda words: f'"{" ".join(words)}"'
    ),
)
queries = st.lists(terms, min_size=1, max_size=3).map(" ".join)
boards = st.lists(st.tuples(texts, texts, st.lists(texts, max_size=2)), min_size=1, max_size=3)


def words_of(whole: str) -> list[str]:
    """What is a word, said once more: letters and digits, in whatever case."""
    return re.findall(r"[^\W_]+", whole.lower())


def holds(whole: str, phrase: Phrase) -> bool:
    words, wanted = words_of(whole), words_of(phrase.text)
    for start in range(len(words) - len(wanted) + 1):
        here = words[start : start + len(wanted)]
        if here == wanted:
            return True
        if phrase.is_beginning and here[:-1] == wanted[:-1] and here[-1].startswith(wanted[-1]):
            return True
    return False


def is_wanted(query: str, ticket_id: str, title: str, description: str, said: list[str]) -> bool:
    phrases = phrases_of(query)
    documents = [(ticket_id, title, description), *((content,) for content in said)]
    is_held = any(
        all(any(holds(part, phrase) for part in parts) for phrase in phrases) for parts in documents
    )
    is_id = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", query.strip()) is not None
    begins = is_id and ticket_id.lower().startswith(query.strip().lower())
    return bool(phrases) and (is_held or begins)


@pytest.fixture
def with_project(session):
    """The session, on a board with a project, for all examples."""
    make_project(session)
    session.flush()
    return session


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(board=boards, query=queries)
@example(board=[("login form", "", [])], query="form login")
@example(board=[("a", "b", [])], query='"a b"')
@example(board=[("WEB 1", "2", [])], query='"1 2"')
@example(board=[("", "see app/db/engine.py", [])], query="db/engine")
def test_both_databases_find_what_plain_python_finds(with_project, board, query):
    tickets = {f"WEB-{number}": texts for number, texts in enumerate(board, 12)}
    with undone(with_project):
        store(with_project, tickets)
        found = match_texts(with_project, EVERYTHING, query).ticket_ids
    assert set(found) == {key for key, texts in tickets.items() if is_wanted(query, key, *texts)}


def store(session, tickets):
    rows = [
        {
            "ticket_id": ticket_id,
            "project_id": PROJECT,
            "title": title,
            "description": description,
            "execution_plan": ["review"],
        }
        for ticket_id, (title, description, _) in tickets.items()
    ]
    said = [
        {"ticket_id": ticket_id, "content": content}
        for ticket_id, (*_, contents) in tickets.items()
        for content in contents
    ]
    session.execute(insert(Ticket), rows)
    if said:
        session.execute(insert(Comment), said)


@given(st.text(max_size=60))
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_text_breaks_the_query(session, query):
    match_texts(session, EVERYTHING, query)
    match_texts(session, Visibility(hidden=frozenset({"a/b", "c'd"})), query, 'x"y')


@pytest.mark.parametrize(
    ("typed", "phrases"),
    [
        ("form login", [Phrase("form"), Phrase("login")]),
        ('"login form" bug', [Phrase("login form"), Phrase("bug")]),
        ("log* test_foo", [Phrase("log*", is_beginning=True), Phrase("test_foo")]),
        ('"log in"* x', [Phrase("log in", is_beginning=True), Phrase("x")]),
        ('never "closed', [Phrase("never"), Phrase("closed")]),
        ('-- * "" _', []),
    ],
)
def test_what_was_typed_is_taken_apart(typed, phrases):
    assert phrases_of(typed) == phrases


def test_what_people_type_is_found(session):
    make_ticket(session, title="Repair the login form", description="In app/db/engine.py, line 12.")
    make_ticket(session, ticket_id="Other-7").say("See WEB-1: `test_foo` in 1.2.3 fails.", ANN)
    make_ticket(session)

    def found(typed):
        return set(match_texts(session, EVERYTHING, typed).ticket_ids)

    first, other = {"WEB-1"}, {"Other-7"}
    for typed in ("form login", "LOGIN", '"the login"', "log* repair", "engine.py", "db/engine"):
        assert found(typed) == first, typed
    for typed in ("test_foo", "foo", "1.2.3", "other-7", "OTHER", "oth", "7", "Other-"):
        assert found(typed) == other, typed
    assert found("web-1") == found("WEB-1") == first | other
    assert found("web") == {"WEB-1", "WEB-2", "Other-7"}
    assert found("WE") == {"WEB-1", "WEB-2"}, "no word, but how ids begin"
    for typed in ('"form login"', "logi", "login test_foo", "og*", "gin", "*"):
        assert found(typed) == set(), typed


def test_a_search_says_when_it_looks_at_the_newest_only(session, monkeypatch):
    monkeypatch.setattr(full_text, "NEWEST_MAX", 2)
    for _ in range(3):
        make_ticket(session, title="Harbour")
    session.flush()
    found = match_texts(session, EVERYTHING, "harbour*")
    assert (found.ticket_ids, found.is_cut) == (["WEB-3", "WEB-2"], True)
    session.delete(session.get_one(Ticket, "WEB-1"))
    session.flush()
    assert not match_texts(session, EVERYTHING, "harbour*").is_cut
