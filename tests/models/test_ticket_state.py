"""A ticket's state: hold, resume, stop, reopen."""

import pytest
from sqlalchemy import select

from app import pipeline
from app.actor import Actor
from app.errors import Conflict, Invalid, RunNotCurrent
from app.models import Worker, WorkerType
from tests.factories import ANN, PROJECT, claim, make_ticket, make_worker, run_stage
from tests.records import comments, event_types, events, runs

BOB = Actor.person("bob")


def test_a_held_ticket_is_claimed_by_nobody(session):
    ticket = make_ticket(session)
    ticket.hold(ANN, "wait for the customer")
    session.flush()

    assert ticket.state == "on_hold"
    assert pipeline.claim_next(session, make_worker(session).worker_id) is None
    (event,) = events(session, event_type="ticket_held")
    assert (event.actor, event.reason, event.stage) == (
        "ann",
        "wait for the customer",
        "implementation",
    )


def test_holding_takes_back_a_run_in_progress_at_no_cost(session):
    ticket = make_ticket(session)
    run = run_stage(session, ticket)

    ticket.hold(ANN)

    assert (run.outcome, ticket.claimed_by, ticket.failed_attempts) == ("released", None, 0)
    assert session.get_one(Worker, run.worker_id).status == "idle"
    assert event_types(session, ticket)[-2:] == ["ticket_stage_released", "ticket_held"]
    (event,) = events(session, event_type="ticket_stage_released")
    assert (event.actor, event.worker_id) == ("ann", run.worker_id)
    with pytest.raises(RunNotCurrent, match="on hold by ann"):
        run.complete("too late")


@pytest.mark.parametrize("verb", ["hold", "stop"])
def test_a_ticket_isnt_held_or_stopped_twice(session, verb):
    ticket = make_ticket(session)
    getattr(ticket, verb)(ANN)

    with pytest.raises(Conflict):
        getattr(ticket, verb)(ANN)


def test_a_closed_ticket_cant_be_held(session):
    ticket = make_ticket(session)
    ticket.stop(ANN)

    with pytest.raises(Conflict, match="is closed"):
        ticket.hold(ANN)


@pytest.mark.parametrize("verb", ["hold", "stop"])
def test_a_reason_too_long_is_refused_and_the_run_goes_on(session, verb):
    ticket = make_ticket(session)
    run = run_stage(session, ticket)

    with pytest.raises(Invalid) as refusal:
        getattr(ticket, verb)(ANN, "x" * 4_001)

    assert refusal.value.field == "reason"
    assert run.is_current


def test_resuming_puts_the_ticket_back_with_the_answer_as_a_comment(session):
    ticket = make_ticket(session)
    run_stage(session, ticket).ask_attention("Which database?")

    ticket.resume(BOB, "PostgreSQL")
    session.flush()

    assert (ticket.state, ticket.failed_attempts) == ("open", 0)
    assert [(c.author, c.content) for c in comments(session, ticket)][-1] == ("bob", "PostgreSQL")
    assert event_types(session, ticket)[-1] == "ticket_resumed"
    assert pipeline.claim_next(session, make_worker(session).worker_id).attempt == 1


def test_resuming_answers_the_call_for_attention(session):
    ticket = make_ticket(session)
    run_stage(session, ticket).ask_attention("Which database?")
    ticket.resume(BOB, "PostgreSQL")

    (call,) = events(session, event_type="ticket_attention_requested")
    assert (call.processed, call.processed_by) == (True, "bob")
    assert call.resolution_summary == "PostgreSQL"


def test_resuming_without_an_answer_says_nothing(session):
    ticket = make_ticket(session)
    ticket.hold(ANN)
    ticket.resume(ANN, "  ")

    assert comments(session, ticket) == []


@pytest.mark.parametrize("state", ["open", "closed"])
def test_only_a_ticket_on_hold_resumes(session, state):
    ticket = make_ticket(session)
    if state == "closed":
        ticket.stop(ANN)

    with pytest.raises(Conflict, match="isn't on hold"):
        ticket.resume(ANN)


def test_stopping_closes_the_ticket_with_its_plan_undone(session):
    ticket = make_ticket(session)
    run_stage(session, ticket).complete()
    ticket.stop(ANN, "no longer wanted")
    session.flush()
    session.refresh(ticket)

    assert (ticket.state, ticket.resolution) == ("closed", "stopped")
    assert ticket.closed_at is not None
    assert (ticket.completed_stages, ticket.current_stage) == (1, "review")
    assert pipeline.claim_next(session, make_worker(session, "review").worker_id) is None
    assert events(session, event_type="ticket_closed")[0].reason == "no longer wanted"


def test_stopping_takes_back_a_run_in_progress(session):
    ticket = make_ticket(session)
    run = run_stage(session, ticket)
    ticket.stop(ANN)
    session.flush()

    assert (run.outcome, ticket.claimed_by) == ("released", None)


def test_stopping_a_ticket_on_hold_answers_its_call_for_attention(session):
    ticket = make_ticket(session)
    run_stage(session, ticket).ask_attention("Which database?")
    ticket.stop(BOB, "none of them")

    (call,) = events(session, event_type="ticket_attention_requested")
    assert (call.processed, call.resolution_summary) == (True, "none of them")


def test_a_stopped_ticket_reopens_where_it_stopped(session):
    ticket = make_ticket(session)
    run_stage(session, ticket).complete()
    ticket.stop(ANN)
    ticket.reopen(BOB, "wanted again")
    session.flush()
    session.refresh(ticket)

    assert (ticket.state, ticket.resolution, ticket.closed_at) == ("open", None, None)
    assert (ticket.completed_stages, ticket.current_stage) == (1, "review")
    assert comments(session, ticket)[-1].content == "wanted again"
    assert event_types(session, ticket)[-1] == "ticket_reopened"


def test_a_completed_ticket_reopens_at_its_last_stage(session):
    ticket = make_ticket(session)
    for _ in range(2):
        run_stage(session, ticket).complete()
    assert ticket.resolution == "completed"

    ticket.reopen(ANN)
    session.flush()

    assert (ticket.completed_stages, ticket.last_completed_stage) == (1, "implementation")
    again = claim(session, make_worker(session, "review"))
    again.complete("once more")
    assert (ticket.resolution, ticket.completed_stages) == ("completed", 2)
    assert [run.stage_number for run in runs(session, ticket)] == [1, 2, 2]


@pytest.mark.parametrize("state", ["open", "on_hold"])
def test_only_a_closed_ticket_reopens(session, state):
    ticket = make_ticket(session)
    if state == "on_hold":
        ticket.hold(ANN)

    with pytest.raises(Conflict, match="isn't closed"):
        ticket.reopen(ANN)


def test_a_ticket_doesnt_reopen_when_a_worker_type_to_come_is_gone(session):
    ticket = make_ticket(session)
    ticket.stop(ANN)
    role = WorkerType.named(session, PROJECT, "review")
    pipeline.delete_worker_type(session, role, ANN)
    session.flush()

    with pytest.raises(Invalid, match="no worker type review"):
        ticket.reopen(ANN)
    assert ticket.state == "closed"


def test_a_ticket_reopens_when_only_a_worker_type_of_the_past_is_gone(session):
    ticket = make_ticket(session)
    run_stage(session, ticket).complete()
    ticket.stop(ANN)
    pipeline.delete_worker_type(session, WorkerType.named(session, PROJECT, "implementation"), ANN)
    session.flush()

    ticket.reopen(ANN)

    assert ticket.state == "open"


def test_a_ticket_of_an_archived_project_doesnt_reopen(session):
    from app.models import Project

    ticket = make_ticket(session)
    ticket.stop(ANN)
    Project.get(session, PROJECT).archive(ANN)

    with pytest.raises(Conflict, match="archived"):
        ticket.reopen(ANN)


def test_the_inbox_shows_what_waits_for_a_person(session):
    from app.models import Event

    ticket = make_ticket(session)
    run_stage(session, ticket).ask_attention("Which database?")
    session.flush()

    inbox = session.scalars(select(Event).where(Event.needs_attention, ~Event.processed)).all()
    assert [(e.event_type, e.ticket_id, e.reason) for e in inbox] == [
        ("ticket_attention_requested", ticket.ticket_id, "Which database?")
    ]
