"""A query finds the same on both databases, and what plain Python would find."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from app import clock
from app.db import full_text
from app.models import Comment, StageRun, Ticket, TicketDependency, TicketLabel, User
from app.queries.language.compiling import (
    conditions,
    conditions_in_order,
    parameters,
    shape_of,
    text_matches,
)
from app.queries.language.kinds import Reader
from app.queries.language.parsing import parse
from app.queries.language.statements import found_ids
from app.queries.paging import COUNT_CAP, number_of
from app.visibility import Visibility
from tests.factories import make_project, make_ticket, make_worker, undone
from tests.queries.language.evaluator import PEOPLE, Facts, is_wanted
from tests.queries.language.queries import IDS, LABELS, PROJECTS, STAGES, queries
from tests.statements import counting_queries

EVERYTHING = Visibility.everything()
NOW = datetime(2026, 2, 10, 12, 30, tzinfo=UTC)
READER = Reader("ann", ZoneInfo("Pacific/Auckland"))

times = st.sampled_from(
    [NOW - timedelta(minutes=m) for m in (0, 1, 29, 31, 60 * 24 * 7 - 1, 60 * 24 * 7 + 1)]
    + [datetime(2026, 1, day, hour, tzinfo=UTC) for day in (1, 2, 15, 31) for hour in (0, 10, 11)]
    + [datetime(2025, 12, 31, 11, tzinfo=UTC), datetime(2020, 2, 29, tzinfo=UTC)]
)
facts = st.builds(
    Facts,
    project=st.sampled_from(PROJECTS),
    title=st.sampled_from(("login form", "Form log", "form of a login", "nothing", "logs")),
    description=st.sampled_from(("", "see WEB-1", "login")),
    plan=st.lists(st.sampled_from(STAGES), min_size=1, max_size=3),
    completed=st.integers(0, 3),
    state=st.sampled_from(("open", "open", "on_hold", "completed", "stopped")),
    is_running=st.booleans(),
    open_blockers=st.sampled_from((0, 0, 1)),
    has_blocker=st.booleans(),
    backoff=st.sampled_from((None, timedelta(minutes=-1), timedelta(minutes=5))),
    priority=st.integers(0, 3),
    labels=st.frozensets(st.sampled_from(LABELS), max_size=3),
    parent=st.sampled_from((None, 0, 1)),
    author=st.sampled_from((None, "ann", "bob", "me")),
    assignee=st.sampled_from((None, "ann", "bob")),
    ref=st.sampled_from((None, "beads:1")),
    comments=st.lists(st.sampled_from(("a login", "form", "log in")), max_size=2),
    has_run=st.booleans(),
    created=times,
    updated=times,
    closed=times,
)
boards = st.lists(facts, min_size=1, max_size=4)


@pytest.fixture
def with_projects(session):
    """The session, on a board with two projects and its people, for all examples."""
    with clock.at(NOW):
        for project, prefix in zip(PROJECTS, ("WEB", "API"), strict=True):
            make_project(session, project, ticket_prefix=prefix)
        # Nobody is at work on the API's tickets, nor at any review.
        for number in (1, 2, 3, 4):
            make_worker(session, "implementation", worker_id=f"w-{number}")
        session.flush()
    for name, user_id in PEOPLE.items():
        session.execute(insert(User).values(id=user_id, name=name, role="member"))
    return session


@pytest.mark.slow
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(board=boards, query=queries)
def test_both_databases_find_what_plain_python_finds(with_projects, board, query):
    for number, each in enumerate(board):
        each.settle(IDS[number], number, board, IDS)
    if sum(each.ref is not None for each in board) > 1:
        for each in board[1:]:
            each.ref = None
    parsed = parse(query)
    expected = {each.id for each in board if is_wanted(parsed, each, READER, NOW)}
    with undone(with_projects), clock.at(NOW):
        store(with_projects, board)
        ways = (conditions, conditions_in_order, among_ids)
        found = [find(with_projects, parsed, way) for way in ways]
    assert found == [expected] * len(ways), (query, expected)


def test_what_someone_made_and_looks_after_too_is_counted_once(session):
    for name, user_id in PEOPLE.items():
        session.execute(insert(User).values(id=user_id, name=name, role="member"))
    for author, assignee in (("ann", 1), ("ann", 2), (None, 1), ("bob", None)):
        ticket = make_ticket(session)
        ticket.created_by, ticket.assignee_id = author, assignee
    session.flush()
    query = parse("is:mine is:open")
    for upto in (None, COUNT_CAP):
        counted = select(number_of(found_ids(EVERYTHING, query, None, upto)))
        assert session.scalar(counted, parameters(query, READER)) == 3


def test_values_are_no_part_of_what_is_made(session):
    """Queries of one shape share their conditions, and times are those of their sending."""
    make_ticket(session)
    session.flush()
    first, second = parse("label:ui created:<7d"), parse("label:bug created:<1h")
    assert shape_of(first) == shape_of(second) != shape_of(parse("label:ui,bug created:<7d"))
    both = zip(conditions(first), conditions(second), strict=True)
    assert all(one is other for one, other in both)
    query = parse("created:<1d")
    assert find(session, query, conditions) == {"WEB-1"}
    with clock.at(clock.now() + timedelta(days=2)):
        assert find(session, query, conditions) == set()


def test_words_are_looked_up_once(app, session):
    make_ticket(session, title="Repair the login form")
    session.commit()
    with counting_queries(app) as sent:
        query = parse(
            'login "the login" stage:implementation label:none -is:closed has:description'
        )
        assert find(session, query, conditions) == set()
        assert find(session, query.without("has"), conditions) == {"WEB-1"}
    assert len(sent) == 4


def test_a_search_says_when_it_was_cut(session, monkeypatch):
    monkeypatch.setattr(full_text, "NEWEST_MAX", 1)
    for _ in range(2):
        make_ticket(session, title="Harbour")
    session.flush()
    for text, is_cut in (("harbour*", True), ("-harbour*", True), ("boat", False)):
        matches = text_matches(parse(text), session, EVERYTHING)
        assert matches.is_cut is is_cut
    assert text_matches(parse("is:open"), session, EVERYTHING) is None


def store(session, board):
    for each in board:
        session.execute(insert(Ticket).values(each.row()))
        for label in each.labels:
            session.execute(insert(TicketLabel).values(ticket_id=each.id, label=label))
        for content in each.comments:
            session.execute(insert(Comment).values(ticket_id=each.id, content=content))
        if each.has_run:
            session.execute(
                insert(StageRun).values(
                    ticket_id=each.id, stage_number=1, worker_type="review", finished_at=NOW,
                    outcome="completed",
                )
            )  # fmt: skip
    for each in board:
        if each.has_blocker:
            other = next(one.id for one in board if one is not each)
            row = {"ticket_id": each.id, "blocked_by_id": other}
            session.execute(insert(TicketDependency).values(row))


def among_ids(query, matches):
    return [Ticket.ticket_id.in_(found_ids(EVERYTHING, query, matches))]


def find(session, query, way, reader=READER, visibility=EVERYTHING):
    matches = text_matches(query, session, visibility)
    statement = select(Ticket.ticket_id).where(*way(query, matches))
    return set(session.scalars(statement, parameters(query, reader)))
