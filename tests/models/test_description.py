"""What a description said before is kept when it is edited."""

import pytest
from sqlalchemy import select

from app.actor import Actor
from app.models import DescriptionVersion
from app.queries.search.texts import match_texts
from app.queries.tickets.description import comparison, edits
from app.visibility import Visibility
from tests.factories import ANN, make_ticket
from tests.records import events

BOB = Actor.person("bob")


def kept(session, ticket):
    """The earlier texts, oldest first."""
    rows = select(DescriptionVersion.content).filter_by(ticket_id=ticket.ticket_id)
    return session.scalars(rows.order_by(DescriptionVersion.id)).all()


def test_each_earlier_text_is_kept_with_who_replaced_it(session):
    ticket, other = make_ticket(session, description="One"), make_ticket(session, description="?")

    ticket.edit(ANN, description="One\nTwo", title="New")
    other.edit(ANN, description="!")
    ticket.edit(BOB, description="One\nTwo", priority=0)
    ticket.edit(BOB, description="")
    session.flush()

    assert kept(session, ticket) == ["One", "One\nTwo"]
    newest, oldest = edits(session, ticket.ticket_id)
    assert [(edit.by, edit.length) for edit in (newest, oldest)] == [("bob", 7), ("ann", 3)]
    assert comparison(session, ticket, oldest).change.lines == [
        ("same", 1, 1, "One"),
        ("added", None, 2, "Two"),
    ]
    assert comparison(session, ticket, newest).change.removed == 2
    assert [event.details.get("description") for event in events(session, actor="bob")] == [
        None,
        {"version": newest.id, "added": 0, "removed": 2},
    ]


def test_lines_that_only_moved_neither_came_nor_went(session):
    ticket = make_ticket(session, description="a\nb\nb")

    ticket.edit(ANN, description="b\na\nb")

    (event,) = events(session, event_type="ticket_edited")
    assert (event.details["description"]["added"], event.details["description"]["removed"]) == (
        0,
        0,
    )


@pytest.mark.parametrize(
    ("limit", "most"), [("KEPT_MAX", 3), ("CHARACTERS_MAX", len("Text 7 Text 8 Text 9"))]
)
def test_the_oldest_texts_give_way(session, monkeypatch, limit, most):
    monkeypatch.setattr(DescriptionVersion, limit, most)
    ticket, other = make_ticket(session, description="Text 0"), make_ticket(session)
    other.edit(ANN, description="Kept")

    for number in range(1, 11):
        ticket.edit(ANN, description=f"Text {number}")

    assert kept(session, ticket) == ["Text 7", "Text 8", "Text 9"]
    assert kept(session, other) == [""]


def test_they_go_with_the_ticket(session):
    ticket = make_ticket(session, description="One")
    ticket.edit(ANN, description="Two")
    session.flush()

    session.delete(ticket)
    session.flush()

    assert session.scalars(select(DescriptionVersion)).all() == []


def test_no_search_finds_them(session):
    ticket = make_ticket(session, description="zebra")

    ticket.edit(ANN, description="giraffe")
    session.flush()

    assert not match_texts(session, Visibility.everything(), "zebra").ticket_ids
