"""Leases: heartbeats extend them, silence ends them."""

import pytest

from app import clock, pipeline
from app.errors import Conflict, NotFound, RunNotCurrent
from app.models import WorkerType
from tests.factories import ANN, PROJECT, claim, make_project, make_ticket, make_worker, run_stage
from tests.records import event_types, events, later


def test_a_heartbeat_extends_the_lease(session):
    make_ticket(session)
    worker = make_worker(session)
    run = claim(session, worker)

    with later(minutes=4):
        answer = pipeline.heartbeat(session, worker.worker_id, run.run_id)

        assert answer.instruction == "continue"
        assert (answer.lease_expires_at - clock.now()).total_seconds() == 300
        assert run.lease_expires_at == answer.lease_expires_at
    with later(minutes=8):
        assert pipeline.expire_leases(session) == 0


def test_a_heartbeat_without_a_run_is_a_sign_of_life_and_no_more(session):
    make_ticket(session)
    worker = make_worker(session)
    run = claim(session, worker)
    before = run.lease_expires_at

    with later(minutes=1):
        answer = pipeline.heartbeat(session, worker.worker_id)
        session.flush()

        assert (answer.instruction, answer.lease_expires_at) == ("continue", None)
        assert worker.last_activity == clock.now()
    assert run.lease_expires_at == before


def test_a_heartbeat_carries_a_request_to_stop(session):
    make_ticket(session)
    worker = make_worker(session)
    run = claim(session, worker)
    worker.ask_to_stop(ANN)

    assert pipeline.heartbeat(session, worker.worker_id, run.run_id).instruction == "stop"
    assert pipeline.heartbeat(session, worker.worker_id).instruction == "stop"


def test_a_heartbeat_for_a_run_that_is_over_says_what_happened(session):
    ticket = make_ticket(session)
    worker = make_worker(session)
    run = claim(session, worker)
    ticket.hold(ANN)

    with later(minutes=1), pytest.raises(RunNotCurrent, match="on hold by ann"):
        pipeline.heartbeat(session, worker.worker_id, run.run_id)

    assert worker.last_activity > clock.now(), "the sign of life counts all the same"


def test_a_heartbeat_for_somebody_elses_run_is_refused(session):
    make_ticket(session)
    run = claim(session, make_worker(session))
    other = make_worker(session)

    with pytest.raises(Conflict, match="belongs to another worker"):
        pipeline.heartbeat(session, other.worker_id, run.run_id)


def test_a_heartbeat_of_nobody_or_for_nothing_is_not_found(session):
    make_project(session)
    worker = make_worker(session)

    with pytest.raises(NotFound, match="no worker"):
        pipeline.heartbeat(session, "w-nobody")
    with pytest.raises(NotFound, match="no run 4711"):
        pipeline.heartbeat(session, worker.worker_id, 4711)


def test_a_finished_worker_has_no_heartbeat(session):
    make_project(session)
    worker = make_worker(session)
    worker.finish(ANN)

    with pytest.raises(Conflict, match="Register it again"):
        pipeline.heartbeat(session, worker.worker_id)


def test_an_overdue_lease_frees_the_stage_and_fails_the_silent_worker(session):
    ticket = make_ticket(session)
    worker = make_worker(session)
    run = claim(session, worker)

    with later(seconds=301):
        assert pipeline.is_sweep_due(session)
        assert pipeline.expire_leases(session) == 1
        session.flush()

        assert (run.outcome, ticket.claimed_by, ticket.failed_attempts) == ("expired", None, 1)
        assert (worker.status, worker.stopped_reason) == (
            "failed",
            "no heartbeat; WEB-1 went back to its queue",
        )
        assert event_types(session, ticket)[-1] == "ticket_stage_failed"
        (stopped,) = events(session, event_type="worker_stopped")
        assert (stopped.needs_attention, stopped.actor) == (True, "callboard")
        assert claim(session, make_worker(session)).attempt == 2


def test_a_lease_that_isnt_over_stays(session):
    make_ticket(session)
    run = claim(session, make_worker(session))

    with later(seconds=299):
        assert not pipeline.is_sweep_due(session)
        assert pipeline.expire_leases(session) == 0
    assert run.is_current


def test_a_worker_that_was_heard_of_loses_its_run_but_is_idle(session):
    """It asks for instructions, but never for the run: it lost the thread, not its life."""
    ticket = make_ticket(session)
    worker = make_worker(session)
    run = claim(session, worker)
    with later(seconds=200):
        pipeline.heartbeat(session, worker.worker_id)

    with later(seconds=301):
        assert pipeline.expire_leases(session) == 1
        session.flush()

    assert (run.outcome, ticket.claimed_by, worker.status) == ("expired", None, "idle")
    assert events(session, event_type="worker_stopped") == []


def test_a_silent_worker_that_comes_back_is_idle_and_told_that_its_run_is_gone(session):
    ticket = make_ticket(session)
    worker = make_worker(session)
    run = claim(session, worker)
    with later(seconds=301):
        pipeline.expire_leases(session)
        session.flush()

        with pytest.raises(RunNotCurrent, match="ended as expired"):
            pipeline.heartbeat(session, worker.worker_id, run.run_id)
        assert worker.status == "idle"
        with pytest.raises(RunNotCurrent, match="ended as expired"):
            run.complete("I was asleep")

    assert (ticket.completed_stages, ticket.state) == (0, "open")
    assert event_types(session, ticket)[-1] == "ticket_report_refused"


def test_a_late_report_before_the_sweep_still_counts(session):
    ticket = make_ticket(session)
    run = run_stage(session, ticket)

    with later(seconds=500):
        run.complete("late, but nobody took it away")
        session.flush()
        assert pipeline.expire_leases(session) == 0

    assert ticket.completed_stages == 1


def test_a_silent_worker_without_a_run_fails_too(session):
    make_project(session)
    worker = make_worker(session)

    with later(seconds=301):
        assert pipeline.is_sweep_due(session)
        assert pipeline.expire_leases(session) == 0
        session.flush()
        assert not pipeline.is_sweep_due(session)

    assert (worker.status, worker.stopped_reason) == ("failed", "no heartbeat")


def test_a_worker_is_given_up_once(session):
    make_project(session)
    make_worker(session)

    with later(seconds=301):
        pipeline.expire_leases(session)
        pipeline.expire_leases(session)

    assert len(events(session, event_type="worker_stopped")) == 1


def test_a_sweep_ends_all_overdue_leases(session):
    for _ in range(5):
        make_ticket(session)
    for _ in range(3):
        claim(session, make_worker(session))

    with later(seconds=301):
        assert pipeline.expire_leases(session) == 3
        assert pipeline.expire_leases(session) == 0


def test_a_long_silence_is_swept_in_batches(session, monkeypatch):
    monkeypatch.setattr("app.pipeline.leases.EXPIRE_BATCH", 2)
    for _ in range(5):
        make_ticket(session)
        claim(session, make_worker(session))

    with later(seconds=301):
        assert [pipeline.expire_leases(session) for _ in range(4)] == [2, 2, 1, 0]


def test_leases_that_expire_again_and_again_put_the_ticket_on_hold(session):
    ticket = make_ticket(session)
    WorkerType.named(session, PROJECT, "implementation").max_attempts = 2
    for hours in (1, 2):
        run_stage(session, ticket)
        with later(hours=hours):
            pipeline.expire_leases(session)
            session.flush()
            session.refresh(ticket)
            ticket.ready_at = ticket.created_at

    assert (ticket.state, ticket.failed_attempts) == ("on_hold", 2)


def test_nothing_to_sweep_on_a_new_board(session):
    assert not pipeline.is_sweep_due(session)
    assert pipeline.expire_leases(session) == 0
