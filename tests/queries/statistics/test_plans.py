"""How the databases find what statistics tell, with and without statistics of their own: by an
index, never by reading all rows."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from app.db.base import db
from app.models import Ticket
from app.queries.language.kinds import Reader
from app.queries.language.parsing import parse
from app.queries.statistics import limits, waits
from app.queries.statistics.figures import statistics
from app.queries.statistics.scope import Scope
from app.queries.statistics.span import Span
from app.visibility import Visibility
from tests.queries.statistics.boards import NOW, Board
from tests.queries.test_plans import plans

EVERYTHING = Visibility.everything()
SCANS = re.compile(
    r"SCAN (tickets|events|stage_runs\w*)\b(?! USING)"
    r"|Seq Scan on (tickets|events|stage_runs)\b|AUTOMATIC"
)
"""All rows of a table are read, or an index is made for one statement."""

WORDS = {
    Scope(EVERYTHING): (
        "COVERING INDEX ix_tickets_created_at_ticket_id",
        "COVERING INDEX ix_tickets_ended (",
        "INDEX ix_events_answered",
    ),
    Scope(EVERYTHING, "acme/web"): (
        "COVERING INDEX ix_tickets_project_id_created_at",
        "COVERING INDEX ix_tickets_ended_of_project (",
        "COVERING INDEX ix_tickets_project_id_state_updated_at (project_id=? AND state=? AND",
        "INDEX ix_events_answered",
    ),
    Scope(Visibility(hidden=frozenset({"acme/web"}))): (
        "COVERING INDEX ix_tickets_project_id_created_at",
        "COVERING INDEX ix_tickets_ended_of_project (",
    ),
}


@pytest.fixture(scope="module")
def filled(new_database, make_app):
    """SQLite: PostgreSQL rightly reads a table of some thousand rows from end to end."""
    app = make_app(new_database("sqlite"))
    with app.app_context():
        Board(3, 2_000).store(db.session())
        db.session.commit()
    return app


@pytest.fixture
def analyzed(filled):
    """The same with statistics. Comes after those without: they stay."""
    with filled.app_context(), db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return filled


@pytest.fixture(params=["all of it", "a sample"], autouse=True)
def size(request, monkeypatch):
    """Whether the board is one of which all is read."""
    if request.param == "a sample":
        monkeypatch.setattr(limits, "RUNS", 100)
        monkeypatch.setattr(limits, "SOME_RUNS", 100)
        monkeypatch.setattr(limits, "TICKETS", 100)
        monkeypatch.setattr(limits, "SOME_TICKETS", 100)
        monkeypatch.setattr(limits, "CLOSED", 100)
        monkeypatch.setattr(limits, "BEGUN", 100)


def test_no_figure_reads_all_rows(filled):
    assert_indexed(filled)


def test_with_statistics_no_figure_reads_all_rows(analyzed):
    assert_indexed(analyzed)


def assert_indexed(app):
    with app.app_context():
        for weeks in (4, 12):
            span = Span.of_weeks(weeks, NOW - timedelta(days=7), NOW.tzinfo)
            for scope, words in WORDS.items():
                found = "\n".join(plans(db.session(), statistics, scope, span))
                assert not SCANS.search(found), (scope, found)
                for word in words:
                    assert word in found, (scope, word, found)


def test_a_query_leads_to_its_tickets_and_no_index_of_times_does(filled, analyzed):
    ids = select(Ticket.ticket_id).where(Ticket.ticket_id.in_([f"T-{n}" for n in range(300)]))
    scope = Scope(EVERYTHING, "", (Ticket.ticket_id.in_(ids),))
    with filled.app_context():
        span = Span.of_weeks(12, NOW, NOW.tzinfo)
        found = "\n".join(plans(db.session(), statistics, scope, span))
    assert not SCANS.search(found), found
    assert not re.search("ix_tickets_(ended|state|created|project)", found), found


def test_postgresql_looks_at_the_ticket_of_each_answer(new_database, make_app):
    """Without statistics it would read all tickets of the project for each."""
    app = make_app(new_database("postgresql"))
    with app.app_context():
        session = db.session()
        Board(3, 100).store(session)
        wanted, span = parse("priority:medium"), Span.of_weeks(26, NOW, NOW.tzinfo)
        scope = Scope.of_query(session, EVERYTHING, "acme/web", wanted, Reader("ann"))
        (found,) = plans(session, waits.waits, scope, span, ())
        session.rollback()
    assert "SubPlan" in found
    assert not re.search("Nested Loop|Join", found), found


def test_reading_all_rows_is_noticed(filled):
    """The tests above can fail."""
    scope = Scope(EVERYTHING, "", (Ticket.description.contains("x"),))
    with filled.app_context():
        span = Span.of_weeks(12, NOW, NOW.tzinfo)
        found = "\n".join(plans(db.session(), statistics, scope, span))
        assert "COVERING INDEX ix_tickets_ended (" not in found
