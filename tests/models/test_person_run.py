"""A person does a stage: a gate, or any stage that no worker holds."""

from typing import Any

import pytest

from app import clock, pipeline
from app.actor import Actor
from app.errors import Conflict, Forbidden, Invalid
from app.models import StageRun, User, WorkerType
from tests.factories import (
    ANN,
    GATE,
    PROJECT,
    make_project,
    make_ticket,
    make_worker,
    run_stage,
)
from tests.records import comments, events, later, runs

GATED = ["implementation", "approval", "review"]


@pytest.fixture
def ticket(session):
    """A ticket that waits at its gate."""
    ticket = make_ticket(session, GATED)
    run_stage(session, ticket).complete()
    session.flush()
    return ticket


def test_a_gate_is_given_to_no_worker(session, ticket):
    assert ticket.current_stage == "approval"
    for role in ("implementation", "review"):
        assert pipeline.claim_next(session, make_worker(session, role).worker_id) is None


def test_a_person_completes_a_gate(session, ticket):
    StageRun.by_person(ticket, ANN).complete("Approved.")
    session.flush()

    assert (ticket.completed_stages, ticket.current_stage) == (2, "review")
    run = runs(session, ticket)[-1]
    assert (run.actor, run.worker_id, run.outcome) == ("ann", None, "completed")
    assert run.lease_expires_at is None
    comment = comments(session, ticket)[-1]
    assert (comment.author, comment.worker_id, comment.stage_number) == ("ann", None, 2)
    event = events(session, event_type="ticket_stage_completed")[-1]
    assert (event.actor, event.worker_id) == ("ann", None)


def test_a_person_sends_back_from_a_gate(session, ticket):
    StageRun.by_person(ticket, ANN).send_back(1, "Not like this")
    session.flush()

    assert (ticket.completed_stages, ticket.current_stage) == (0, "implementation")
    assert runs(session, ticket)[-1].outcome == "returned"


def test_a_person_may_do_any_stage_that_waits(session):
    ticket = make_ticket(session, ["implementation"])

    StageRun.by_person(ticket, ANN).complete("Did it myself")

    assert (ticket.state, ticket.resolution) == ("closed", "completed")


def test_the_time_at_a_gate_counts_from_when_it_was_ready(session, ticket):
    ready = ticket.ready_at

    with later(hours=5):
        StageRun.by_person(ticket, ANN).complete()

    run = runs(session, ticket)[-1]
    assert run.started_at == ready
    assert (run.finished_at - ready).total_seconds() >= 5 * 3600


def test_a_stage_in_its_pause_never_starts_after_it_ends(session):
    ticket = make_ticket(session)
    run_stage(session, ticket).fail("broke")
    assert ticket.ready_at > clock.now()

    StageRun.by_person(ticket, ANN).complete()

    run = runs(session, ticket)[-1]
    assert run.started_at <= run.finished_at
    assert run.attempt == 2


def test_a_person_takes_nothing_from_a_worker(session):
    ticket = make_ticket(session)
    run = run_stage(session, ticket)

    with pytest.raises(Conflict, match=f"running at {run.worker_id}; hold it first"):
        StageRun.by_person(ticket, ANN)


def test_a_blocked_ticket_waits_for_people_too(session):
    blocker, ticket = make_ticket(session), make_ticket(session)
    ticket.block_by(blocker.ticket_id, ANN)

    with pytest.raises(Conflict, match="waits for tickets that block it"):
        StageRun.by_person(ticket, ANN)


@pytest.mark.parametrize(("verb", "word"), [("hold", "on hold"), ("stop", "closed")])
def test_a_person_does_no_stage_of_a_ticket_that_isnt_open(session, ticket, verb, word):
    getattr(ticket, verb)(ANN)

    with pytest.raises(Conflict, match=word):
        StageRun.by_person(ticket, ANN)


def test_a_person_cant_send_back_the_first_stage(session):
    ticket = make_ticket(session)

    with pytest.raises(Invalid, match="first stage"):
        StageRun.by_person(ticket, ANN).send_back(1, "why")


def test_a_persons_run_has_no_lease_to_expire(session, ticket):
    StageRun.by_person(ticket, ANN)
    session.flush()

    with later(days=30):
        assert pipeline.expire_leases(session) == 0


def test_a_gate_that_names_its_approvers_refuses_others(session):
    make_project(session)
    bob, eve = (User.create(session, name=n, role="member", actor=ANN) for n in ("bob", "eve"))
    gate = WorkerType.named(session, PROJECT, GATE)
    change: dict[str, Any] = {
        "short_description": None,
        "system_prompt": "",
        "performed_by": "person",
        "lease_seconds": 60,
        "max_attempts": 1,
        "actor": ANN,
    }
    gate.edit(**change, approvers=["Bob", "eve", "bob"])
    ticket = make_ticket(session, plan=[GATE])

    assert gate.approvers == [bob.name, eve.name]
    for other in (ANN, Actor.token("bob"), Actor.worker("bob")):
        with pytest.raises(Forbidden, match="only bob, eve may decide"):
            StageRun.by_person(ticket, other)
    StageRun.by_person(ticket, Actor.person("eve")).complete("Good.")
    assert ticket.state == "closed"

    with pytest.raises(Invalid, match="no team member named nobody"):
        gate.edit(**change, approvers=["nobody"])
    gate.edit(**{**change, "performed_by": "agent"}, approvers=["bob", "eve"])
    assert gate.approvers == []
    with pytest.raises(Invalid, match="Only a gate"):
        gate.edit(**{**change, "performed_by": "agent"}, approvers=["bob"])
