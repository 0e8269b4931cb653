"""Comments: added once, previewed, refused with what was typed."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.models import Comment
from tests.conftest import OpenSession
from tests.factories import ANN, make_ticket
from tests.web.reading import between, error_at

HTMX = {"HX-Request": "true"}


@pytest.fixture
def address(board: OpenSession) -> str:
    """Where a ticket's comments are sent."""
    with board() as session:
        return f"/tickets/{make_ticket(session).ticket_id}/comments"


def said(board: OpenSession) -> list[str]:
    with board() as session:
        return list(session.scalars(select(Comment.content).order_by(Comment.id)))


def test_a_comment_is_added_by_whoever_is_here(
    client: FlaskClient, board: OpenSession, address: str
) -> None:
    with client.session_transaction() as cookie:
        cookie["name"] = "ann"
    answer = client.post(address, data={"content": "It *works*.", "submission_id": "1"})
    assert answer.status_code == 303
    with board() as session:
        comment = session.scalars(select(Comment)).one()
        assert (comment.author, comment.content) == ("ann", "It *works*.")
        anchor = f"c-{comment.id}"
        assert answer.location.endswith(f"#{anchor}")
    page = client.get(answer.location).text
    assert "<em>works</em>" in between(page, f'id="{anchor}"', "</li>")


def test_a_comment_sent_twice_is_one(client: FlaskClient, board: OpenSession, address: str) -> None:
    form = {"content": "Once", "submission_id": "abc"}
    first, second = client.post(address, data=form), client.post(address, data=form)
    assert first.location == second.location
    assert said(board) == ["Once"]
    client.post(address, data={"content": "Once", "submission_id": "def"})
    assert said(board) == ["Once", "Once"]


def test_a_preview_says_nothing_yet(client: FlaskClient, board: OpenSession, address: str) -> None:
    form = {"content": "It *works*. <script>", "submission_id": "abc", "preview": "1"}
    page = client.post(address, data=form)
    assert page.status_code == 200
    assert "<em>works</em>" in between(page.text, 'aria-label="Preview"', "</form>")
    assert "It *works*. &lt;script&gt;" in page.text, "the text is still there to go on with"
    assert 'value="abc"' in page.text
    assert said(board) == []


def test_a_preview_in_place_is_only_the_preview(
    client: FlaskClient, board: OpenSession, address: str
) -> None:
    page = client.post(address, data={"content": "*a*", "preview": "1"}, headers=HTMX)
    assert page.status_code == 200
    assert "<em>a</em>" in page.text
    assert "<html" not in page.text
    empty = client.post(address, data={"content": "", "preview": "1"}, headers=HTMX)
    assert "Nothing to preview yet" in empty.text
    assert said(board) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "can't be empty"),
        ("  \n ", "Write something first"),
        ("a\x07", "control character"),
        ("x" * 131_073, "At most 131,072"),
    ],
)
def test_a_refused_comment_keeps_what_was_typed(
    client: FlaskClient, board: OpenSession, address: str, content: str, words: str
) -> None:
    page = client.post(address, data={"content": content, "submission_id": "abc"})
    assert page.status_code == 422
    assert words in error_at(page.text, "content").replace("&#39;", "'")
    assert content.strip() in page.text.replace("&#7;", "\x07")
    assert said(board) == []


def test_an_unknown_ticket_takes_no_comments(client: FlaskClient, board: OpenSession) -> None:
    assert client.post("/tickets/NO-1/comments", data={"content": "x"}).status_code == 404


def test_a_closed_ticket_can_still_be_talked_about(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket = make_ticket(session)
        ticket.stop(ANN)
        ticket_id = ticket.ticket_id
    assert client.post(f"/tickets/{ticket_id}/comments", data={"content": "x"}).status_code == 303
    assert "The ticket is closed" in client.get(f"/tickets/{ticket_id}").text
