"""What the search page finds, in which order, and what it shows of it."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.db.full_text import Phrase
from app.queries.search import results
from app.queries.search.marks import Marker, Piece
from app.queries.search.results import find_everything
from app.queries.search.texts import ticket_named
from app.visibility import Visibility
from tests.factories import ANN, make_project, make_role, make_ticket, make_worker
from tests.statements import counting_queries

EVERYTHING = Visibility.everything()


def ids(session: Session, typed: str, visibility: Visibility = EVERYTHING) -> list[str]:
    return [each.ticket_id for each in find_everything(session, visibility, typed).tickets]


def shown(pieces: list[Piece]) -> str:
    return "".join(f"[{text}]" if is_found else text for text, is_found in pieces)


def test_titles_come_first_then_the_newest_text(session: Session) -> None:
    for number, title in enumerate(["The login form", "Other", "Form", "Another"], 1):
        make_ticket(session, ticket_id=f"T-{number}", title=title, description="a login form")
    assert ids(session, "form login") == ["T-1", "T-3", "T-4", "T-2"]


def test_an_id_comes_before_all_texts_that_name_it(session: Session) -> None:
    make_ticket(session, ticket_id="T-1")
    make_ticket(session, ticket_id="T-10", title="After T-1")
    make_ticket(session, ticket_id="X-1", title="Like T-1")
    assert ids(session, "t-1") == ["T-1", "T-10", "X-1"]


def test_a_comment_is_shown_with_who_wrote_it_and_the_others_are_counted(session: Session) -> None:
    ticket = make_ticket(session, ticket_id="T-1")
    for number in range(3):
        ticket.say(f"The harbour, part {number}", ANN)
    (found,) = find_everything(session, EVERYTHING, "harbour").tickets
    assert found.said is not None
    assert (found.said.author, shown(found.excerpt)) == ("ann", "The [harbour], part 2")
    assert found.others == 2


def test_a_ticket_s_own_text_is_preferred_to_its_comments(session: Session) -> None:
    make_ticket(session, ticket_id="T-1", description="By the harbour").say("Harbour!", ANN)
    (found,) = find_everything(session, EVERYTHING, "harbour").tickets
    assert found.said is None
    assert (shown(found.excerpt), found.others) == ("By the [harbour]", 1)


def test_projects_worker_types_and_workers_are_found_by_their_names(session: Session) -> None:
    make_project(session, "acme/shop", short_description="100% wool")
    make_role(session, "desi_gn", project="acme/shop")
    make_worker(session, "desi_gn", project="acme/shop", worker_id="Des-1")

    def names(typed: str) -> list[list[str]]:
        found = find_everything(session, EVERYTHING, typed)
        places = (found.projects, found.worker_types, found.workers)
        return [[place.name for place in each] for each in places]

    assert names("DES") == [[], ["desi_gn"], ["Des-1"]]
    assert names("100%") == [["acme/shop"], [], []]
    assert names("shop") == [["acme/shop"], [], []]
    # What stands for any letter in SQL stands for itself.
    assert names("desi%gn")[1] == []
    assert names("desi-gn")[1] == []


def test_what_one_may_not_see_is_not_found(session: Session) -> None:
    make_project(session, "acme/secret").members_only = True
    make_ticket(session, project="acme/secret", ticket_id="S-1", title="Hidden harbour")
    make_worker(session, project="acme/secret", worker_id="harbour-1")
    make_ticket(session, ticket_id="T-1", title="Open harbour")
    ann = Visibility(hidden=frozenset({"acme/secret"}))
    found = find_everything(session, ann, "harbour")
    assert [each.ticket_id for each in found.tickets] == ["T-1"]
    assert not find_everything(session, ann, "secret")
    assert found.workers == []
    assert ids(session, "S-1", ann) == []
    assert ticket_named(session, ann, "S-1") is None


def test_many_texts_are_cut_and_said_to_be(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "TEXTS_MAX", 3)
    for number in range(5):
        make_ticket(session, ticket_id=f"T-{number}", title="The harbour")
    found = find_everything(session, EVERYTHING, "harbour")
    assert [each.ticket_id for each in found.tickets] == ["T-4", "T-3", "T-2"]
    assert found.is_cut
    assert not find_everything(session, EVERYTHING, "T-1").is_cut


@pytest.mark.parametrize("is_typing", [False, True])
def test_a_search_sends_as_many_statements_for_many_tickets_as_for_one(
    app: Flask, session: Session, is_typing: bool
) -> None:
    """On SQLite one more while somebody types: for the words that the last one may go on to."""
    one_more = is_typing and session.get_bind().dialect.name == "sqlite"
    counts = []
    for many in (1, 12):
        for _ in range(many):
            make_ticket(session, title="The harbour").say("harbour", ANN)
        session.flush()
        with counting_queries(app) as sent:
            find_everything(session, EVERYTHING, "harbour", is_typing=is_typing)
        counts.append(len(sent))
    assert counts == [8 + one_more] * 2


def test_while_somebody_types_an_id_texts_are_read_only_if_too_few_begin_so(
    app: Flask, session: Session
) -> None:
    for number in range(1, 6):
        make_ticket(session, ticket_id=f"WEB-{number}").say("WEB", ANN)
    session.flush()
    told = {}
    for most in (4, 5):
        with counting_queries(app) as sent:
            found = find_everything(session, EVERYTHING, "web", most, is_typing=True)
        asked = any("search_fts" in each or "words @@" in each for each in sent)
        told[most] = [each.ticket_id for each in found.tickets], found.is_cut, asked
    assert told == {
        4: ([f"WEB-{number}" for number in range(1, 5)], True, False),
        5: ([f"WEB-{number}" for number in range(1, 6)], False, True),
    }


@pytest.mark.parametrize("typed", ["", "  ", '"', "*", "%", "\0", "🙂"])
def test_without_a_word_nothing_is_found(session: Session, typed: str) -> None:
    make_ticket(session, title="%")
    assert not find_everything(session, EVERYTHING, typed)


def test_an_id_is_recognised_in_any_case_unless_it_could_be_two(session: Session) -> None:
    for ticket_id in ("Web-1", "a-1", "A-1"):
        make_ticket(session, ticket_id=ticket_id)
    assert ticket_named(session, EVERYTHING, " wEB-1 ") == "Web-1"
    assert ticket_named(session, EVERYTHING, "A-1") == "A-1"
    assert ticket_named(session, EVERYTHING, "a-1") == "a-1"
    assert ticket_named(session, EVERYTHING, "web") is None


@pytest.mark.parametrize(
    ("phrases", "text", "marked"),
    [
        ([Phrase("lock")], "Lock the locks, unlock, LOCK.", "[Lock] the locks, unlock, [LOCK]."),
        ([Phrase("lock", True)], "locks and unlock", "[locks] and unlock"),
        ([Phrase("app/db.py")], "in app/db.py and app_DB py", "in [app/db.py] and [app_DB py]"),
        ([Phrase("a b"), Phrase("b c")], "a b c", "[a b] c"),
        ([Phrase("größe")], "Die Größe", "Die [Größe]"),
        ([Phrase("a.*")], "a b", "[a] b"),
        ([Phrase("--")], "a -- b", "a -- b"),
        ([], "<b>", "<b>"),
    ],
)
def test_words_are_marked_as_the_index_finds_them(
    phrases: list[Phrase], text: str, marked: str
) -> None:
    assert shown(Marker.of(phrases).mark(text)) == marked


def test_an_excerpt_begins_shortly_before_the_word_and_is_of_one_line() -> None:
    text = "one two " * 40 + "the\n\nharbour " + "three four " * 60
    found = shown(Marker.of([Phrase("harbour")]).excerpt(text))
    assert found.startswith("… ")
    assert found.endswith(" …")
    assert "two the [harbour] three" in found
    assert len(found) < 260
    assert Marker.of([Phrase("quay")]).excerpt(text) == []


def test_an_excerpt_leaves_the_signs_of_markdown_out() -> None:
    text = (
        "## The plan\n\n- **Call** the `harbour`\n- [x] 3 * 4\n\n```sh\nls a-b | wc\n```\n> it said"
    )
    found = shown(Marker.of([Phrase("harbour")]).excerpt(text))
    assert found == "The plan · Call the [harbour] · 3 * 4 ls a-b | wc it said"
