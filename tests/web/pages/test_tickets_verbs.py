"""Stepping in: each verb by its button, its page without JavaScript, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import pipeline
from app.actor import Actor
from app.models import Comment, StageRun, Ticket, TicketDependency
from app.queries.tickets.view import position_of
from tests.conftest import OpenSession
from tests.factories import ANN, GATE, make_project, make_ticket, run_stage
from tests.pages import between, error_at

SITUATIONS = (
    "ready",
    "backoff",
    "waiting",
    "running",
    "blocked",
    "on_hold",
    "stopped",
    "completed",
)

OFFERED = {
    "ready": {"hold", "complete", "stop"},
    "backoff": {"retry", "hold", "complete", "stop"},
    "waiting": {"complete", "send-back", "hold", "stop"},
    "running": {"hold", "stop"},
    "blocked": {"hold", "stop"},
    "on_hold": {"resume", "stop"},
    "stopped": {"reopen"},
    "completed": {"reopen"},
}
VERBS = set().union(*OFFERED.values())


def ticket_in(board: OpenSession, situation: str) -> str:
    """The id of a ticket in that situation."""
    with board() as session:
        plan = ["implementation", GATE] if situation == "waiting" else ["implementation", "review"]
        ticket = make_ticket(session, plan=plan)
        if situation == "waiting":
            run_stage(session, ticket).complete()
        elif situation == "running":
            run_stage(session, ticket)
        elif situation == "backoff":
            run_stage(session, ticket).fail("no network")
        elif situation == "blocked":
            ticket.block_by(make_ticket(session, plan=[GATE]).ticket_id, ANN)
        elif situation == "on_hold":
            run_stage(session, ticket).ask_attention("Which one?")
        elif situation == "stopped":
            ticket.stop(ANN)
        elif situation == "completed":
            run_stage(session, ticket).complete()
            run_stage(session, ticket).complete()
        return ticket.ticket_id


def seen(client: FlaskClient, ticket_id: str, verb: str) -> str:
    """What the verb's form says of the position that it was drawn for."""
    form = client.get(f"/tickets/{ticket_id}/{verb}").text
    return between(form, 'name="seen" value="', '"')


def send(client: FlaskClient, ticket_id: str, verb: str, **form: str) -> TestResponse:
    """Open a verb's form, and send it."""
    form = {"seen": seen(client, ticket_id, verb), **form}
    return client.post(f"/tickets/{ticket_id}/{verb}", data=form)


def state_of(board: OpenSession, ticket_id: str) -> tuple[str, str | None, int]:
    with board() as session:
        ticket = session.get_one(Ticket, ticket_id)
        return ticket.state, ticket.resolution, ticket.completed_stages


def comments_of(board: OpenSession, ticket_id: str) -> list[str]:
    with board() as session:
        found = select(Comment.content).where(Comment.ticket_id == ticket_id).order_by(Comment.id)
        return list(session.scalars(found))


@pytest.mark.parametrize("situation", SITUATIONS)
def test_only_verbs_that_apply_are_offered_and_each_has_a_page(
    client: FlaskClient, board: OpenSession, situation: str
) -> None:
    ticket_id = ticket_in(board, situation)
    page = client.get(f"/tickets/{ticket_id}").text
    actions = between(page, 'id="ticket-actions"', "</details>")
    actions += between(page, 'class="plan"', "</ol>")
    offered = {verb for verb in VERBS if f'/tickets/{ticket_id}/{verb}"' in actions}
    assert offered == OFFERED[situation]
    for verb in VERBS - {"retry"}:
        expected = 200 if verb in offered else 409
        assert client.get(f"/tickets/{ticket_id}/{verb}").status_code == expected
        dialog = f'id="dialog-{verb}"' in page
        assert dialog == (verb in offered)


def test_a_gate_is_approved_with_a_comment(client: FlaskClient, board: OpenSession) -> None:
    ticket_id = ticket_in(board, "waiting")
    page = client.get(f"/tickets/{ticket_id}/complete").text
    assert "will be closed" in page
    assert send(client, ticket_id, "complete", comment="Ship it.").status_code == 303
    assert state_of(board, ticket_id) == ("closed", "completed", 2)
    assert comments_of(board, ticket_id) == ["Ship it."]


def test_an_approval_sent_twice_completes_one_stage(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket_id = make_ticket(session, plan=[GATE, GATE, GATE]).ticket_id
    form = {"seen": seen(client, ticket_id, "complete"), "comment": "Fine."}
    assert client.post(f"/tickets/{ticket_id}/complete", data=form).status_code == 303
    again = client.post(f"/tickets/{ticket_id}/complete", data=form)
    assert again.status_code == 409
    assert f"{ticket_id} is no longer where it was" in again.text
    assert "Fine." in again.text
    assert state_of(board, ticket_id) == ("open", None, 1)
    assert comments_of(board, ticket_id) == ["Fine."]


def test_any_stage_may_be_completed_by_hand(client: FlaskClient, board: OpenSession) -> None:
    ticket_id = ticket_in(board, "ready")
    send(client, ticket_id, "complete", comment="")
    assert state_of(board, ticket_id) == ("open", None, 1)
    assert comments_of(board, ticket_id) == []


def test_a_running_stage_is_not_completed_by_hand(client: FlaskClient, board: OpenSession) -> None:
    ticket_id = ticket_in(board, "running")
    with board() as session:
        position = position_of(session, session.get_one(Ticket, ticket_id))
    form = {"seen": position, "comment": "Mine."}
    page = client.post(f"/tickets/{ticket_id}/complete", data=form)
    assert page.status_code == 409
    assert "hold it first" in page.text
    assert "Mine." in page.text


def test_a_ticket_is_sent_back_with_a_reason(client: FlaskClient, board: OpenSession) -> None:
    ticket_id = ticket_in(board, "waiting")
    address = f"/tickets/{ticket_id}/send-back"
    assert "1. implementation" in client.get(address).text
    assert send(client, ticket_id, "send-back", to_stage="1", reason="Not yet.").status_code == 303
    assert state_of(board, ticket_id) == ("open", None, 0)
    assert comments_of(board, ticket_id) == ["Not yet."]
    with board() as session:
        last = session.scalars(select(StageRun).order_by(StageRun.run_id.desc())).first()
        assert last is not None
        assert (last.outcome, last.worker_type) == ("returned", GATE)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"to_stage": "1", "reason": ""}, "send-back-reason"),
        ({"to_stage": "2", "reason": "why"}, "send-back-to"),
        ({"to_stage": "x", "reason": "why"}, "send-back-to"),
        ({"reason": "why"}, "send-back-to"),
        ({"to_stage": "1", "reason": "x" * 4_001}, "send-back-reason"),
    ],
)
def test_a_bad_return_is_refused_and_kept(
    client: FlaskClient, board: OpenSession, form: dict[str, str], field: str
) -> None:
    ticket_id = ticket_in(board, "waiting")
    page = send(client, ticket_id, "send-back", **form)
    assert page.status_code == 422
    assert error_at(page.text, field)
    assert form["reason"] in page.text
    assert state_of(board, ticket_id) == ("open", None, 1)


def test_hold_takes_a_running_stage_back_and_says_so_before(
    client: FlaskClient, board: OpenSession
) -> None:
    ticket_id = ticket_in(board, "running")
    assert "is working on it" in client.get(f"/tickets/{ticket_id}/hold").text
    form = {"seen": seen(client, ticket_id, "hold"), "reason": "Wait."}
    assert client.post(f"/tickets/{ticket_id}/hold", data=form).status_code == 303
    assert state_of(board, ticket_id)[0] == "on_hold"
    again = client.post(f"/tickets/{ticket_id}/hold", data={**form, "reason": "Wait more."})
    assert again.status_code == 409
    assert "Wait more." in again.text


def test_an_answer_resumes_and_is_kept_as_a_comment(
    client: FlaskClient, board: OpenSession
) -> None:
    ticket_id = ticket_in(board, "on_hold")
    assert "Which one?" in client.get(f"/tickets/{ticket_id}/resume").text
    send(client, ticket_id, "resume", answer="The first.")
    assert state_of(board, ticket_id)[0] == "open"
    assert comments_of(board, ticket_id) == ["Which one?", "The first."]


def test_retry_now_needs_no_form(client: FlaskClient, board: OpenSession) -> None:
    ticket_id = ticket_in(board, "backoff")
    page = client.get(f"/tickets/{ticket_id}").text
    form = {"seen": between(page, 'name="seen" value="', '"')}
    assert client.post(f"/tickets/{ticket_id}/retry", data=form).status_code == 303
    assert "ready" in between(
        client.get(f"/tickets/{ticket_id}").text, 'id="ticket-state"', "</span>"
    )
    assert client.post(f"/tickets/{ticket_id}/retry", data=form).status_code == 409


def test_closing_says_what_is_lost_and_frees_who_waits(
    client: FlaskClient, board: OpenSession
) -> None:
    ticket_id = ticket_in(board, "running")
    with board() as session:
        waiting = make_ticket(session)
        waiting.block_by(ticket_id, ANN)
        waiting_id = waiting.ticket_id
    page = client.get(f"/tickets/{ticket_id}/stop").text
    assert "2 of 2 stages are not done: implementation, review" in " ".join(page.split())
    assert f"{waiting_id} will no longer wait" in page
    send(client, ticket_id, "stop", reason="Nobody needs it.")
    assert state_of(board, ticket_id) == ("closed", "stopped", 0)
    with board() as session:
        assert session.get_one(Ticket, waiting_id).open_blockers == 0


def test_a_closed_ticket_is_reopened(client: FlaskClient, board: OpenSession) -> None:
    ticket_id = ticket_in(board, "completed")
    assert "continues at stage 2" in client.get(f"/tickets/{ticket_id}/reopen").text
    send(client, ticket_id, "reopen", reason="One more thing.")
    assert state_of(board, ticket_id) == ("open", None, 1)
    assert comments_of(board, ticket_id) == ["One more thing."]


def test_dependencies_are_added_both_ways_and_removed(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
        here, before, after = (make_ticket(session).ticket_id for _ in range(3))
    address = f"/tickets/{here}/dependencies"
    for relation, other in (("waits-for", before), ("blocks", after)):
        form = {"relation": relation, "other_id": other}
        assert client.post(address, data=form).status_code == 303
    with board() as session:
        pairs = session.execute(
            select(TicketDependency.ticket_id, TicketDependency.blocked_by_id)
        ).all()
        assert {tuple(pair) for pair in pairs} == {(here, before), (after, here)}
    for relation, other in (("waits-for", before), ("blocks", after)):
        form = {"relation": relation, "other_id": other}
        assert client.post(f"{address}/remove", data=form).status_code == 303
    with board() as session:
        assert not session.scalars(select(TicketDependency)).all()


def test_related_tickets_are_linked_and_no_longer(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
        here, other = make_ticket(session).ticket_id, make_ticket(session).ticket_id
    address, form = f"/tickets/{here}/dependencies", {"relation": "related", "other_id": other}
    assert client.post(address, data=form).status_code == 303
    for ticket_id, linked in ((here, other), (other, here)):
        assert f'id="related-{linked}"' in client.get(f"/tickets/{ticket_id}").text
    assert client.post(address, data=form).status_code == 409
    back = {"relation": "related", "other_id": here}
    assert client.post(f"/tickets/{other}/dependencies/remove", data=back).status_code == 303
    assert f'id="related-{other}"' not in client.get(f"/tickets/{here}").text


def test_a_cycle_itself_a_stranger_and_a_double_are_refused(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
        here, other = make_ticket(session), make_ticket(session)
        other.block_by(here.ticket_id, ANN)
        stranger = make_ticket(session, project="acme/api").ticket_id
        here_id, other_id = here.ticket_id, other.ticket_id
    address = f"/tickets/{here_id}/dependencies"
    for relation, typed_id, status, words in (
        ("waits-for", other_id, 422, "neither could ever start"),
        ("waits-for", here_id, 422, "can't wait for itself"),
        ("waits-for", stranger, 422, "has no ticket"),
        ("blocks", stranger, 422, "has no ticket"),
        ("blocks", other_id, 409, "already waits for"),
        ("waits-for", "NO-1", 422, "has no ticket NO-1"),
        ("related", here_id, 422, "can't be related to itself"),
        ("related", "NO-1", 422, "has no ticket NO-1"),
        ("waits-for", "a\x00", 422, "looks like WEB-12"),
    ):
        form = {"relation": relation, "other_id": typed_id}
        page = client.post(address, data=form)
        assert page.status_code == status
        assert words in error_at(page.text, "dependency-other").replace("&#39;", "'")
        if "\x00" not in typed_id:
            assert f'value="{typed_id}"' in page.text
    assert client.post(address, data={"relation": "x", "other_id": "A"}).status_code == 422
    assert client.post(f"{address}/remove", data={"relation": "x"}).status_code == 422


TOM = Actor.person("tom")


def by_hand(session: Session, ticket: Ticket, back_to: int = 0) -> None:
    run = StageRun.by_person(ticket, TOM)
    run.send_back(back_to, "Not yet.") if back_to else run.complete("Mine.")


def there_and_back(session: Session, ticket: Ticket) -> None:
    by_hand(session, ticket, back_to=1)
    run_stage(session, ticket).complete("Better.")


def ask_again(session: Session, ticket: Ticket) -> None:
    ticket.resume(TOM, "The second.")
    run_stage(session, ticket).ask_attention("And now?")


def fail_again(session: Session, ticket: Ticket) -> None:
    ticket.retry_now(TOM)
    run_stage(session, ticket).fail("It broke again.")


def reopen_and_complete(session: Session, ticket: Ticket) -> None:
    ticket.reopen(TOM)
    by_hand(session, ticket)


MEANWHILE: dict[str, Callable[[Session, Ticket], object]] = {
    "send back": lambda session, ticket: by_hand(session, ticket, back_to=1),
    "complete": by_hand,
    "there and back": there_and_back,
    "claim": run_stage,
    "hold": lambda _, ticket: ticket.hold(TOM),
    "answer": lambda _, ticket: ticket.resume(TOM, "The second."),
    "answer, and another question": ask_again,
    "another failure": fail_again,
    "change the plan": lambda _, ticket: ticket.amend_plan(["implementation", "review", GATE], TOM),
    "reopen and close": reopen_and_complete,
}
"""What someone else does while a person's form is open."""


def as_others_left_it(board: OpenSession, ticket_id: str, does: str) -> None:
    with board() as session:
        MEANWHILE[does](session, session.get_one(Ticket, ticket_id))


LATE = (
    ("waiting", "complete", "comment", "send back"),
    ("waiting", "complete", "comment", "complete"),
    ("waiting", "complete", "comment", "there and back"),
    ("waiting", "complete", "comment", "hold"),
    ("waiting", "send-back", "reason", "send back"),
    ("waiting", "send-back", "reason", "there and back"),
    ("ready", "complete", "comment", "claim"),
    ("ready", "complete", "comment", "change the plan"),
    ("ready", "complete", "comment", "complete"),
    ("ready", "hold", "reason", "claim"),
    ("ready", "stop", "reason", "complete"),
    ("on_hold", "resume", "answer", "answer"),
    ("on_hold", "resume", "answer", "answer, and another question"),
    ("on_hold", "stop", "reason", "answer"),
    ("completed", "reopen", "reason", "reopen and close"),
)


@pytest.mark.parametrize(("situation", "verb", "field", "does"), LATE)
def test_a_decision_that_comes_too_late_is_not_carried_out_nor_offered_as_another(
    client: FlaskClient, board: OpenSession, situation: str, verb: str, field: str, does: str
) -> None:
    ticket_id = ticket_in(board, situation)
    form = {"seen": seen(client, ticket_id, verb), field: "My <b>words</b>.", "to_stage": "1"}
    as_others_left_it(board, ticket_id, does)
    before, said = state_of(board, ticket_id), comments_of(board, ticket_id)
    page = client.post(f"/tickets/{ticket_id}/{verb}", data=form)

    assert page.status_code == 409
    assert "Nothing was changed" in page.text
    assert f"{ticket_id} is no longer where it was" in page.text
    assert "<b>tom</b>" in page.text or "started" in page.text or "failed" in page.text
    main = between(page.text, "<main", "</main>")
    forms = re.findall(r'<form[^>]*action="([^"]*)"', main)
    assert forms == [f"/tickets/{ticket_id}/comments"]
    assert 'name="answer"' not in main
    assert between(main, "<textarea", "</textarea>").endswith("My &lt;b&gt;words&lt;/b&gt;.")
    assert state_of(board, ticket_id) == before
    assert comments_of(board, ticket_id) == said


def test_a_retry_that_comes_too_late_is_told_what_happened(
    client: FlaskClient, board: OpenSession
) -> None:
    ticket_id = ticket_in(board, "backoff")
    page = client.get(f"/tickets/{ticket_id}").text
    form = {"seen": between(page, 'name="seen" value="', '"')}
    as_others_left_it(board, ticket_id, "another failure")
    answer = client.post(f"/tickets/{ticket_id}/retry", data=form)
    assert answer.status_code == 409
    assert "no longer where it was" in answer.text
    assert "<textarea" not in answer.text


def test_a_mistake_in_a_form_that_came_too_late_is_not_asked_to_be_mended(
    client: FlaskClient, board: OpenSession
) -> None:
    ticket_id = ticket_in(board, "waiting")
    form = {"seen": seen(client, ticket_id, "send-back"), "to_stage": "1", "reason": ""}
    as_others_left_it(board, ticket_id, "complete")
    page = client.post(f"/tickets/{ticket_id}/send-back", data=form)
    assert page.status_code == 409
    assert "Nothing was changed" in page.text


def test_heartbeats_edits_and_comments_are_in_nobody_s_way(
    client: FlaskClient, board: OpenSession
) -> None:
    ticket_id = ticket_in(board, "running")
    form = {"seen": seen(client, ticket_id, "hold"), "reason": "Wait."}
    with board() as session:
        ticket = session.get_one(Ticket, ticket_id)
        pipeline.heartbeat(session, ticket.claimed_by or "", None)
        ticket.say("By the way.", ANN)
        ticket.version += 1
    assert client.post(f"/tickets/{ticket_id}/hold", data=form).status_code == 303


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ([GATE], "It stays on the ticket&#39;s timeline."),
        ([GATE, "review"], "The next worker reads it."),
        ([GATE, GATE], f"Whoever decides at {GATE} reads it."),
    ],
)
def test_a_form_says_who_reads_the_comment(
    client: FlaskClient, board: OpenSession, plan: list[str], words: str
) -> None:
    with board() as session:
        ticket_id = make_ticket(session, plan=plan).ticket_id
    for address in (f"/tickets/{ticket_id}", f"/tickets/{ticket_id}/complete"):
        page = client.get(address).text
        hint = between(page, 'id="complete-comment-hint">', "</span>")
        assert hint == f"Optional. {words}"


def test_one_word_for_answering_and_another_for_letting_go_on(
    client: FlaskClient, board: OpenSession
) -> None:
    asked = ticket_in(board, "on_hold")
    with board() as session:
        ticket = make_ticket(session)
        ticket.hold(ANN, "Wait for the vendor.")
        held = ticket.ticket_id
    for ticket_id, word, other in ((asked, "Answer", "Resume"), (held, "Resume", "Answer")):
        for address in (f"/tickets/{ticket_id}", f"/tickets/{ticket_id}/resume"):
            main = between(client.get(address).text, "<main", "</main>")
            assert word in main
            assert other not in main


def test_a_question_is_shown_on_its_answer_page_as_it_was_laid_out(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ticket = make_ticket(session)
        run_stage(session, ticket).ask_attention("Which **one**?\n\n- a\n- b")
        ticket_id = ticket.ticket_id
    page = client.get(f"/tickets/{ticket_id}/resume").text
    assert "<strong>one</strong>" in page
    assert "<li>a</li>" in page


@pytest.mark.parametrize(
    "verb", ["complete", "send-back", "hold", "resume", "retry", "stop", "reopen", "edit", "plan"]
)
def test_an_unknown_ticket_is_not_found(client: FlaskClient, verb: str) -> None:
    assert client.post(f"/tickets/NO-1/{verb}", data={"seen": "1"}).status_code == 404
