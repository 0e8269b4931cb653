"""Backups are made while processes claim and complete stages: each is one moment of the board."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import create_engine, text

from app.cli import callboard
from app.models import Ticket
from tests.boards import (
    app_without_tables,
    in_session,
    let_go,
    rows_in,
    url_of,
    without_interfaces,
    without_tables,
)
from tests.conftest import DATABASES
from tests.factories import ANN, make_project, make_role, make_ticket
from tests.pipeline import claiming_worker
from tests.processes import FORKING

PLAN = ["implementation", "review", "implementation", "review"]
TICKETS = 24
MORE_TICKETS = 20
"""What is added before each backup, so that it is made while there is work, however slow it is."""
LAST = "LAST"
"""A ticket on hold: while it is open, the processes wait for more work."""
PROCESSES = 3
BACKUPS = 3

ONE_MOMENT = {
    "a completed run without its comment, or the other way round": """
        SELECT (SELECT count(*) FROM stage_runs WHERE outcome = 'completed')
             - (SELECT count(*) FROM comments)""",
    "a completed run that didn't move its ticket": """
        SELECT (SELECT count(*) FROM stage_runs WHERE outcome = 'completed')
             - (SELECT sum(completed_stages) FROM tickets)""",
    "a closed ticket without its event": """
        SELECT (SELECT count(*) FROM tickets WHERE state = 'closed')
             - (SELECT count(*) FROM events WHERE event_type = 'ticket_closed')""",
    "a claimed ticket without its run": """
        SELECT (SELECT count(*) FROM tickets WHERE claimed_by IS NOT NULL)
             - (SELECT count(*) FROM stage_runs WHERE finished_at IS NULL)""",
    "a completed run without its event": """
        SELECT (SELECT count(*) FROM stage_runs WHERE outcome = 'completed')
             - (SELECT count(*) FROM events WHERE event_type = 'ticket_stage_completed')""",
}
"""Differences that are 0 at every moment, but not between two."""

WITH_ONE_WRITER = {
    "events that are missing in between": "SELECT count(*) - max(id) + min(id) - 1 FROM events",
}
"""The same on SQLite alone: PostgreSQL numbers events before their transactions end."""


@pytest.fixture
def busy_app(source, new_database, make_app):
    """A board of its own, with work for a few seconds."""
    with without_interfaces():
        app = make_app(new_database(source))
    in_session(app, make_work)
    return app


def make_work(session):
    make_project(session, roles=[], gates=[])
    for role in ("implementation", "review"):
        make_role(session, role)
    tickets = [make_ticket(session, PLAN) for _ in range(TICKETS)]
    for blocker, ticket in zip(tickets, tickets[8:16], strict=False):
        ticket.block_by(blocker.ticket_id, ANN)
    make_ticket(session, PLAN, ticket_id=LAST).hold(ANN)


def make_more_work(session):
    for _ in range(MORE_TICKETS):
        make_ticket(session, PLAN)


def let_them_end(session):
    Ticket.lock(session, LAST).resume(ANN)


@pytest.fixture
def crew(busy_app, tmp_path):
    """The processes at work; they end when all is done."""
    processes = [
        FORKING.Process(
            target=claiming_worker.main,
            args=(url_of(busy_app), f"w-{number}", PLAN[number % 2], None, tmp_path / f"{number}"),
        )
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    yield processes
    for process in processes:
        process.kill()
        process.join()


@pytest.fixture
def empty_app(target, new_database, spare_server, tmp_path):
    """An application whose database has no tables, or isn't there."""
    is_file = target == "sqlite"
    url = new_database("sqlite") if is_file else without_tables(spare_server)
    with without_interfaces():
        app = app_without_tables(url, tmp_path / "instance")
    yield app
    let_go(app)


@pytest.mark.slow
@pytest.mark.parametrize(("source", "target"), [DATABASES, DATABASES[::-1]])
def test_backups_of_a_busy_board_are_moments_of_it_and_can_be_restored(
    busy_app, crew, empty_app, tmp_path, record_property
):
    runner = busy_app.test_cli_runner()
    done_at: list[int] = []
    for number in range(BACKUPS):
        in_session(busy_app, make_more_work)
        wait_for_more_than(busy_app, done_at[-1] if done_at else 0)
        told = runner.invoke(callboard, ["backup", str(tmp_path / f"{number}.backup")])
        assert told.exit_code == 0, told.output
        done_at.append(completed(f"sqlite:///{tmp_path}/{number}.backup"))
    in_session(busy_app, let_them_end)
    for process in crew:
        process.join(300)
        assert process.exitcode == 0

    assert done_at == sorted(set(done_at)), "each is a later moment"
    total = completed(url_of(busy_app))
    assert total == (TICKETS + BACKUPS * MORE_TICKETS + 1) * len(PLAN)
    assert 0 < done_at[0] < total, "it was made while they worked"
    for number in range(BACKUPS):
        assert_one_moment(f"sqlite:///{tmp_path}/{number}.backup", url_of(busy_app))
    first = tmp_path / "0.backup"
    restored = empty_app.test_cli_runner().invoke(callboard, ["restore", str(first)])
    assert restored.exit_code == 0, restored.output
    assert rows_in(url_of(empty_app)) == rows_in(f"sqlite:///{first}")
    doctor = empty_app.test_cli_runner().invoke(callboard, ["doctor"])
    assert "problem" not in doctor.stdout
    record_property(
        "figures",
        f"{db_kinds(busy_app, empty_app)}: {BACKUPS} backups while {PROCESSES} processes worked, "
        f"after {', '.join(map(str, done_at))} of {total} stages",
    )


def wait_for_more_than(app, done):
    """Until the processes have completed another stage."""
    deadline = time.monotonic() + 300
    while completed(url_of(app)) <= done:
        assert time.monotonic() < deadline, "nobody works"
        time.sleep(0.02)


def completed(url):
    return scalar(url, "SELECT count(*) FROM stage_runs WHERE outcome = 'completed'")


def assert_one_moment(url, source):
    wanted = ONE_MOMENT | (WITH_ONE_WRITER if source.startswith("sqlite") else {})
    differences = {name: scalar(url, query) for name, query in wanted.items()}
    assert differences == dict.fromkeys(wanted, 0)


def scalar(url, query):
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.scalar(text(query))
    engine.dispose()
    return found


def db_kinds(*apps):
    return " to ".join(url_of(app).split(":")[0].split("+")[0] for app in apps)
