"""A ticket's own page: its plan, its story, its facts, and its refreshing by itself."""

from __future__ import annotations

from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.models import Project, Ticket
from app.queries.tickets.brief import COMMENTS_MAX, assignment
from tests.conftest import OpenSession, SignIn
from tests.factories import (
    ANN,
    claim,
    make_project,
    make_ticket,
    make_worker,
    run_stage,
)
from tests.pages import between, without_tokens, words
from tests.statements import counting_queries
from tests.web.pages.test_tickets_story import story

HTMX = {"HX-Request": "true"}


def test_an_unknown_ticket_is_not_found(client: FlaskClient) -> None:
    for address in ("/tickets/WEB-9", "/tickets/%3Cscript%3E", "/tickets/a%20b"):
        page = client.get(address)
        assert page.status_code == 404
        assert "<script>" not in page.text


def test_an_id_typed_in_another_case_leads_to_the_ticket(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, ticket_id="WEB-22a")
    for typed in ("web-22a", "WEB-22A", "Web-22a"):
        answer = client.get(f"/tickets/{typed}?all=1")
        assert (answer.status_code, answer.location) == (302, "/tickets/WEB-22a?all=1")
    assert client.get("/tickets/web-22a/edit").location == "/tickets/WEB-22a/edit"
    assert client.get("/tickets/WEB-22a").status_code == 200
    assert client.get("/tickets/web-22").status_code == 404
    assert client.post("/tickets/web-22a/hold", data={"reason": "x"}).status_code == 404
    assert client.get("/tickets/web-22a", headers=HTMX).status_code == 404


def test_an_id_that_could_be_either_of_two_leads_to_neither(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        for ticket_id in ("WEB-7", "web-7"):
            make_ticket(session, ticket_id=ticket_id)
    assert client.get("/tickets/Web-7").status_code == 404
    assert client.get("/tickets/web-7").status_code == 200


def test_what_one_may_not_see_is_missing_in_another_case_too(
    sign_in: SignIn, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, ticket_id="LOST-1", project="acme/hidden")
        Project.lock(session, "acme/hidden").limit_to_members(ANN)
        make_ticket(session, ticket_id="WEB-1")
        make_ticket(session, ticket_id="web-1", project="acme/hidden")
    viewer = sign_in("viewer")
    missing = viewer.get("/tickets/none-1")
    for typed in ("lost-1", "LOST-1"):
        answer = viewer.get(f"/tickets/{typed}")
        assert answer.status_code == 404
        assert without_tokens(answer.text.replace(typed, "none-1")) == without_tokens(missing.text)
    assert viewer.get("/tickets/web-1").location == "/tickets/WEB-1"
    assert sign_in("admin").get("/tickets/lost-1").location == "/tickets/LOST-1"


def test_a_new_ticket_says_who_created_it_and_what_is_next(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket_id = make_ticket(session, title="Keep <b>it</b>", description="Do *this*.").ticket_id
    page = client.get(f"/tickets/{ticket_id}").text
    assert "Keep &lt;b&gt;it&lt;/b&gt;" in page
    told = story(client, ticket_id)
    assert "<em>this</em>" in told
    assert "by ann" in words(told)
    assert told.count("<li") == 1, "that it was created is told by its description"
    assert "implementation ready" in words(between(page, 'class="plan"', "</ol>"))


def test_who_holds_it_stands_there_with_the_lease(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket = make_ticket(session)
        run = run_stage(session, ticket)
        ticket_id, worker_id = ticket.ticket_id, run.worker_id
    page = client.get(f"/tickets/{ticket_id}").text
    held = between(page, "Held by", "<dt>")
    assert f'href="/workers/{worker_id}"' in held
    assert "lease ends in" in words(held)
    assert f"implementation by {worker_id} is running" in words(story(client, ticket_id))


def test_relations_lead_both_ways(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
        parent = make_ticket(session, title="The whole")
        ticket = make_ticket(session, parent_id=parent.ticket_id)
        child = make_ticket(session, parent_id=ticket.ticket_id, title="A piece")
        before, after = make_ticket(session, title="Before"), make_ticket(session, title="After")
        ticket.block_by(before.ticket_id, ANN)
        after.block_by(ticket.ticket_id, ANN)
        child.stop(ANN)
        here, above = ticket.ticket_id, parent.ticket_id
    facts = between(client.get(f"/tickets/{here}").text, 'id="ticket-facts"', "</aside>")
    for title in ("The whole", "A piece", "Before", "After"):
        assert title in facts
    assert "1 of 1 closed" in words(facts)
    assert "0 of 1 closed" in words(client.get(f"/tickets/{above}").text)


def test_what_the_next_worker_reads(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session, rules="Test first.", patterns="Small commits.")
        ticket = make_ticket(session, description="The wish <b>")
        ticket.say("A hint", ANN)
        ticket_id = ticket.ticket_id
    page = client.get(f"/tickets/{ticket_id}").text
    assert "1 comment" in words(between(page, 'id="ticket-brief"', "</details>"))
    brief = client.get(f"/tickets/{ticket_id}/brief").text
    for text in ("You do implementation.", "Test first.", "Small commits.", "A hint"):
        assert text in brief
    assert "The wish &lt;b&gt;" in brief
    assert "1. implementation (yours)" in brief


def test_the_brief_is_what_a_claim_answers(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session, rules="Test first.", patterns="Small commits.")
        before = make_ticket(session, ["review"], title="Goes first")
        ticket = make_ticket(session, description="The wish")
        ticket.block_by(before.ticket_id, ANN)
        before.stop(ANN)
        for number in range(COMMENTS_MAX + 1):
            ticket.say(f"Hint {number}.", ANN)
        ticket_id, before_id = ticket.ticket_id, before.ticket_id
    brief = unescape(client.get(f"/tickets/{ticket_id}/brief").text)
    page = words(client.get(f"/tickets/{ticket_id}").text)
    with board() as session:
        run = run_stage(session, session.get_one(Ticket, ticket_id))
        told = assignment(session, run.run_id)
    assert told["system_prompt"] in brief
    assert [row.title for row in told["blocked_by"]] == ["Goes first"]
    assert f"{before_id} (closed) Goes first" in brief
    assert all(comment.content in brief for comment in told["comments"])
    assert "Hint 0." not in brief
    assert "Left out: 1." in brief
    assert f"{COMMENTS_MAX} comments" in page


@pytest.mark.usefixtures("new_minute")
def test_an_open_page_asks_and_gets_nothing_until_something_changed(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    page = client.get(f"/tickets/{ticket_id}").text
    region = between(page, 'id="ticket-story"', ">")
    url = between(region, 'hx-get="', '"').replace("&amp;", "&")
    same = client.get(url, headers=HTMX)
    assert (same.status_code, same.data) == (204, b"")
    with board() as session:
        session.get_one(Ticket, ticket_id).hold(ANN)
    changed = client.get(url, headers=HTMX)
    assert changed.status_code == 200
    assert "<html" not in changed.text
    assert "on hold" in between(changed.text, 'id="ticket-state"', "</span>")
    assert 'id="ticket-story"' in changed.text
    assert changed.text.count("hx-swap-oob") == 8
    assert "comment-form" not in changed.text, "what someone is typing stays as it is"


def test_an_open_page_costs_one_look_while_nothing_changes(
    app: Flask, client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    page = client.get(f"/tickets/{ticket_id}").text
    url = between(between(page, 'id="ticket-story"', ">"), 'hx-get="', '"').replace("&amp;", "&")
    client.application.extensions["callboard.next_sweep"] = float("inf")
    try:
        with counting_queries(app) as sent:
            client.get(url, headers=HTMX)
    finally:
        client.application.extensions["callboard.next_sweep"] = 0.0
    assert len([statement for statement in sent if "FROM tickets" in statement]) == 1
    assert len(sent) == 2
    assert "FROM user_sessions" in sent[0]


def test_the_page_costs_the_same_however_much_happened(
    app: Flask, client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket = make_ticket(session)
        worker = make_worker(session)
        ticket_id, worker_id = ticket.ticket_id, worker.worker_id
        claim(session, worker).complete("done")
    client.get(f"/tickets/{ticket_id}")
    with counting_queries(app) as few:
        client.get(f"/tickets/{ticket_id}")
    with board() as session:
        ticket = session.get_one(Ticket, ticket_id)
        for number in range(10):
            ticket.say(f"{number}", ANN)
            make_ticket(session).block_by(ticket_id, ANN)
        assert worker_id
    with counting_queries(app) as many:
        client.get(f"/tickets/{ticket_id}")
    assert len(many) == len(few)
    assert len(few) <= 15, "one of them may look for overdue leases"


def test_a_stage_says_its_attempts_and_returns(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket = make_ticket(session)
        run_stage(session, ticket).expire("gone")
        run_stage(session, ticket).complete()
        run_stage(session, ticket).send_back(1, "no")
        run_stage(session, ticket).complete()
        run_stage(session, ticket).complete()
        tried = make_ticket(session)
        run_stage(session, tried).expire("gone")
        done_id, tried_id = ticket.ticket_id, tried.ticket_id
    page = client.get(f"/tickets/{done_id}").text
    plan = words(between(page, 'class="plan"', "</ol>"))
    assert "implementation done · 0 s · 2 attempts" in plan
    assert "review done · 0 s · sent back once" in plan
    page = client.get(f"/tickets/{tried_id}").text
    assert "alive · attempt 2 of 3" in words(between(page, 'class="plan"', "</ol>"))
