"""What a description said before, on a page of its own."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from app.actor import Actor
from app.models import DescriptionVersion, Ticket
from tests.conftest import OpenSession, SignIn
from tests.factories import ANN, make_ticket
from tests.pages import between, parsed, words
from tests.statements import counting_queries


def edited(board: OpenSession) -> str:
    """A ticket whose description was edited twice."""
    with board() as session:
        ticket = make_ticket(session, description="Keep the cart.\nAlways.")
        ticket.edit(ANN, description="Keep the basket.\nAlways.\n<b>Even now.</b>")
        ticket.edit(Actor.person("bob"), description="Keep the basket.\n<b>Even now.</b>")
        return ticket.ticket_id


def test_the_timeline_leads_to_what_an_edit_changed(
    client: FlaskClient, board: OpenSession
) -> None:
    ticket_id = edited(board)
    page = client.get(f"/tickets/{ticket_id}").text
    told = between(page, 'class="timeline"', "</ol>")
    assert "ann edited it: description (lines: 2 added, 1 removed)" in words(told)
    assert "bob edited it: description (lines: 1 removed)" in words(told)
    links = [link["href"] for link in parsed(told).select(".fact a")]
    first = client.get(links[0]).text
    assert "−Keep the cart." in words(between(first, '<tr class="removed">', "</tr>"))
    assert "&lt;b&gt;Even now.&lt;/b&gt;" in first
    assert "<ins>basket</ins>" in first
    assert "Keep the cart. Always." in words(between(first, "<pre", "</pre>"))
    second = client.get(links[1]).text
    assert words(between(second, '<tr class="removed">', "</tr>")) == "2−Always."


def test_it_opens_at_the_newest_edit_and_lists_all(client: FlaskClient, board: OpenSession) -> None:
    ticket_id = edited(board)
    header = parsed(client.get(f"/tickets/{ticket_id}").text).select_one("#description header")
    assert header
    page = parsed(client.get(header.a["href"]).text)
    listed = page.select('section[aria-labelledby="edits"] li')
    assert [item.select_one("a, b").text for item in listed] == ["bob", "ann"]
    assert listed[0].b["aria-current"] == "true"


def test_what_is_no_longer_kept_is_said(client: FlaskClient, board: OpenSession) -> None:
    ticket_id = edited(board)
    with board() as session:
        oldest = session.scalars(select(DescriptionVersion.id)).first()
        session.execute(delete(DescriptionVersion).filter_by(id=oldest))
    for asked in (oldest, "9" * 40, "<b>"):
        page = client.get(f"/tickets/{ticket_id}/description/history?edit={asked}")
        assert page.status_code == 404
        assert "no longer kept" in page.text
        assert "Edited by bob" in words(page.text)


def test_a_description_that_was_never_edited_has_no_history(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket_id = make_ticket(session, description="As it is").ticket_id
    assert "description/history" not in client.get(f"/tickets/{ticket_id}").text
    page = client.get(f"/tickets/{ticket_id}/description/history")
    assert page.status_code == 200
    assert "No earlier text" in page.text


def test_a_description_that_was_emptied_can_be_read(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket = make_ticket(session, description="As it was")
        ticket.edit(ANN, description="")
        ticket_id = ticket.ticket_id
    told = between(client.get(f"/tickets/{ticket_id}").text, 'id="description"', "</li>")
    assert "ann created it; its description was emptied" in words(told)
    assert "As it was" in client.get(parsed(told).a["href"]).text


def test_a_lead_deletes_what_nobody_shall_read(
    client: FlaskClient, board: OpenSession, sign_in: SignIn
) -> None:
    ticket_id = edited(board)
    address = f"/tickets/{ticket_id}/description"
    assert "/description/forget" not in sign_in("member").get(f"{address}/history").text
    form = parsed(client.get(f"{address}/history").text).select_one("main form")
    assert form
    answer = client.post(form["action"])
    assert answer.location.endswith(f"/tickets/{ticket_id}")
    client.post(form["action"])  # there is nothing left, so nothing is told
    told = words(client.get(f"/tickets/{ticket_id}").text)
    assert told.count("ann deleted what the description said before") == 1
    page = client.get(f"{address}/history?edit=1")
    assert page.status_code == 404
    assert "No earlier text" in page.text
    with board() as session:
        assert session.scalars(select(DescriptionVersion)).all() == []


def test_many_edits_take_no_more_statements(
    app: Flask, client: FlaskClient, board: OpenSession
) -> None:
    ticket_id = edited(board)
    address = f"/tickets/{ticket_id}/description/history"
    with counting_queries(app) as few:
        client.get(address)
    with board() as session:
        for number in range(20):
            Ticket.get(session, ticket_id).edit(ANN, description=f"Text {number}")
    with counting_queries(app) as many:
        client.get(address)
    assert len(many) == len(few)
