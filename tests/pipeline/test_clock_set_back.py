"""The clock is set back: nothing waits for the time that comes twice."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from app import clock, pipeline
from app.errors import Conflict
from app.models import Ticket
from app.models.ticket.retries import BACKOFF_MAX
from app.queries.tickets.conditions import situation, situation_is
from app.queries.tickets.records import ticket_record
from tests.factories import ANN, claim, make_ticket, make_worker, run_stage

HOUR = timedelta(hours=1)


def back(by=HOUR):
    """`with back(): …` – the clock was set back."""
    return time_machine.travel(clock.now() - by, tick=False)


def situation_of(session, ticket):
    session.flush()
    is_it = Ticket.ticket_id == ticket.ticket_id
    word = session.scalar(select(situation()).where(is_it))
    assert session.scalar(select(Ticket.ticket_id).where(is_it, situation_is(word)))
    assert ticket_record(session, ticket.ticket_id)["situation"] == word
    return word


def test_a_new_ticket_is_ready(session):
    ticket = make_ticket(session)
    worker = make_worker(session)

    with back():
        assert situation_of(session, ticket) == "ready"
        with pytest.raises(Conflict, match="isn't waiting"):
            ticket.retry_now(ANN)
        assert claim(session, worker).ticket_id == ticket.ticket_id


@pytest.mark.parametrize(
    "free",
    [
        lambda run: run.expire("no heartbeat"),
        lambda run: run.release(),
        lambda run: run.fail("broken") or run.ticket.retry_now(ANN),
        lambda run: run.ticket.hold(ANN) or run.ticket.resume(ANN),
        lambda run: run.complete(),
    ],
    ids=["expired", "released", "retried", "resumed", "completed"],
)
def test_a_stage_that_was_freed_without_a_pause_is_ready(session, free):
    ticket = make_ticket(session)
    free(run_stage(session, ticket))

    with back():
        assert situation_of(session, ticket) == "ready"
        run_stage(session, ticket)


def test_a_ticket_whose_last_blocker_closed_is_ready(session):
    blocker, ticket = make_ticket(session), make_ticket(session)
    ticket.block_by(blocker.ticket_id, ANN)
    blocker.stop(ANN)
    session.flush()
    session.refresh(ticket)

    with back():
        assert situation_of(session, ticket) == "ready"


def test_a_pause_stays_a_pause_but_is_no_longer_than_the_longest(session):
    ticket = make_ticket(session)
    run_stage(session, ticket).fail("broken")

    with back():
        assert situation_of(session, ticket) == "backoff"
        assert pipeline.claim_next(session, make_worker(session).worker_id) is None
    with back(BACKOFF_MAX + timedelta(minutes=1)):
        assert situation_of(session, ticket) == "ready"
        run_stage(session, ticket)


def test_a_dead_workers_lease_lasts_as_long_as_it_was_given_for(session):
    ticket = make_ticket(session)
    worker = make_worker(session)
    run = claim(session, worker)
    session.flush()

    with back():
        assert pipeline.is_sweep_due(session)
        assert pipeline.expire_leases(session) == 0
        session.flush()
        assert run.lease_expires_at - clock.now() == timedelta(seconds=300)
        assert not pipeline.is_sweep_due(session)
    with back(HOUR - timedelta(seconds=301)):
        assert pipeline.expire_leases(session) == 1
        session.flush()

    assert (run.outcome, worker.status, ticket.claimed_by) == ("expired", "failed", None)


def test_a_living_worker_keeps_its_run(session):
    make_ticket(session)
    worker = make_worker(session)
    run = claim(session, worker)

    with back():
        told = pipeline.heartbeat(session, worker.worker_id, run.run_id)
        session.flush()
        assert told.lease_expires_at == clock.now() + timedelta(seconds=300)
        assert not pipeline.is_sweep_due(session)
    with back(HOUR - timedelta(seconds=200)):
        assert pipeline.expire_leases(session) == 0

    assert run.is_current


def test_a_silent_worker_without_a_run_is_given_up(session):
    make_ticket(session)
    worker = make_worker(session, "review")
    session.flush()

    with back():
        assert pipeline.expire_leases(session) == 0
        session.flush()
        assert worker.status == "idle"
    with back(HOUR - timedelta(seconds=301)):
        pipeline.expire_leases(session)
        session.flush()

    assert worker.status == "failed"


def test_clocks_of_two_servers_may_differ_a_little(session):
    make_ticket(session)
    claim(session, make_worker(session))
    session.flush()

    with back(timedelta(seconds=30)):
        assert not pipeline.is_sweep_due(session)
