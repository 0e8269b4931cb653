"""What is kept of a day is true, or is thrown away, whoever writes the rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from app import clock
from app.db.day_totals import DAY_TOTALS, keep_days
from app.models import DayTotals, Project
from tests.factories import ANN, PROJECT, make_ticket, make_worker, run_stage

FIRST = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = [FIRST + timedelta(days=number) for number in range(3)]
NEW = f"""INSERT INTO tickets (ticket_id, project_id, title, execution_plan, created_at, ready_at,
    updated_at, state, resolution, closed_at)
  VALUES ('T-1', '{PROJECT}', 'A ticket', '["review"]', {{}}, 'closed', 'stopped', {{}})"""


@pytest.fixture
def tickets(session):
    """WEB-1 was made on the first day and completed on the second, WEB-2 and WEB-3 were made on the
    second."""
    with clock.at(DAYS[0] + timedelta(hours=23, minutes=59)):
        done = make_ticket(session, plan=["implementation"])
    with clock.at(DAYS[1]):
        others = [make_ticket(session) for _ in range(2)]
        run_stage(session, done, make_worker(session)).complete("Done.")
    session.flush()
    return [done, *others]


@pytest.fixture(autouse=True)
def kept(session, tickets):
    keep_days(session.connection(), DAYS)
    assert kept_of(session) == [(1, 0, 0), (2, 1, 0), (0, 0, 0)]


def kept_of(session):
    """What is kept of each day; None: nothing. All of it is true."""
    session.flush()
    assert DAY_TOTALS.faults(session.connection()) == []
    rows = session.execute(select(DayTotals).execution_options(populate_existing=True)).scalars()
    found = {day.begins_at: (day.created, day.completed, day.stopped) for day in rows}
    return [found.get(day) for day in DAYS]


def lost_of(session):
    """The numbers of the days of which nothing is kept."""
    return [number for number, kept in enumerate(kept_of(session)) if kept is None]


def test_what_happens_today_leaves_the_days_before_as_they_are(session, tickets):
    make_ticket(session)
    tickets[1].stop(ANN)
    tickets[2].edit(ANN, title="Another", priority=0)
    assert lost_of(session) == []


def test_a_ticket_that_is_reopened_changes_the_day_on_which_it_was_closed(session, tickets):
    tickets[0].reopen(ANN)
    assert lost_of(session) == [1]
    keep_days(session.connection(), DAYS)
    assert kept_of(session)[1] == (2, 0, 0)
    tickets[0].stop(ANN)
    assert lost_of(session) == []


def test_a_project_that_is_deleted_takes_the_days_of_its_tickets_along(session):
    session.execute(text("DELETE FROM projects"))
    session.expire_all()
    assert lost_of(session) == [0, 1]
    assert session.scalars(select(Project)).all() == []


@pytest.mark.parametrize(
    ("statement", "lost"),
    [
        ("DELETE FROM tickets WHERE ticket_id = 'WEB-1'", [0, 1]),
        ("DELETE FROM tickets WHERE ticket_id = 'WEB-2'", [1]),
        ("UPDATE tickets SET resolution = 'stopped' WHERE ticket_id = 'WEB-1'", [1]),
        ("UPDATE tickets SET closed_at = {2} WHERE ticket_id = 'WEB-1'", [1, 2]),
        ("UPDATE tickets SET created_at = {0} WHERE ticket_id = 'WEB-3'", [0, 1]),
        ("UPDATE tickets SET updated_at = {2}, title = 'Another', priority = 0", []),
        (NEW.format("{0}, {0}, {0}", "{2}"), [0, 2]),
        (NEW.format("{1}, {1}, {1}", "CURRENT_TIMESTAMP"), [1]),
    ],
)
def test_plain_sql_changes_the_days_of_which_it_tells(session, statement, lost):
    times = [f"'{day + timedelta(hours=5):%Y-%m-%d %H:%M:%S.%f}'" for day in DAYS]
    session.execute(text(statement.format(*times).replace(":", r"\:")))
    assert lost_of(session) == lost


@pytest.mark.parametrize("missing", [*DAY_TOTALS.sqlite_triggers])
def test_what_is_missing_or_wrong_is_found_and_made_anew(session, missing):
    connection = session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql(f"DROP TRIGGER {missing}{'' if is_sqlite else ' ON tickets'}")
    assert DAY_TOTALS.missing_parts(connection) == [missing]
    session.execute(text("UPDATE day_totals SET stopped = 7 WHERE completed = 1"))
    assert DAY_TOTALS.find_strays(connection) == ["2026-01-06"]
    DAY_TOTALS.rebuild(connection)
    assert lost_of(session) == [1]
