"""Reports on a run that is over: the same again is answered alike, another is refused."""

import pytest

from app.errors import RunNotCurrent
from app.models.stage_run import REFUSED_REPORTS_KEPT, REFUSED_TEXT_MAX
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
    assert (event.run_id, event.reason) == (lost.run_id, "late")
    to = {"to_stage": 1} if report == "returned" else {}
    assert event.details == {"report": report, "run_outcome": "expired", **to}


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
def test_a_different_report_after_the_first_is_refused(session, first):
    ticket = make_ticket(session, LONG)
    advance(session, ticket, 1)
    run = run_stage(session, ticket)
    REPORTS[first](run)

    for second in REPORTS.keys() - {first}:
        with pytest.raises(RunNotCurrent, match=f"ended as {first}"):
            REPORTS[second](run)
        assert run.outcome == first


DIFFERENT = {
    "completed": lambda run: run.complete("in other words"),
    "returned": lambda run: run.send_back(2, "late"),
    "attention": lambda run: run.ask_attention("in other words"),
    "failed": lambda run: run.fail("in other words"),
    "released": lambda run: run.release(""),
}


@pytest.mark.parametrize("report", REPORTS)
def test_the_same_report_in_other_words_is_refused_and_its_text_is_kept(session, report):
    ticket = make_ticket(session, LONG)
    advance(session, ticket, 2)
    run = run_stage(session, ticket)
    REPORTS[report](run)
    before = (run.reason, ticket.completed_stages, ticket.state, len(comments(session, ticket)))

    with pytest.raises(RunNotCurrent, match="in other words") as refusal:
        DIFFERENT[report](run)

    assert refusal.value.keeps_record
    assert refusal.value.details["outcome"] == report
    assert refusal.value.details["reason"] == run.reason
    assert refusal.value.details["run_id"] == run.run_id
    after = (run.reason, ticket.completed_stages, ticket.state, len(comments(session, ticket)))
    assert after == before
    (event,) = events(session, event_type="ticket_report_refused")
    words = {"returned": "late", "released": None}
    assert event.reason == words.get(report, "in other words")
    to = {"to_stage": 2} if report == "returned" else {}
    assert event.details == {"report": report, "run_outcome": report, **to}
    REPORTS[report](run)  # the first is still answered


def test_white_space_around_it_makes_no_report_another(session):
    run = run_stage(session, make_ticket(session))
    run.complete("Done.\n")

    run.complete("  Done.")

    assert run.refused_reports == 0


def test_a_report_from_before_they_were_compared_is_answered_as_ever(session):
    run = run_stage(session, make_ticket(session))
    run.complete("Done.")
    run.report_digest = None

    run.complete("In other words.")

    assert run.refused_reports == 0


def test_refused_reports_are_told_once_each_and_only_some_of_many(session):
    ticket = make_ticket(session)
    run = run_stage(session, ticket)
    run.expire("no heartbeat")

    for _ in range(30):
        with pytest.raises(RunNotCurrent):
            run.complete("late")
    assert len(events(session, event_type="ticket_report_refused")) == 1
    for number in range(30):
        with pytest.raises(RunNotCurrent):
            run.fail(f"late {number}")

    assert len(events(session, event_type="ticket_report_refused")) == REFUSED_REPORTS_KEPT
    assert run.refused_reports == 60


def test_a_long_or_broken_text_of_a_refused_report_is_shortened_and_cleaned(session):
    run = run_stage(session, make_ticket(session))
    run.expire("no heartbeat")

    with pytest.raises(RunNotCurrent):
        run.complete("\0late" * 20_000)

    (event,) = events(session, event_type="ticket_report_refused")
    assert "\N{REPLACEMENT CHARACTER}late" in event.reason
    assert event.reason.endswith(" …")
    assert len(event.reason) < REFUSED_TEXT_MAX + 100
