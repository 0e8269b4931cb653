"""Every figure against counting in plain Python, on boards of any history."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, timedelta
from itertools import product
from unittest.mock import ANY
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import func, select

from app.db.day_totals import keep_days
from app.db.transactions import reading
from app.models import DayTotals, Ticket
from app.queries.language.kinds import Reader
from app.queries.language.parsing import parse
from app.queries.statistics import figures, flow, limits
from app.queries.statistics.figures import statistics
from app.queries.statistics.found import find
from app.queries.statistics.runs import some_touched
from app.queries.statistics.scope import Scope
from app.queries.statistics.span import Span, midnight
from app.visibility import Visibility
from tests.factories import ANN, make_ticket, make_worker, run_stage
from tests.queries.statistics.boards import BEGAN, GATE, NOW, PROJECTS, Board, spread
from tests.statements import counting_queries

EVERYTHING = Visibility.everything()
DAYS = [midnight((BEGAN + timedelta(days=number)).date(), UTC) for number in range(120)]
"""All days of a board that are over."""
SPANS = (
    Span.of_weeks(12, NOW, ZoneInfo("Europe/Paris")),
    Span.of_weeks(4, NOW, ZoneInfo("Asia/Kathmandu")),
    Span.of_weeks(26, NOW, ZoneInfo("America/St_Johns")),
    Span(date(2026, 2, 3), date(2026, 3, 5)),
    Span(date(2026, 3, 29), date(2026, 3, 29), ZoneInfo("Europe/Paris")),
)
SCOPES = (
    (Scope(EVERYTHING), PROJECTS),
    (Scope(EVERYTHING, "acme/web"), ("acme/web",)),
    (Scope(Visibility(hidden=frozenset({"acme/web"}))), ("acme/api",)),
    (Scope(Visibility(hidden=frozenset({"acme/web"})), "acme/web"), ()),
    (Scope(Visibility(only="acme/web")), ("acme/web",)),
    (Scope(EVERYTHING, "", (Ticket.project_id != "acme/api",)), ("acme/web",)),
)


def as_tuple(found):
    return pytest.approx((found.count, found.median, found.p85, found.longest), abs=0.01)


def close_to(found):
    return {name: pytest.approx(value, abs=0.01) for name, value in found.items()}


@pytest.mark.parametrize("seed", range(3))
def test_figures_are_what_counting_finds(session, seed):
    board = Board(seed, 60)
    board.store(session)
    for is_kept in (False, True):
        if is_kept:
            keep_days(session.connection(), DAYS)
        for span, (scope, projects) in product(SPANS, SCOPES):
            assert_true(session, board, scope, span, projects)


def assert_true(session, board, scope, span, projects):
    found = statistics(session, scope, span)
    weeks = [(w.day, w.created, w.completed, w.stopped) for w in found.flow.weeks]
    assert weeks == board.weeks(span, projects)
    standings = [(s.day, s.closed, s.begun, s.waiting) for s in found.flow.standings]
    assert standings == list(board.standings(span, projects))
    waiting, working = board.times(span, projects)
    assert {one.worker_type for one in found.stages} == set(waiting)
    for one in found.stages:
        assert spread(waiting[one.worker_type]) == as_tuple(one.waiting)
        assert spread(working[one.worker_type]) == as_tuple(one.working)
        assert one.is_person == (one.worker_type == GATE)
    assert rework_of(found) == board.rework(span, projects)
    took = {one.ticket_id: one.cycle for one in found.cycle.tickets}
    assert took == close_to(board.cycles(span, projects))
    answers = [wait for wait in found.waits if wait.kind == "event"]
    told = spread(board.answers(span, projects))
    assert [told] == [as_tuple(one.spread) for one in answers] if told[0] else not answers
    assert not found.is_sampled


def rework_of(found):
    return {
        (one.worker_type, one.prompt_version): {
            name: number
            for name, number in {
                "runs": one.runs,
                "redone": one.redone,
                "failed": one.failed,
                "expired": one.expired,
                "returned": one.returned,
                "completed": one.runs - one.in_vain - one.returned,
            }.items()
            if number
        }
        for one in found.rework_by_prompt
    }


def test_versions_of_a_prompt_add_up_to_their_worker_type(session):
    board = Board(7, 60)
    board.store(session)
    found = statistics(session, Scope(EVERYTHING), SPANS[0])
    for one in found.rework:
        parts = [p for p in found.rework_by_prompt if p.worker_type == one.worker_type]
        for name in ("runs", "redone", "failed", "expired", "returned"):
            assert getattr(one, name) == sum(getattr(part, name) for part in parts)


def test_of_many_runs_an_even_sample_is_read(session, monkeypatch):
    board = Board(1, 120)
    board.store(session)
    monkeypatch.setattr(limits, "RUNS", 60)
    monkeypatch.setattr(limits, "SOME_RUNS", 60)
    monkeypatch.setattr(limits, "TICKETS", 20)
    monkeypatch.setattr(limits, "SOME_TICKETS", 20)
    monkeypatch.setattr(limits, "CLOSED", 5)
    monkeypatch.setattr(limits, "BEGUN", 5)
    for scope, projects in (*SCOPES[:2], SCOPES[-1]):
        span = SPANS[2]
        found = statistics(session, scope, span)
        assert found.is_sampled
        assert found.cycle.is_sampled
        all_runs = {run["run_id"] for run, _ in board.runs_of(span, projects)}
        assert 10 < found.runs < len(all_runs) * 0.7
        took = board.cycles(span, projects)
        assert found.cycle.tickets
        for one in found.cycle.tickets:
            assert took[one.ticket_id] == pytest.approx(one.cycle, abs=0.01)
        # Numbers of tickets are exact all the same; but which of the open were begun isn't told.
        assert [
            (w.day, w.created, w.completed, w.stopped) for w in found.flow.weeks
        ] == board.weeks(span, projects)
        told = [(s.day, s.closed, s.open) for s in found.flow.standings]
        true = [
            (day, gone, begun + rest) for day, gone, begun, rest in board.standings(span, projects)
        ]
        assert told == true
        assert {standing.begun for standing in found.flow.standings} == {None}


def test_all_is_read_up_to_a_limit_and_a_smaller_sample_beyond_it(session, monkeypatch):
    board = Board(1, 120)
    board.store(session)
    monkeypatch.setattr(limits, "SOME_RUNS", 20)
    monkeypatch.setattr(limits, "SOME_TICKETS", 10)
    for scope, projects in (*SCOPES[:2], SCOPES[-1]):
        n_runs = len(list(board.runs_of(SPANS[2], projects)))
        whole = statistics(session, scope, SPANS[2])
        monkeypatch.setattr(limits, "RUNS", n_runs)
        monkeypatch.setattr(limits, "TICKETS", whole.tickets)
        assert statistics(session, scope, SPANS[2]) == replace(whole, taken_at=ANY)
        monkeypatch.setattr(limits, "RUNS", n_runs - 1)
        monkeypatch.setattr(limits, "TICKETS", whole.tickets - 1)
        some = statistics(session, scope, SPANS[2])
        assert (whole.is_sampled, some.is_sampled) == (False, True)
        assert whole.runs == n_runs
        assert 10 <= some.runs <= 60
        monkeypatch.setattr(limits, "RUNS", 2_500)
        monkeypatch.setattr(limits, "TICKETS", 1_000)


def test_a_sample_has_as_many_tickets_from_each_part_of_the_board(session, monkeypatch):
    Board(1, 800).store(session)
    monkeypatch.setattr(limits, "TICKETS", 80)
    whole, project = Span(BEGAN.date(), NOW.date()), Scope(EVERYTHING, "acme/web")
    ids = some_touched(session, project, whole, 81)
    assert len(ids) == len({*ids}) == 81
    assert ids == some_touched(session, project, whole, 81)
    wanted = Scope(EVERYTHING, "", tuple(project.tickets()))
    assert {*find(session, wanted, whole).touched} == {*ids}
    numbers = [int(ticket_id.removeprefix("T-")) for ticket_id in ids]
    for part in (lambda number: number // 200, lambda number: number % 4):
        assert all(10 < n < 32 for n in Counter(map(part, numbers)).values())


def test_days_that_were_counted_among_much_are_kept_and_read(session, monkeypatch):
    board = Board(4, 60)
    board.store(session)
    session.commit()
    monkeypatch.setattr(flow, "WORTH_KEEPING", 1)
    monkeypatch.setattr(figures, "KEPT_AT_ONCE", 90)
    span = Span(BEGAN.date(), NOW.date() - timedelta(days=1))
    for number in (90, len(DAYS), len(DAYS)):
        with time_machine.travel(NOW, tick=False), reading():
            assert_true(session, board, SCOPES[0][0], span, PROJECTS)
        assert session.scalar(select(func.count()).select_from(DayTotals)) == number
        session.rollback()
    # What is kept is what is told: of one day, something else.
    day = session.scalars(select(DayTotals).order_by(DayTotals.created.desc())).first()
    day.created += 1_000
    told = statistics(session, SCOPES[0][0], span)
    assert told.created == sum(week[1] for week in board.weeks(span, PROJECTS)) + 1_000


def test_an_empty_board_has_no_figures(session):
    found = statistics(session, Scope(EVERYTHING), SPANS[0])
    assert found.is_empty
    assert (found.runs, found.stages, found.rework, found.waits) == (0, [], [], [])
    assert found.cycle.cycle.median is None
    assert [week.created for week in found.flow.weeks] == [0] * 12


def test_a_ticket_that_went_through_its_stages_by_its_verbs_is_told(session):
    with time_machine.travel(NOW, tick=False) as clock:
        ticket = make_ticket(session, plan=("implementation", "approval"))
        clock.shift(timedelta(minutes=10))
        run = run_stage(session, ticket, make_worker(session))
        clock.shift(timedelta(minutes=30))
        run.complete("Done.")
        clock.shift(timedelta(hours=2))
        type(run).by_person(ticket, ANN).complete()
        session.flush()
        found = statistics(
            session, Scope(EVERYTHING, "acme/web"), Span.of_weeks(4, NOW, ZoneInfo("UTC"))
        )
    gate, work = found.stages
    assert (gate.worker_type, gate.is_person, gate.waiting.median) == ("approval", True, 7200)
    assert (work.waiting.median, work.working.median) == (600, 1800)
    (one,) = found.cycle.tickets
    assert (one.cycle, one.lead) == (1800 + 7200, 600 + 1800 + 7200)
    assert [(wait.name, wait.spread.median) for wait in found.waits] == [("approval", 7200)]
    assert found.flow.weeks[-1].completed == 1
    last = found.flow.standings[-1]
    assert (last.closed, last.open) == (1, 0)


def test_the_number_of_statements_does_not_grow(app, session):
    Board(1, 5).store(session)
    scopes = [SCOPES[0][0], SCOPES[1][0], SCOPES[-1][0]]
    numbers = []
    for more in (0, 80):
        for scope in scopes:
            with counting_queries(app) as sent:
                statistics(session, scope, SPANS[0])
            numbers.append(len(sent))
        if not more:
            session.rollback()
            Board(1, 80).store(session)
    assert max(numbers) <= 6
    assert numbers[:3] == numbers[3:]


def test_a_query_of_a_project_alone_is_counted_as_the_project(session):
    Board(1, 5).store(session)
    asked = [
        Scope.of_query(session, EVERYTHING, project, parse(query), Reader("ann"))
        for project, query in (
            ("", "project:acme/web"), ("", "sort:title project:acme/web"), ("acme/web", "sort:-id"),
        )
    ]  # fmt: skip
    assert asked == [Scope(EVERYTHING, "acme/web")] * 3
    for query in ("-project:acme/web", "project:acme/web,acme/api", "project:acme/web is:open"):
        scope = Scope.of_query(session, EVERYTHING, "", parse(query), Reader("ann"))
        assert scope.finds is not None


def test_a_query_is_answered_once(app, session):
    Board(1, 80).store(session)
    wanted, reader = parse("priority:medium -label:ui"), Reader("ann")
    scope = Scope.of_query(session, EVERYTHING, "acme/web", wanted, reader)
    with counting_queries(app) as sent:
        found = statistics(session, scope, SPANS[2])
    assert found.completed
    assert found.waits
    # That of a few events is asked whether their tickets meet it is no answer.
    answers = [each for each in sent if "priority" in each and "FROM events" not in each]
    assert len(answers) == 1
    assert answers[0].count("priority") == 1
