"""Workers: register, ask to stop, finish, fail, and being heard of."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock, pipeline
from app.actor import Actor
from app.errors import Conflict, Invalid, NotFound
from app.models import Worker
from tests.factories import ANN, PROJECT, claim, make_project, make_role, make_ticket, make_worker
from tests.records import events, later

LEASE = timedelta(seconds=300)


@pytest.fixture
def project(session):
    return make_project(session)


def again(session, worker, **changes):
    """Register once more, from the same process unless told otherwise."""
    values = {
        "worker_id": worker.worker_id,
        "project_id": worker.project_id,
        "worker_type": worker.worker_type,
        "hostname": worker.hostname,
        "pid": worker.pid,
    }
    return Worker.register(session, **{**values, **changes})


def test_a_new_worker_is_idle_in_its_queue(session, project):
    worker = make_worker(session, "review", hostname=" build  01 ", pid=77)
    session.flush()
    session.refresh(worker)

    assert (worker.status, worker.queue_name) == ("idle", "acme/web/review")
    assert (worker.hostname, worker.pid) == ("build 01", 77)
    assert worker.expected_by == worker.last_activity + LEASE
    (event,) = events(session, event_type="worker_started")
    assert (event.worker_id, event.stage, event.project_id) == (
        worker.worker_id,
        "review",
        PROJECT,
    )


def test_the_same_process_registering_again_is_the_same_worker(session, project):
    worker = make_worker(session)
    session.flush()
    started = worker.started_at

    with later(minutes=1):
        assert again(session, worker) is worker
    session.flush()

    assert worker.started_at == started
    assert len(events(session, event_type="worker_started")) == 1


def test_the_same_process_keeps_its_run(session):
    make_ticket(session)
    worker = make_worker(session)
    run = claim(session, worker)

    again(session, worker)

    assert worker.status == "active"
    assert claim(session, worker) is run


def test_registering_again_takes_back_a_request_to_stop(session, project):
    worker = make_worker(session)
    worker.ask_to_stop(ANN)

    again(session, worker)

    assert worker.stop_requested_at is None


@pytest.mark.parametrize("other", [{"pid": 1}, {"hostname": "build-02"}, {"hostname": None}])
def test_another_process_doesnt_get_the_id_of_a_live_worker(session, project, other):
    worker = make_worker(session)

    with pytest.raises(Conflict, match="already a live worker on build-01") as refusal:
        again(session, worker, **other)

    assert refusal.value.field == "worker_id"


@pytest.mark.parametrize("ending", ["finished", "failed"])
def test_another_process_may_take_the_id_of_a_worker_that_is_over(session, project, ending):
    worker = make_worker(session)
    if ending == "finished":
        worker.finish(ANN)
    else:
        worker.fail(ANN, "gone")

    with later(minutes=1):
        again(session, worker, pid=1)
    session.flush()

    assert (worker.status, worker.pid, worker.stopped_reason) == ("idle", 1, None)
    assert worker.started_at > clock.now()
    assert len(events(session, event_type="worker_started")) == 2


def test_a_live_worker_doesnt_change_its_queue(session, project):
    worker = make_worker(session)

    with pytest.raises(Conflict, match="already works at acme/web/implementation"):
        again(session, worker, worker_type="review")


def test_a_finished_worker_may_start_at_another_queue(session, project):
    worker = make_worker(session)
    worker.finish(ANN)

    again(session, worker, worker_type="review")

    assert worker.queue_name == "acme/web/review"


def test_a_gate_has_no_workers(session, project):
    with pytest.raises(Invalid, match="performed by a person") as refusal:
        make_worker(session, "approval")

    assert refusal.value.field == "worker_type"


def test_an_unknown_role_or_project_is_not_found(session, project):
    with pytest.raises(NotFound, match="no worker type cooking"):
        make_worker(session, "cooking")
    with pytest.raises(NotFound, match="no project acme/nothing"):
        make_worker(session, project="acme/nothing")


@pytest.mark.parametrize("bad", [" ", "a b", "a/b", "x" * 129, "-w"])
def test_a_strange_worker_id_is_refused(session, project, bad):
    with pytest.raises(Invalid) as refusal:
        make_worker(session, worker_id=bad)

    assert refusal.value.field == "worker_id"


def test_asking_to_stop_twice_is_asking_once(session, project):
    worker = make_worker(session)
    worker.ask_to_stop(ANN)
    first = worker.stop_requested_at

    with later(minutes=1):
        worker.ask_to_stop(ANN)

    assert worker.stop_requested_at == first


def test_a_finished_worker_cant_be_stopped_or_declared_dead(session, project):
    worker = make_worker(session)
    worker.finish(ANN)

    with pytest.raises(Conflict, match="already finished"):
        worker.ask_to_stop(ANN)
    with pytest.raises(Conflict, match="already finished"):
        pipeline.declare_dead(session, worker.worker_id, ANN)


def test_finishing_is_told_once(session, project):
    worker = make_worker(session)
    worker.finish(ANN, "queue empty")
    worker.finish(ANN, "again")

    (event,) = events(session, event_type="worker_stopped")
    assert (event.reason, event.needs_attention) == ("queue empty", False)
    assert (worker.status, worker.stopped_reason) == ("finished", "queue empty")


def test_a_failed_worker_needs_attention(session, project):
    worker = make_worker(session)
    worker.fail(Actor.system(), "x" * 2_000)

    (event,) = events(session, event_type="worker_stopped")
    assert event.needs_attention
    assert len(worker.stopped_reason) == Worker.REASON_MAX


@pytest.mark.parametrize("actor", [ANN, Actor.token("coordinator"), Actor.operator("root")])
def test_whoever_declares_a_worker_dead_needs_no_attention_for_it(session, project, actor):
    make_worker(session, worker_id="w-1").fail(actor, "gone")

    (event,) = events(session, event_type="worker_stopped")
    assert not event.needs_attention


def test_a_worker_given_up_for_dead_that_is_heard_of_is_itself_again(session, project):
    worker = make_worker(session)
    worker.fail(ANN, "no heartbeat")

    worker.touch(LEASE)

    assert (worker.status, worker.stopped_reason) == ("idle", None)
    assert events(session, event_type="worker_started")[-1].details == {"cause": "heard_of_again"}


def test_a_worker_is_silent_when_it_wasnt_heard_of_in_time(session, project):
    worker = make_worker(session)
    session.flush()

    def silent():
        query = select(Worker.worker_id).where(Worker.silent())
        return session.scalars(query).all()

    assert silent() == []
    with later(seconds=299):
        assert silent() == []
    with later(seconds=301):
        assert silent() == [worker.worker_id]
        worker.fail(ANN, "gone")
        session.flush()
        assert silent() == []


def test_a_worker_of_a_role_with_a_long_lease_may_be_silent_for_longer(session, project):
    make_role(session, "research", lease_seconds=3_600)
    worker = make_worker(session, "research")

    assert worker.expected_by == worker.last_activity + timedelta(hours=1)


def test_an_unknown_worker_is_not_found(session):
    for find in (Worker.get, Worker.lock):
        with pytest.raises(NotFound, match="Register it first"):
            find(session, "w-nobody")
