"""What a worker reports on its run: complete, send back, attention, release."""

import pytest

from app.errors import Invalid, NotFound
from app.models import StageRun, Ticket, Worker, WorkerType
from tests.factories import ANN, claim, make_ticket, make_worker, run_stage
from tests.models.test_worker_type import edit
from tests.records import comments, event_types, events, later, runs

LONG = ["implementation", "review", "implementation", "review"]


def advance(session, ticket, stages):
    for _ in range(stages):
        run_stage(session, ticket).complete()
    session.flush()


def test_completing_moves_the_ticket_to_its_next_stage(session):
    ticket = make_ticket(session, LONG)
    run = run_stage(session, ticket)
    run.complete("Wrote it.")
    session.flush()
    session.refresh(ticket)

    assert (ticket.completed_stages, ticket.last_completed_stage) == (1, "implementation")
    assert (ticket.current_stage, ticket.claimed_by) == ("review", None)
    assert (run.outcome, run.finished_at is not None) == ("completed", True)
    assert session.get_one(Worker, run.worker_id).status == "idle"
    assert event_types(session, ticket)[-1] == "ticket_stage_completed"


def test_a_completion_is_told_with_stage_worker_and_comment(session):
    ticket = make_ticket(session, LONG)
    advance(session, ticket, 1)
    run = run_stage(session, ticket)
    run.complete("Fine.")

    (comment,) = comments(session, ticket)
    assert (comment.content, comment.author, comment.worker_id) == (
        "Fine.",
        run.worker_id,
        run.worker_id,
    )
    assert (comment.worker_type, comment.stage_number, comment.run_id) == ("review", 2, run.run_id)
    event = events(session, event_type="ticket_stage_completed")[-1]
    assert (event.stage, event.worker_id, event.processed) == ("review", run.worker_id, False)


def test_completing_the_last_stage_closes_the_ticket(session):
    ticket = make_ticket(session)
    advance(session, ticket, 2)
    session.refresh(ticket)

    assert (ticket.state, ticket.resolution) == ("closed", "completed")
    assert (ticket.current_stage, ticket.last_completed_stage) == (None, "review")
    assert ticket.closed_at is not None
    assert event_types(session, ticket)[-2:] == ["ticket_stage_completed", "ticket_closed"]


def test_the_second_of_two_equal_names_is_a_stage_of_its_own(session):
    ticket = make_ticket(session, LONG)
    advance(session, ticket, 3)

    assert ticket.completed_stages == 3
    assert [run.stage_number for run in runs(session, ticket)] == [1, 2, 3]


def test_the_same_completion_twice_is_answered_alike_and_done_once(session):
    ticket = make_ticket(session, LONG)
    run = run_stage(session, ticket)
    run.complete("done")
    before = event_types(session, ticket)

    run.complete("done")

    assert ticket.completed_stages == 1
    assert len(comments(session, ticket)) == 1
    assert event_types(session, ticket) == before


def test_a_late_repeat_after_the_ticket_went_on_changes_nothing(session):
    ticket = make_ticket(session, LONG)
    first = run_stage(session, ticket)
    first.complete()
    run_stage(session, ticket).complete()

    first.complete()

    assert ticket.completed_stages == 2


def test_a_completion_without_comment_says_nothing(session):
    ticket = make_ticket(session)
    run_stage(session, ticket).complete("  \n")

    assert comments(session, ticket) == []


def test_a_broken_comment_is_refused_and_the_run_goes_on(session):
    run = run_stage(session, make_ticket(session))

    with pytest.raises(Invalid) as refusal:
        run.complete("a\x00b")

    assert refusal.value.field == "content"
    assert run.is_current


def test_sending_back_moves_to_the_earlier_stage_with_the_reason_as_comment(session):
    ticket = make_ticket(session, LONG)
    advance(session, ticket, 3)
    run = run_stage(session, ticket)
    run.send_back(1, " Wrong\r\nidea ")
    session.flush()
    session.refresh(ticket)

    assert (ticket.completed_stages, ticket.last_completed_stage) == (0, "Planned")
    assert (ticket.current_stage, ticket.claimed_by) == ("implementation", None)
    assert (run.outcome, run.reason) == ("returned", "Wrong\nidea")
    assert comments(session, ticket)[-1].content == "Wrong\nidea"
    (event,) = events(session, event_type="ticket_stage_returned")
    assert event.reason == "Wrong\nidea"
    assert event.details == {"to_stage": 1, "to_worker_type": "implementation"}
    assert (event.run_id, event.comment_id) == (run.run_id, comments(session, ticket)[-1].id)


def test_sending_back_one_stage_names_the_one_before_it_as_done(session):
    ticket = make_ticket(session, LONG)
    advance(session, ticket, 2)
    run_stage(session, ticket).send_back(2, "look again")

    assert (ticket.completed_stages, ticket.last_completed_stage) == (1, "implementation")


def test_a_stage_that_is_done_again_starts_with_all_its_attempts(session):
    ticket = make_ticket(session, LONG)
    advance(session, ticket, 1)
    run_stage(session, ticket).send_back(1, "again")

    assert run_stage(session, ticket).attempt == 1


@pytest.mark.parametrize("to_stage", [0, -1, 2, 3])
def test_a_run_sends_back_to_an_earlier_stage_only(session, to_stage):
    ticket = make_ticket(session, LONG)
    advance(session, ticket, 1)
    run = run_stage(session, ticket)

    with pytest.raises(Invalid, match="from 1 to 1") as refusal:
        run.send_back(to_stage, "why")

    assert refusal.value.field == "to_stage"
    assert run.is_current


def test_the_first_stage_has_none_to_send_back_to(session):
    run = run_stage(session, make_ticket(session))

    with pytest.raises(Invalid, match="first stage"):
        run.send_back(1, "why")


@pytest.mark.parametrize("verb", ["send_back", "ask_attention", "fail"])
@pytest.mark.parametrize("reason", ["", " \n", "x" * 4_001, "a\x00b"])
def test_a_reason_is_asked_for(session, verb, reason):
    ticket = make_ticket(session, LONG)
    advance(session, ticket, 1)
    run = run_stage(session, ticket)

    with pytest.raises(Invalid) as refusal:
        run.send_back(1, reason) if verb == "send_back" else getattr(run, verb)(reason)

    assert refusal.value.field == "reason"
    assert run.is_current


def test_attention_puts_the_ticket_on_hold_and_into_the_inbox(session):
    ticket = make_ticket(session)
    run = run_stage(session, ticket)
    run.ask_attention("Which database?")
    session.flush()

    assert (ticket.state, ticket.claimed_by, ticket.completed_stages) == ("on_hold", None, 0)
    assert ticket.failed_attempts == 0
    assert comments(session, ticket)[0].content == "Which database?"
    (event,) = events(session, event_type="ticket_attention_requested")
    assert (event.needs_attention, event.processed, event.stage) == (True, False, "implementation")


def test_releasing_gives_the_stage_back_and_costs_no_attempt(session):
    ticket = make_ticket(session)
    run = run_stage(session, ticket)
    run.release("shutting down")
    session.flush()

    assert (ticket.state, ticket.claimed_by, ticket.failed_attempts) == ("open", None, 0)
    assert (run.outcome, run.reason) == ("released", "shutting down")
    assert claim(session, make_worker(session)).attempt == 1


@pytest.mark.parametrize("reason", ["x" * 4_001, "a\x00b"])
def test_a_broken_reason_of_a_release_is_refused(session, reason):
    run = run_stage(session, make_ticket(session))

    with pytest.raises(Invalid) as refusal:
        run.release(reason)

    assert refusal.value.field == "reason"


def test_a_released_stage_is_claimable_at_once(session):
    ticket = make_ticket(session)
    with later(minutes=1):
        run_stage(session, ticket).release()

        assert run_stage(session, ticket).is_current


def test_an_unknown_run_is_not_found(session):
    with pytest.raises(NotFound, match="no run 4711"):
        StageRun.lock(session, 4711)


def test_run_numbers_are_never_reused(session):
    ticket = make_ticket(session)
    gone = run_stage(session, ticket).run_id
    session.delete(Ticket.get(session, ticket.ticket_id))
    session.flush()

    assert run_stage(session, make_ticket(session)).run_id > gone


def test_a_run_keeps_the_version_of_the_prompt_it_had(session):
    ticket = make_ticket(session, ["implementation", "implementation"])
    first = run_stage(session, ticket)
    first.complete()
    role = WorkerType.named(session, ticket.project_id, "implementation")
    edit(role, system_prompt="New")
    session.flush()

    assert (first.prompt_version, run_stage(session, ticket).prompt_version) == (1, 2)


def test_a_person_is_the_doer_of_a_run_without_worker(session):
    ticket = make_ticket(session, ["approval"])

    run = StageRun.by_person(ticket, ANN)

    assert run.doer == ANN
