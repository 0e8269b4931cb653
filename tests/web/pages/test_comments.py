"""Comments: added once, previewed, refused with what was typed."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.models import Comment, Ticket
from tests.conftest import OpenSession, SignIn
from tests.factories import ANN, make_ticket, run_stage
from tests.pages import between, error_at

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


@pytest.fixture
def asking(board: OpenSession) -> str:
    """The address of the comments of a ticket that asks."""
    with board() as session:
        ticket = make_ticket(session)
        run_stage(session, ticket).ask_attention("Which one?")
        return f"/tickets/{ticket.ticket_id}/comments"


def state(board: OpenSession) -> str:
    with board() as session:
        return session.scalars(select(Ticket.state).order_by(Ticket.created_at)).first() or ""


def answer_button(page: str) -> str:
    """What the button says that makes an answer of the comment."""
    return between(between(page, 'name="answer"', ">"), 'value="', '"')


def test_a_comment_on_a_ticket_that_asks_can_be_the_answer(
    client: FlaskClient, board: OpenSession, asking: str
) -> None:
    page = client.get(asking.removesuffix("/comments")).text
    assert "The ticket waits for an answer" in page
    form = {"content": "The first.", "submission_id": "1", "answer": answer_button(page)}
    answers = [client.post(asking, data=form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    assert said(board) == ["Which one?", "The first."]
    assert state(board) == "open"


def test_a_comment_alone_leaves_it_on_hold_and_offers_the_answer_again(
    client: FlaskClient, board: OpenSession, asking: str
) -> None:
    client.post(asking, data={"content": "Hm.", "submission_id": "1"})
    assert state(board) == "on_hold"
    preview = client.post(asking, data={"content": "The first.", "preview": "1"}).text
    assert "Which one?" in preview
    form = {"content": "The first.", "submission_id": "2", "answer": answer_button(preview)}
    assert client.post(asking, data=form).status_code == 303
    assert state(board) == "open"


@pytest.mark.parametrize("does", ["answers", "answers, and it asks again"])
def test_an_answer_to_what_is_no_longer_asked_is_kept_and_not_offered_again(
    client: FlaskClient, board: OpenSession, asking: str, does: str
) -> None:
    form = {"answer": answer_button(client.get(asking.removesuffix("/comments")).text)}
    with board() as session:
        ticket = session.scalars(select(Ticket)).one()
        ticket.resume(ANN, "The second.")
        if does != "answers":
            run_stage(session, ticket).ask_attention("And now?")
    before = said(board)
    page = client.post(asking, data={**form, "content": "The first.", "submission_id": "1"})
    assert page.status_code == 409
    assert "no longer where it was" in page.text
    assert "The first.</textarea>" in page.text
    assert 'name="answer"' not in page.text
    assert said(board) == before


def test_blanks_are_no_answer(client: FlaskClient, board: OpenSession, asking: str) -> None:
    position = answer_button(client.get(asking.removesuffix("/comments")).text)
    page = client.post(asking, data={"content": " \n ", "answer": position})
    assert page.status_code == 422
    assert state(board) == "on_hold"


def test_only_a_ticket_that_asks_offers_it(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ready, held = make_ticket(session), make_ticket(session)
        held.hold(ANN)
        ids = ready.ticket_id, held.ticket_id
    for ticket_id in ids:
        assert "Answer with this" not in client.get(f"/tickets/{ticket_id}").text


def test_a_poll_brings_the_offer_to_a_page_that_is_open(client: FlaskClient, asking: str) -> None:
    region = client.get(asking.removesuffix("/comments"), headers=HTMX).text
    buttons = between(region, 'id="comment-buttons"', "</div>")
    assert "hx-swap-oob" in buttons
    assert "Answer with this" in buttons


def test_an_author_edits_a_comment_and_everybody_sees_what_it_said(
    client: FlaskClient, board: OpenSession, sign_in: SignIn
) -> None:
    with board() as session:
        ticket = make_ticket(session)
        ticket_id, comment_id = ticket.ticket_id, ticket.say("Old <words>", ANN)
    address = f"/comments/{comment_id}/edit"
    assert address in client.get(f"/tickets/{ticket_id}").text
    assert "Old &lt;words&gt;" in client.get(address).text
    answer = client.post(address, data={"content": "New words"})
    assert answer.status_code == 303
    assert answer.location.endswith(f"/tickets/{ticket_id}#c-{comment_id}")
    viewer = sign_in("viewer")
    page = viewer.get(f"/tickets/{ticket_id}").text
    assert "New words" in page
    assert address not in page
    assert f"/comments/{comment_id}/history" in page
    told = viewer.get(f"/comments/{comment_id}/history").text
    assert "New" in told
    assert "Old" in told


def test_a_withdrawn_comment_leaves_a_note(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket = make_ticket(session)
        ticket_id, comment_id = ticket.ticket_id, ticket.say("The key is hunter2", ANN)
    assert client.post(f"/comments/{comment_id}/withdraw").status_code == 303
    page = client.get(f"/tickets/{ticket_id}").text
    assert "hunter2" not in page
    assert "Withdrawn by its author" in page
    assert client.post(f"/comments/{comment_id}/withdraw").status_code == 409


def test_nobody_else_edits_it(board: OpenSession, sign_in: SignIn) -> None:
    with board() as session:
        comment_id = make_ticket(session).say("Mine", ANN)
    other = sign_in("admin", "bob")
    assert other.get(f"/comments/{comment_id}/edit").status_code == 403
    assert other.post(f"/comments/{comment_id}/withdraw").status_code == 403
    assert other.get("/comments/999/history").status_code == 404
