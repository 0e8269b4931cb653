"""SQLite is asked for the words that a beginning may go on to: these find what it finds itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from app.db import full_text
from app.db.full_text import Phrase, find_texts
from app.models import Comment, Ticket
from tests.boards import ON_SQLITE
from tests.factories import PROJECT, make_project, undone

pytestmark = ON_SQLITE

OTHER = "acme/api"
HEX = PROJECT.encode().hex()
"""The word that says of each text of which project it is."""

PIECES = [
    *("che", "check", "CHECK", "checkout", "checks", "web", "12", "123", "1234", "chè", "chép"),
    *("Größe", "größe", "größer", "Größ", "ÉTÉ", "été", "日本語", "日本", "北京", "检查点", "检查"),
    # Python and FTS5 have other lower cases of these, or it takes two letters.
    *("\u0130st", "i\u0307st", "ist", "\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2"),
    *("\u03bf\u03b4\u03bf\u03c3", "\u13a0\u13a1\u13a2", "\uab70\uab71\uab72", "\xb5mm", "\u03bcmm"),
    *("\u01c5ab", "\u01c6ab", "\u017ftart", "start", "\u1e9eab", "ßab", "ssab"),
    # FTS5 takes other signs for letters than Python does.
    *("cafe\u0301", "caf\xe9s", "cafe", "x\u0301yz", "x\u0301quay", "quart", "x\u06634", "abc"),
    *("\u19b0abc", "abc\u19b0", "\ue000ab", "che\ue000", "\u0378ab", "a🙂b", "🙂", "\U0010ffff"),
    *("che\U0010ffff", "che\U0010fffd"),
    *("test_foo", "test-food", "app.db", "it\u2019s", '"', "'", "*", "_", "-", " ", "\t", "\x7f"),
    *("\x80", "\xa0", "AND", "NEAR(", ":", "^", "+", HEX, HEX[:5], "x" * 33_000, "日" * 11_000),
]
SHORT = [piece for piece in PIECES if len(piece) < 1_000]

odd_texts = st.lists(
    st.sampled_from(SHORT) | st.text("cheCHE1é_- ", max_size=5), max_size=4
).flatmap(lambda pieces: st.sampled_from(["", " ", "-"]).map(lambda joint: joint.join(pieces)))
beginnings = odd_texts.filter(lambda typed: any(map(str.isalnum, typed)))


@pytest.fixture
def two_projects(session: Session) -> Session:
    """The session, on a board with two projects."""
    make_project(session)
    make_project(session, OTHER)
    session.flush()
    return session


def store(session: Session, number: int, title: str, description: str, said: Sequence[str]) -> None:
    """A ticket as it stands, whatever its rules say."""
    values = {"title": title, "description": description, "execution_plan": ["review"]}
    project, ticket_id = (PROJECT, OTHER)[number % 2], f"T-{number}"
    session.execute(insert(Ticket).values(ticket_id=ticket_id, project_id=project, **values))
    for content in said:
        session.execute(insert(Comment).values(ticket_id=ticket_id, content=content))


def both_ways(session: Session, phrases: Sequence[Phrase], *where: Any) -> tuple[Any, Any]:
    """What is found, and what FTS5 finds by the beginnings themselves."""
    session.flush()
    found = find_texts(session.connection(), phrases, *where)
    with mock.patch.multiple(full_text, COMPLETIONS_MAX=0, COMPLETIONS_IN_PHRASE_MAX=0):
        return found, find_texts(session.connection(), phrases, *where)


def asked_for(session: Session, typed: str) -> str:
    """What FTS5 is asked for a beginning."""
    sent: list[Any] = []

    def note(_connection: Any, _cursor: Any, _statement: str, values: Any, *_: Any) -> None:
        sent.append(values)

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        find_texts(connection, [Phrase(typed, is_beginning=True)], None, [])
    finally:
        event.remove(connection, "before_cursor_execute", note)
    return str(sent[-1][0])


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    board=st.lists(
        st.tuples(odd_texts, odd_texts, st.lists(odd_texts, max_size=2)), min_size=1, max_size=4
    ),
    typed=st.lists(st.builds(Phrase, beginnings, st.booleans()), min_size=1, max_size=2),
    only=st.sampled_from([None, None, PROJECT]),
    hidden=st.sampled_from([[], [OTHER], [PROJECT]]),
    most=st.sampled_from([None, 1, 3]),
)
@example(
    board=[("che", "checks", ["check"])], typed=[Phrase("CHE", True)], only=None, hidden=[], most=1
)
def test_whole_words_find_what_their_beginning_finds(
    two_projects: Session,
    board: list[tuple[str, str, list[str]]],
    typed: list[Phrase],
    only: str | None,
    hidden: list[str],
    most: int | None,
) -> None:
    with undone(two_projects):
        for number, texts in enumerate(board):
            store(two_projects, number, *texts)
        found, wanted = both_ways(two_projects, typed, only, hidden, most)
    assert found == wanted


def beginnings_of(word: str) -> Iterator[str]:
    """With more around it, too: where it is one of several words, and where it isn't clear."""
    for length in {*range(1, min(len(word), 12) + 1), len(word)}:
        typed = word[:length]
        yield from (typed, typed.upper(), f"the {typed}", f' "-{typed}_ ', f"é{typed}", f"{typed}é")


def test_every_beginning_of_odd_words_finds_the_same(two_projects: Session) -> None:
    for number, word in enumerate(PIECES):
        store(two_projects, number, f"see {word}"[:200], f"x {word}ing y", [f"the {word}", word])
    counts = set()
    for word in PIECES:
        for typed in filter(lambda typed: any(map(str.isalnum, typed)), beginnings_of(word)):
            for hidden in ([], [OTHER]):
                found, wanted = both_ways(two_projects, [Phrase(typed, True)], None, hidden)
                assert found == wanted, typed
                counts.add(len(found))
    assert len(counts) > 8, "most find something"


@pytest.mark.parametrize(
    ("typed", "words", "is_beginning"),
    [
        ("che", 1, False),
        ("CHE", 200, False),
        ("che", 201, True),
        ("the che", 5, False),
        ("-The/CHE ", 5, False),
        ("the che", 6, True),
        ("ché", 5, True),
        ("ch", 1, True),
    ],
)
def test_a_few_words_are_asked_for_themselves(
    two_projects: Session, typed: str, words: int, is_beginning: bool
) -> None:
    for number in range(words):
        store(two_projects, number, "chalk", "chi", [f"the che{number:03}"])
    asked = asked_for(two_projects, typed)
    assert ("*" in asked, asked.count(" OR ")) == (is_beginning, 0 if is_beginning else words - 1)
    found, wanted = both_ways(two_projects, [Phrase(typed, True)], None, [], 3)
    assert found == wanted
    assert bool(found) == (typed != "ché")


def test_the_word_of_a_project_is_none_of_its_texts(two_projects: Session) -> None:
    """FTS5 would look into each text of it."""
    store(two_projects, 0, "Harbour", "", [])
    beginning = [Phrase(HEX[:6], is_beginning=True)]
    assert HEX not in asked_for(two_projects, HEX[:6])
    assert both_ways(two_projects, beginning, None, []) == ([], [])
    store(two_projects, 1, "What is", f"{HEX}?", [])
    assert both_ways(two_projects, beginning, None, []) == ([("T-1", None)],) * 2


def test_a_word_that_was_cut_within_a_letter_is_left_to_its_beginning(
    two_projects: Session,
) -> None:
    store(two_projects, 0, "Harbour", "abc" + "日" * 11_000, [])
    assert "*" in asked_for(two_projects, "abc")
    assert both_ways(two_projects, [Phrase("abc", True)], None, []) == ([("T-0", None)],) * 2
