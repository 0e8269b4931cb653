"""The timeline on a ticket's page: everything that happened, each fact once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app import clock
from app.actor import Actor
from app.models import Project, StageRun, Ticket, User, WorkerType
from tests.conftest import OpenSession
from tests.factories import ANN, GATE, make_ticket, run_stage
from tests.pages import between, parsed, words
from tests.statements import counting_queries


def story(client: FlaskClient, ticket_id: str) -> str:
    page = client.get(f"/tickets/{ticket_id}").text
    return between(page, 'class="timeline"', "</ol>")


def test_a_stage_done_with_words_is_told_once(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        now = clock.now()
        with clock.at(now - timedelta(hours=2)):
            ticket = make_ticket(session)
            run = run_stage(session, ticket)
        with clock.at(now - timedelta(hours=1)):
            run.complete("It **works**.")
        ticket_id, worker_id = ticket.ticket_id, run.worker_id
    told = story(client, ticket_id)
    assert told.count("<li") == 2
    assert f"implementation {worker_id} finished in 1 h prompt v1" in words(told)
    assert "<strong>works</strong>" in told
    page = client.get(f"/tickets/{ticket_id}").text
    assert "implementation done · 1 h" in words(between(page, 'class="plan"', "</ol>"))
    assert "1 h worked" in words(page)


def test_sent_back_with_a_sentence_is_a_line_with_a_quote(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket = make_ticket(session)
        run_stage(session, ticket).complete()
        run_stage(session, ticket).send_back(1, "Merging twice doubles it.")
        ticket_id = ticket.ticket_id
    told = story(client, ticket_id)
    assert "sent it back to implementation: Merging twice doubles it." in words(told)
    assert told.count("Merging twice") == 1


def test_sent_back_with_a_long_reason_is_a_box(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket = make_ticket(session)
        run_stage(session, ticket).complete()
        run_stage(session, ticket).send_back(1, "Two things:\n\n- one\n- two")
        ticket_id = ticket.ticket_id
    told = story(client, ticket_id)
    assert "sent it back to implementation" in words(told)
    assert "<li>one</li>" in told


def test_lost_attempts_and_refused_reports_are_facts(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket = make_ticket(session)
        run = run_stage(session, ticket)
        run.expire("no heartbeat")
        ticket_id = ticket.ticket_id
        with pytest.raises(Exception, match="is over"):
            run.complete("too late")
    told = words(story(client, ticket_id))
    assert "expired after 0 s, and went back to the queue: no heartbeat" in told
    assert "A late report of implementation" in told
    assert "was refused" in told
    assert "too late" in told


def test_a_question_stands_out_until_it_is_answered(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket = make_ticket(session)
        run_stage(session, ticket).ask_attention("Which one holds?")
        ticket_id = ticket.ticket_id
    page = client.get(f"/tickets/{ticket_id}").text
    note = between(page, 'id="ticket-hold"', "</section>")
    assert "implementation needs a person" in words(note)
    assert "Which one holds?" in note
    assert story(client, ticket_id).count("Which one holds?") == 1
    with board() as session:
        session.get_one(Ticket, ticket_id).resume(ANN, "The first.")
    page = client.get(f"/tickets/{ticket_id}").text
    assert 'id="ticket-hold"' not in page
    assert "ann answered" in words(story(client, ticket_id))


def test_what_a_person_did_is_told_once(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket = make_ticket(session)
        run_stage(session, ticket)
        session.refresh(ticket)
        ticket.hold(ANN, "Wait for the budget.")
        ticket_id = ticket.ticket_id
    told = story(client, ticket_id)
    assert "was given back after" in words(told)
    assert told.count("Wait for the budget.") == 1
    assert words(told).count("put it on hold") == 1


def test_the_whole_life_can_be_read(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket = make_ticket(session, plan=["implementation", GATE])
        other = make_ticket(session)
        ticket.block_by(other.ticket_id, ANN)
        ticket.unblock_from(other.ticket_id, ANN)
        ticket.amend_plan(["implementation", "review", GATE], ANN)
        ticket.edit(ANN, title="T", priority=1)
        run_stage(session, ticket).fail("no network")
        ticket.retry_now(ANN)
        run_stage(session, ticket).complete()
        run_stage(session, ticket).complete()
        StageRun.by_person(ticket, ANN).complete("Ship it.")
        ticket.reopen(ANN, "One more thing.")
        ticket.stop(Actor.person("bob"), "Nobody needs it.")
        ticket_id, other_id = ticket.ticket_id, other.ticket_id
    told = words(story(client, ticket_id))
    for sentence in (
        "ann created it, without a description",
        f"ann: it waits for {other_id}",
        f"ann: it no longer waits for {other_id}",
        "ann changed the plan: implementation, approval → implementation, review, approval",
        "ann edited it",
        "failed after 0 s: no network",
        "ann: the next attempt may start",
        "finished in 0 s",
        "approval ann approved",
        "Every stage is done: the ticket is closed",
        "ann reopened it",
        "bob closed it: Nobody needs it.",
    ):
        assert sentence in told


def test_a_long_story_is_cut_at_its_beginning(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket = make_ticket(session)
        start = clock.now() - timedelta(days=1)
        for number in range(260):
            with clock.at(start + timedelta(seconds=2 * number)):
                ticket.say(f"remark {number}.", ANN)
        ticket_id = ticket.ticket_id
    told = story(client, ticket_id)
    assert "remark 259." in told
    assert "remark 60." in told
    assert "remark 9." not in told
    assert "Only the newest entries are shown" in told
    told = between(client.get(f"/tickets/{ticket_id}?all=1").text, 'class="timeline"', "</ol>")
    assert told.index("remark 0.") < told.index("remark 259.")
    assert "Only the newest" not in told


def test_letting_go_on_what_a_person_held_is_no_answer(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket = make_ticket(session)
        ticket.hold(ANN)
        ticket.resume(ANN, "Go on.")
        run_stage(session, ticket).ask_attention("Which?")
        ticket.resume(ANN)
        ticket_id = ticket.ticket_id
    told = words(story(client, ticket_id))
    assert "ann resumed it" in told
    assert "ann answered, without a comment" in told


def test_a_stage_completed_by_hand_is_not_called_approved(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket = make_ticket(session, ["implementation", GATE, "review"])
        StageRun.by_person(ticket, ANN).complete()
        StageRun.by_person(ticket, ANN).complete()
        ticket_id = ticket.ticket_id
    page = client.get(f"/tickets/{ticket_id}").text
    told = words(story(client, ticket_id))
    assert "implementation by ann completed by hand" in told
    assert "approval by ann approved" in told
    plan = words(between(page, 'aria-label="Execution plan"', "</ol>"))
    assert "done by ann" in plan
    assert "approved by ann" in plan


@pytest.mark.parametrize(
    ("allowed", "words_of_plan"), [(3, "3 failed attempts"), (2, "3 failed attempts")]
)
def test_no_attempt_beyond_those_allowed_is_told_of(
    client: FlaskClient, board: OpenSession, allowed: int, words_of_plan: str
) -> None:
    with board() as session:
        ticket = make_ticket(session)
        for _ in range(3):
            ticket.backoff_until = None
            session.flush()
            run_stage(session, ticket).fail("429 too many requests")
        session.execute(update(WorkerType).values(max_attempts=allowed))
        ticket_id = ticket.ticket_id
    told = words(client.get(f"/tickets/{ticket_id}").text)
    assert words_of_plan in told
    assert "attempt 4" not in told
    for address in ("/inbox", "/"):
        listed = words(client.get(address).text)
        assert ("3 of 3 failed" if allowed == 3 else "3 failed") in listed
        assert "3 of 2" not in listed


@pytest.mark.parametrize("way", ["fail", "hold", "reopen", "stop"])
def test_a_longer_reason_is_laid_out_as_its_writer_wanted(
    client: FlaskClient, board: OpenSession, way: str
) -> None:
    reason = "It **broke**:\n\n- here\n- there"
    with board() as session:
        ticket = make_ticket(session)
        if way == "fail":
            run_stage(session, ticket).fail(reason)
        elif way == "hold":
            ticket.hold(ANN, reason)
        else:
            ticket.stop(ANN, reason)
            if way == "reopen":
                ticket.reopen(ANN, reason)
        ticket_id = ticket.ticket_id
    told = story(client, ticket_id)
    assert "<strong>broke</strong>" in told
    assert "<li>here</li>" in told
    assert "**" not in told


def test_one_stage_shows_its_part_of_the_story(client: FlaskClient, board: OpenSession) -> None:
    """What was said between two runs belongs to the stage that is done next: its worker reads
    it."""
    now = clock.now()
    with board() as session:
        with clock.at(now - timedelta(hours=9)):
            ticket = make_ticket(session, description="All of it.")
        steps = (
            lambda: ticket.say("Before the first.", ANN),
            lambda: run_stage(session, ticket).complete("Built."),
            lambda: ticket.say("Look at the edges.", ANN),
            lambda: run_stage(session, ticket).send_back(1, "Not yet,\n\nsee above."),
            lambda: ticket.say("Once more.", ANN),
        )
        for hour, step in enumerate(steps):
            with clock.at(now - timedelta(hours=8 - hour)):
                step()
        ticket_id = ticket.ticket_id

    def shown(stage: str) -> str:
        page = client.get(f"/tickets/{ticket_id}?stage={stage}").text
        return words(between(page, 'id="ticket-story"', "</section>"))

    first, second, all_of_it = shown("1"), shown("2"), shown("3")
    assert "Only stage 1, implementation, is shown. Show all" in first
    for told in ("Before the first.", "Built.", "Once more."):
        assert told in first
        assert told not in second
    for told in ("Look at the edges.", "Not yet,"):
        assert told in second
        assert told not in first
    assert "All of it." not in first
    assert "All of it." in all_of_it
    assert "is shown" not in all_of_it
    page = client.get(f"/tickets/{ticket_id}?stage=2", headers={"HX-Request": "true"}).text
    assert "stage=2&amp;v=" in between(page, 'hx-get="', '"')
    assert f'href="/tickets/{ticket_id}?stage=1"' in page


def test_texts_lead_to_the_tickets_that_they_name_and_tell_how_they_stand(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket = make_ticket(session, description="After WEB-2, not `WEB-2`, HID-1 or web-2.")
        other = make_ticket(session, title="<b>Other</b>")
        make_ticket(session, project="acme/hidden", ticket_id="HID-1")
        Project.lock(session, "acme/hidden").limit_to_members(ANN)
        ticket.relate_to(other.ticket_id, ANN)
        ticket.say("| WEB-2 | @Bob @nan |\n|---|---|", ANN)
        run_stage(session, ticket).fail("see WEB-2")
        other.stop(ANN)
        User.create(session, name="bob", role="member", actor=ANN, display_name="Bob B.")
    told = parsed(story(client, "WEB-1"))

    links = told.select("a.reference")
    assert [link["href"] for link in links] == ["/tickets/WEB-2"] * 4
    assert {link["title"] for link in links} == {"<b>Other</b> (stopped)"}
    assert words(str(links[0])) == "WEB-2 (stopped)"
    (mention,) = told.select(".mention")
    assert (mention.text, mention["title"]) == ("@Bob", "Bob B.")
    assert "@nan" in told.text
    form = {"content": "WEB-2 and @bob", "preview": "1"}
    preview = client.post("/tickets/WEB-1/comments", data=form, headers={"HX-Request": "true"})
    assert len(parsed(preview.text).select(".reference, .mention")) == 2


def test_texts_that_name_many_things_cost_two_statements(
    client: FlaskClient, board: OpenSession, app: Flask
) -> None:
    with board() as session:
        plain = make_ticket(session)
        naming = make_ticket(session)
        for number in range(20):
            plain.say("Nothing.", ANN)
            naming.say(f"WEB-{number} @p{number} " * 20, ANN)

    def sent_for(ticket_id: str) -> int:
        client.get(f"/tickets/{ticket_id}")
        with counting_queries(app) as sent:
            assert client.get(f"/tickets/{ticket_id}").status_code == 200
        return len(sent)

    assert sent_for("WEB-2") == sent_for("WEB-1") + 2
