"""Workers that end: in order, or declared dead."""

import pytest

from app import pipeline
from app.errors import Conflict, NotFound, RunNotCurrent
from app.events import explanation
from tests.factories import ANN, claim, make_project, make_ticket, make_worker
from tests.records import event_types, events


def test_a_worker_that_finishes_gives_back_what_it_holds_at_no_cost(session):
    ticket = make_ticket(session)
    worker = make_worker(session)
    run = claim(session, worker)

    assert pipeline.finish_worker(session, worker.worker_id, "restarting") is worker
    session.flush()

    assert (run.outcome, run.reason) == ("released", "restarting")
    assert (ticket.claimed_by, ticket.failed_attempts) == (None, 0)
    assert (worker.status, worker.stopped_reason) == ("finished", "restarting")
    assert event_types(session, ticket)[-1] == "ticket_stage_released"
    (stopped,) = events(session, event_type="worker_stopped")
    assert (stopped.actor, stopped.needs_attention) == (worker.worker_id, False)
    assert claim(session, make_worker(session)).ticket_id == ticket.ticket_id


def test_a_worker_without_a_run_just_finishes(session):
    make_project(session)
    worker = make_worker(session)

    pipeline.finish_worker(session, worker.worker_id)

    assert (worker.status, worker.stopped_reason) == ("finished", "it finished")


def test_finishing_twice_is_finishing_once(session):
    make_project(session)
    worker = make_worker(session)
    pipeline.finish_worker(session, worker.worker_id)

    pipeline.finish_worker(session, worker.worker_id)

    assert len(events(session, event_type="worker_stopped")) == 1


def test_a_worker_given_up_for_dead_may_still_say_goodbye(session):
    make_project(session)
    worker = make_worker(session)
    worker.fail(ANN, "no heartbeat")

    pipeline.finish_worker(session, worker.worker_id, "woke up, going home")

    assert (worker.status, worker.stopped_reason) == ("finished", "woke up, going home")


def test_declaring_a_worker_dead_frees_its_stage_at_once(session):
    ticket = make_ticket(session)
    worker = make_worker(session)
    run = claim(session, worker)

    pipeline.declare_dead(session, worker.worker_id, ANN)
    session.flush()

    assert (run.outcome, ticket.claimed_by, ticket.failed_attempts) == ("expired", None, 1)
    assert worker.status == "failed"
    (stopped,) = events(session, event_type="worker_stopped")
    assert stopped.details == {"cause": "declared_dead", "freed_ticket_id": "WEB-1"}
    assert explanation(stopped) == "declared dead by ann; WEB-1 went back to its queue"
    assert stopped.actor == "ann"
    assert claim(session, make_worker(session)).attempt == 2


def test_a_worker_that_was_declared_dead_but_lives_is_told(session):
    make_ticket(session)
    worker = make_worker(session)
    run = claim(session, worker)
    pipeline.declare_dead(session, worker.worker_id, ANN)
    session.flush()

    with pytest.raises(RunNotCurrent, match="declared dead by ann"):
        pipeline.heartbeat(session, worker.worker_id, run.run_id)

    assert worker.status == "idle"


def test_an_idle_worker_can_be_declared_dead(session):
    make_project(session)
    worker = make_worker(session)

    pipeline.declare_dead(session, worker.worker_id, ANN)

    assert (worker.status, worker.stopped_reason) == ("failed", "declared dead by ann")


def test_a_worker_is_declared_dead_once(session):
    make_project(session)
    worker = make_worker(session)
    pipeline.declare_dead(session, worker.worker_id, ANN)

    with pytest.raises(Conflict, match="already failed"):
        pipeline.declare_dead(session, worker.worker_id, ANN)


@pytest.mark.parametrize("verb", ["finish_worker", "declare_dead"])
def test_an_unknown_worker_is_not_found(session, verb):
    rest = [ANN] if verb == "declare_dead" else []

    with pytest.raises(NotFound):
        getattr(pipeline, verb)(session, "w-nobody", *rest)
