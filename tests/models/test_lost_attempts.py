"""Attempts that fail or are lost: the pause between them, and what happens when none is left."""

from datetime import timedelta

import pytest
import time_machine

from app import clock, pipeline
from app.models import WorkerType
from app.models.ticket.retries import JITTER, LONGEST, backoff
from tests.factories import ANN, PROJECT, claim, make_project, make_ticket, make_worker, run_stage
from tests.records import comments, event_types, events, later, runs


def after_pause(ticket):
    """The moment when the ticket's next attempt may begin."""
    return time_machine.travel(ticket.ready_at + timedelta(seconds=1), tick=False)


def fail(session, ticket, reason="broke"):
    """Let the current stage fail once more, after the pause before it."""
    with after_pause(ticket):
        run = run_stage(session, ticket)
        run.fail(reason)
        session.flush()
    return run


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 30), (2, 120), (3, 480), (4, 1_920), (5, 7_200), (99, 7_200)]
)
def test_the_pause_grows_fourfold_up_to_two_hours(failures, seconds):
    pauses = {backoff(failures).total_seconds() for _ in range(200)}

    assert seconds * (1 - JITTER) <= min(pauses) < max(pauses) <= seconds * (1 + JITTER)


def test_pauses_differ_so_that_tickets_dont_come_back_together():
    assert len({backoff(1) for _ in range(20)}) > 10


def test_the_hundredth_failure_still_has_a_pause():
    assert backoff(10_000) <= LONGEST * (1 + JITTER)


def test_a_failed_stage_rests_before_its_next_attempt(session):
    ticket = make_ticket(session)
    run = run_stage(session, ticket)
    run.fail("Tests are red")
    session.flush()
    worker = make_worker(session)

    assert (run.outcome, run.reason) == ("failed", "Tests are red")
    assert (ticket.state, ticket.failed_attempts, ticket.claimed_by) == ("open", 1, None)
    assert pipeline.claim_next(session, worker.worker_id) is None
    with later(seconds=23):
        assert pipeline.claim_next(session, worker.worker_id) is None
    with later(seconds=37):
        assert pipeline.claim_next(session, worker.worker_id).attempt == 2


def test_a_failure_is_told_with_its_reason_and_worker(session):
    ticket = make_ticket(session)
    run = run_stage(session, ticket)
    run.fail("Tests are red")

    (event,) = events(session, event_type="ticket_stage_failed")
    assert (event.reason, event.stage) == ("Tests are red", "implementation")
    assert (event.worker_id, event.needs_attention) == (run.worker_id, False)
    assert comments(session, ticket) == []


def test_attempts_are_counted_until_none_is_left_then_the_ticket_is_on_hold(session):
    ticket = make_ticket(session)
    for attempt in (1, 2, 3):
        assert ticket.state == "open"
        assert fail(session, ticket, f"reason {attempt}").attempt == attempt

    assert (ticket.state, ticket.failed_attempts, ticket.claimed_by) == ("on_hold", 3, None)
    call = events(session, event_type="ticket_attention_requested")[0]
    assert call.needs_attention
    assert call.reason == "reason 3"
    assert call.details == {"failed_attempts": 3, "max_attempts": 3}
    assert [run.outcome for run in runs(session, ticket)] == ["failed"] * 3


def test_a_worker_type_with_one_attempt_goes_on_hold_at_once(session):
    ticket = make_ticket(session)
    WorkerType.named(session, PROJECT, "implementation").max_attempts = 1

    fail(session, ticket)

    assert ticket.state == "on_hold"


def test_resuming_gives_all_attempts_back_at_once(session):
    ticket = make_ticket(session)
    for _ in range(3):
        fail(session, ticket)

    with after_pause(ticket):
        ticket.resume(ANN, "Fixed the machine")
        session.flush()

        assert run_stage(session, ticket).attempt == 1


def test_a_completed_stage_forgets_the_failures_before_it(session):
    ticket = make_ticket(session)
    fail(session, ticket)
    with after_pause(ticket):
        run_stage(session, ticket).complete()

    assert ticket.failed_attempts == 0


def test_an_expired_lease_costs_an_attempt_but_no_pause(session):
    ticket = make_ticket(session)
    run = run_stage(session, ticket)
    run.expire("no heartbeat")
    session.flush()

    assert (run.outcome, ticket.failed_attempts) == ("expired", 1)
    assert ticket.ready_at <= clock.now()
    assert run_stage(session, ticket).attempt == 2
    assert events(session, event_type="ticket_stage_failed")[0].actor == "callboard"


def test_expired_and_failed_attempts_count_together(session):
    ticket = make_ticket(session)
    fail(session, ticket)
    with after_pause(ticket):
        run_stage(session, ticket).expire("no heartbeat")
    fail(session, ticket)

    assert ticket.state == "on_hold"
    assert event_types(session, ticket)[-2:] == [
        "ticket_stage_failed",
        "ticket_attention_requested",
    ]


def test_a_release_between_failures_costs_nothing(session):
    ticket = make_ticket(session)
    fail(session, ticket)
    with after_pause(ticket):
        run_stage(session, ticket).release()

    assert (ticket.failed_attempts, ticket.state) == (1, "open")


def test_another_ticket_is_worked_on_during_the_pause(session):
    first = make_ticket(session)
    second = make_ticket(session)
    worker = make_worker(session)
    claim(session, worker).fail("broke")

    assert claim(session, worker).ticket_id == second.ticket_id
    assert first.ready_at - clock.now() > timedelta(seconds=20)


def test_a_stage_whose_worker_type_is_gone_has_the_usual_attempts(session):
    make_project(session)
    ticket = make_ticket(session)
    run = run_stage(session, ticket)
    session.delete(WorkerType.named(session, PROJECT, "implementation"))

    run.fail("broke")

    assert (ticket.state, ticket.failed_attempts) == ("open", 1)
