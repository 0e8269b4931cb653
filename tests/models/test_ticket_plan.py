"""Amending a ticket's plan: what is done or running stays."""

import pytest

from app.errors import Conflict, Invalid
from tests.factories import ANN, claim, make_ticket, make_worker, run_stage
from tests.records import event_types, events, runs

LONG = ["implementation", "review", "implementation", "review"]


def test_stages_to_come_can_change(session):
    ticket = make_ticket(session, LONG)
    run_stage(session, ticket).complete()

    ticket.amend_plan(["implementation", "approval"], ANN)
    session.flush()

    assert ticket.execution_plan == ["implementation", "approval"]
    assert ticket.current_stage == "approval"
    assert ticket.version == 2
    (event,) = events(session, event_type="ticket_plan_changed")
    assert event.reason is None
    assert event.details == {"from_plan": LONG, "to_plan": ["implementation", "approval"]}


def test_stages_that_are_done_stay(session):
    ticket = make_ticket(session, LONG)
    run_stage(session, ticket).complete()

    with pytest.raises(Conflict, match="first 1 of the plan") as refusal:
        ticket.amend_plan(["review", "review"], ANN)

    assert refusal.value.field == "execution_plan"
    assert ticket.execution_plan == LONG


def test_a_running_stage_stays(session):
    ticket = make_ticket(session, LONG)
    run_stage(session, ticket)

    with pytest.raises(Conflict, match="done or running"):
        ticket.amend_plan(["review", "implementation"], ANN)


def test_stages_after_the_running_one_can_change(session):
    ticket = make_ticket(session, LONG)
    run = run_stage(session, ticket)

    ticket.amend_plan(["implementation", "approval"], ANN)
    run.complete("done")

    assert ticket.current_stage == "approval"


def test_cutting_the_plan_after_the_running_stage_closes_the_ticket_when_it_is_done(session):
    ticket = make_ticket(session, LONG)
    run = run_stage(session, ticket)

    ticket.amend_plan(["implementation"], ANN)
    run.complete("done")

    assert (ticket.state, ticket.resolution) == ("closed", "completed")


def test_the_current_stage_can_be_exchanged_while_nobody_works_on_it(session):
    ticket = make_ticket(session, ["implementation"])

    ticket.amend_plan(["review"], ANN)
    session.flush()

    assert claim(session, make_worker(session, "review")).ticket_id == ticket.ticket_id


def test_another_current_stage_starts_with_all_its_attempts(session):
    ticket = make_ticket(session, LONG)
    run_stage(session, ticket).fail("broke")
    ticket.amend_plan(["review"], ANN)

    assert ticket.failed_attempts == 0


def test_the_same_current_stage_keeps_its_lost_attempts(session):
    ticket = make_ticket(session, LONG)
    run_stage(session, ticket).fail("broke")
    ticket.amend_plan(["implementation"], ANN)

    assert ticket.failed_attempts == 1


def test_a_plan_with_nothing_left_to_do_is_refused(session):
    ticket = make_ticket(session, LONG)
    run_stage(session, ticket).complete()

    with pytest.raises(Conflict, match="close the ticket instead"):
        ticket.amend_plan(["implementation"], ANN)


@pytest.mark.parametrize("plan", [[], ["cooking"], ["implementation"] * 51])
def test_a_bad_plan_is_refused(session, plan):
    ticket = make_ticket(session)

    with pytest.raises(Invalid):
        ticket.amend_plan(plan, ANN)


def test_the_same_plan_again_changes_nothing(session):
    ticket = make_ticket(session, LONG)

    ticket.amend_plan(LONG, ANN)

    assert ticket.version == 1
    assert event_types(session, ticket) == ["ticket_created"]


def test_a_closed_tickets_plan_stays(session):
    ticket = make_ticket(session, LONG)
    ticket.stop(ANN)

    with pytest.raises(Conflict, match="reopen it first"):
        ticket.amend_plan(["review"], ANN)


def test_what_was_done_under_the_old_plan_stays_on_record(session):
    ticket = make_ticket(session, LONG)
    run_stage(session, ticket).complete()
    ticket.amend_plan(["implementation", "approval"], ANN)

    (run,) = runs(session, ticket)
    assert (run.stage_number, run.worker_type, run.outcome) == (1, "implementation", "completed")
