"""Reports on a run that is over: the same again is answered alike, another is refused."""

import pytest

from app.errors import RunNotCurrent
from tests.factories import make_ticket, run_stage
from tests.records import comments, event_types, events

LONG = ["implementation", "review", "implementation", "review"]


def advance(session, ticket, stages):
    for _ in range(stages):
        run_stage(session, ticket).complete()
    session.flush()


REPORTS = {
    "completed": lambda run: run.complete("late"),
    "returned": lambda run: run.send_back(1, "late"),
    "attention": lambda run: run.ask_attention("late"),
    "failed": lambda run: run.fail("late"),
    "released": lambda run: run.release("late"),
}


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_on_a_run_that_is_over_is_refused_but_stays_on_the_timeline(session, report):
    ticket = make_ticket(session, LONG)
    advance(session, ticket, 1)
    lost = run_stage(session, ticket)
    lost.expire("no heartbeat")
    session.flush()
    winner = run_stage(session, ticket)

    with pytest.raises(RunNotCurrent, match="ended as expired") as refusal:
        REPORTS[report](lost)

    assert refusal.value.keeps_record
    assert (lost.outcome, winner.outcome) == ("expired", None)
    assert (ticket.completed_stages, ticket.claimed_by) == (1, winner.worker_id)
    assert comments(session, ticket) == []
    (event,) = events(session, event_type="ticket_report_refused")
    assert (event.worker_id, event.processed) == (lost.worker_id, True)
    said = "to stage 1: late" if report == "returned" else "late"
    told = f"“{report}” for run {lost.run_id}, which had ended as expired: {said}"
    assert (event.run_id, event.reason) == (lost.run_id, told)


@pytest.mark.parametrize("report", REPORTS)
def test_the_same_report_twice_is_answered_alike(session, report):
    ticket = make_ticket(session, LONG)
    advance(session, ticket, 1)
    run = run_stage(session, ticket)
    REPORTS[report](run)
    before = event_types(session, ticket)

    REPORTS[report](run)

    assert run.outcome == report
    assert event_types(session, ticket) == before


@pytest.mark.parametrize("first", REPORTS)
@pytest.mark.parametrize("second", REPORTS)
def test_a_different_report_after_the_first_is_refused(session, first, second):
    ticket = make_ticket(session, LONG)
    advance(session, ticket, 1)
    run = run_stage(session, ticket)
    REPORTS[first](run)

    if first == second:
        REPORTS[second](run)
    else:
        with pytest.raises(RunNotCurrent, match=f"ended as {first}"):
            REPORTS[second](run)
    assert run.outcome == first
