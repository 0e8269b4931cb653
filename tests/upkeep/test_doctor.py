"""The doctor finds what is wrong, repairs what needs no person, and says the rest."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text

from app import create_app
from app.db.base import db
from app.events import explanation
from app.models import Event
from app.settings.board import load_settings
from app.upkeep.doctor import examine
from tests.boards import ON_POSTGRESQL, ON_SQLITE, command, let_go, url_of, without_interfaces
from tests.factories import ANN, make_project, make_ticket, make_worker, run_stage
from tests.records import later

WORKING = "WHERE claimed_by IS NOT NULL"
CLOSED = "state = 'closed', resolution = 'stopped', closed_at = CURRENT_TIMESTAMP"

REPAIRABLE = {
    "runs of tickets at rest": [f"UPDATE tickets SET {CLOSED}, claimed_by = NULL {WORKING}"],
    "runs and claims": [f"UPDATE tickets SET claimed_by = NULL {WORKING}"],
    "runs of workers that are gone": ["UPDATE workers SET status = 'finished'"],
    "claimed tickets": [
        "UPDATE stage_runs SET finished_at = CURRENT_TIMESTAMP, outcome = 'released'",
        "UPDATE workers SET status = 'idle'",
    ],
    "times of runs": [
        """UPDATE stage_runs SET started_at = '2100-01-01 00:00:00',
        finished_at = CURRENT_TIMESTAMP, outcome = 'released'""",
        "UPDATE workers SET status = 'idle'",
        "UPDATE tickets SET claimed_by = NULL",
    ],
    "states of workers": ["UPDATE workers SET status = 'idle'"],
    "positions": ["UPDATE tickets SET last_completed_stage = 'dancing' WHERE ticket_id = 'WEB-2'"],
    "blockers": ["UPDATE tickets SET open_blockers = 7 WHERE ticket_id = 'WEB-2'"],
    "calls for attention": [
        """INSERT INTO events (event_type, ticket_id, needs_attention)
        VALUES ('ticket_attention_requested', 'GONE-1', true)"""
    ],
    "labels": ["UPDATE tickets SET has_labels = true WHERE ticket_id = 'WEB-2'"],
    "tickets with parts": ["UPDATE tickets SET has_children = true WHERE ticket_id = 'WEB-2'"],
    "tickets that ask": ["UPDATE tickets SET asks_since = created_at WHERE ticket_id = 'WEB-2'"],
    "totals of days": [
        "INSERT INTO day_totals VALUES ('2026-01-01 00:00:00', '2026-01-02 00:00:00', 1, 0, 0)"
    ],
    "search index": ["DELETE FROM search_documents WHERE ticket_id = 'WEB-2'"],
}
"""What the doctor calls it, and how it can come about."""

FOR_PEOPLE = {
    "plans": ["""UPDATE tickets SET execution_plan = '["implementation", "dancing"]'"""],
    "ends of plans": [
        """UPDATE tickets SET completed_stages = 2, last_completed_stage = 'review'
        WHERE ticket_id = 'WEB-3'"""
    ],
    "dependencies": [
        "INSERT INTO ticket_dependencies (ticket_id, blocked_by_id) VALUES ('WEB-3', 'WEB-2')",
        "UPDATE tickets SET open_blockers = 1 WHERE ticket_id = 'WEB-3'",
    ],
}


@pytest.fixture(autouse=True)
def healthy_board(board):
    """WEB-1 is being worked on, WEB-2 waits for WEB-3, WEB-4 is closed."""
    with board() as session:
        make_project(session)
        run_stage(session, make_ticket(session), make_worker(session))
        blocked, blocker, closed = (make_ticket(session) for _ in range(3))
        blocked.block_by(blocker.ticket_id, ANN)
        closed.stop(ANN)


def app_of(instance, **settings):
    """An application of its own, for commands."""
    with without_interfaces():
        return create_app(load_settings(instance_path=instance, **settings))


def damage(app, statements):
    with app.app_context():
        for statement in statements:
            db.session.execute(text(statement))
        db.session.commit()


def subjects(result, level):
    """What the doctor calls so."""
    lines = (line.partition(" ") for line in result.stdout.splitlines())
    return {rest.strip().partition(":")[0] for word, _, rest in lines if word == level}


def test_a_healthy_board_has_no_problem(run):
    done = run("doctor")

    assert done.exit_code == 0
    assert subjects(done, "problem") == set()
    assert subjects(done, "ok") >= {"schema", *REPAIRABLE, *FOR_PEOPLE, "leases", "silent workers"}


@pytest.mark.parametrize("subject", REPAIRABLE)
def test_what_can_be_repaired_is_found_repaired_and_gone(app, run, subject):
    damage(app, REPAIRABLE[subject])

    found = run("doctor")
    assert found.exit_code == 1
    assert subject in subjects(found, "problem")
    assert "--fix" in found.stdout

    fixed = run("doctor", "--fix")
    assert fixed.exit_code == 0, fixed.stdout
    assert subject in subjects(fixed, "fixed")
    assert subjects(run("doctor"), "problem") == set()


@ON_POSTGRESQL
def test_an_index_that_was_made_anew_has_its_statistics(app, run):
    """Without them PostgreSQL sorts all texts that hold a word, instead of taking the newest. Its
    table is a new one, of which nothing is known."""
    known = text("SELECT count(*) FROM pg_stats WHERE tablename = 'search_documents'")
    damage(app, REPAIRABLE["search index"])
    run("doctor", "--fix")
    with app.app_context():
        assert db.session.scalar(known)


@ON_SQLITE
def test_where_nothing_is_wrong_fix_waits_for_no_writer(app):
    file = url_of(app).removeprefix("sqlite:///")
    settings = app.extensions["callboard.settings"]
    with app.app_context(), closing(sqlite3.connect(file, isolation_level=None)) as writer:
        for finding in examine(settings, db.session(), fix=True):
            assert finding.level != "problem", finding
            if finding.subject == "writing":
                writer.execute("BEGIN IMMEDIATE")
        assert writer.in_transaction


@pytest.mark.parametrize("subject", FOR_PEOPLE)
def test_what_needs_a_person_stays_and_says_what_to_do(app, run, subject):
    damage(app, FOR_PEOPLE[subject])

    done = run("doctor", "--fix")

    assert done.exit_code == 1
    assert subjects(done, "problem") == {subject}
    assert " page" in done.stdout


def test_only_looking_changes_nothing(app, run, board):
    damage(app, REPAIRABLE["blockers"])

    run("doctor")

    with board() as session:
        assert session.scalar(text("SELECT max(open_blockers) FROM tickets")) == 7


def test_it_says_how_many_there_are_and_names_a_few(app, run):
    damage(app, ["UPDATE tickets SET open_blockers = 7"])

    line = next(line for line in run("doctor").stdout.splitlines() if " blockers: " in line)

    assert "4 (WEB-1, WEB-2, WEB-3, WEB-4)" in line


def test_overdue_leases_and_silent_workers_are_ended_by_the_sweep(run, board):
    with later(hours=2):
        assert subjects(run("doctor"), "problem") == {"leases", "silent workers"}
        assert run("doctor", "--fix").exit_code == 0
        assert subjects(run("doctor"), "problem") == set()

    with board() as session:
        assert session.scalar(text("SELECT status FROM workers")) == "failed"
        assert session.scalar(text("SELECT outcome FROM stage_runs")) == "expired"


def test_a_freed_ticket_can_be_claimed_again(app, run, board):
    damage(app, REPAIRABLE["claimed tickets"])
    run("doctor", "--fix")

    with board() as session:
        released = session.scalars(select(Event).filter_by(event_type="ticket_stage_released"))
        assert "callboard doctor" in explanation(released.one())
        assert session.scalar(text(f"SELECT count(*) FROM tickets {WORKING}")) == 0


def test_an_older_schema_is_a_problem_and_the_board_is_not_looked_at(app, run):
    with app.app_context():
        downgrade()
    done = run("doctor")
    with app.app_context():
        upgrade()

    assert done.exit_code == 1
    assert subjects(done, "problem") == {"schema"}
    assert "run callboard db upgrade" in done.stdout
    assert "blockers" not in done.stdout


@ON_SQLITE
@pytest.mark.parametrize("level", ["full", "normal"])
def test_it_says_how_durable_commits_are(app, tmp_path, level):
    settings = {"database_url": url_of(app), "sqlite_synchronous": level}
    other = app_of(tmp_path, **settings)

    done = command(other, "doctor")

    assert done.exit_code == 0, done.stdout
    assert f"synchronous {level.upper()}" in done.stdout


@ON_SQLITE
def test_a_damaged_file_is_a_problem_and_nothing_is_repaired(app, tmp_path):
    let_go(app)
    file = tmp_path / "board.db"
    shutil.copy(url_of(app).removeprefix("sqlite:///"), file)
    with file.open("r+b") as stream:
        stream.seek(4096 * 20)
        stream.write(b"\xff" * 4096 * 10)
    other = app_of(tmp_path, database_url=f"sqlite:///{file}")

    done = command(other, "doctor", "--fix")

    assert done.exit_code == 1
    assert subjects(done, "problem") <= {"integrity", "database"}
    assert "restore the last good backup" in done.stdout
    assert subjects(done, "ok").isdisjoint(REPAIRABLE)


@ON_SQLITE
def test_rows_that_name_others_that_are_gone_are_a_problem(app, tmp_path):
    let_go(app)
    file = tmp_path / "board.db"
    shutil.copy(url_of(app).removeprefix("sqlite:///"), file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM projects")
    other = app_of(tmp_path, database_url=f"sqlite:///{file}")

    done = command(other, "doctor")

    assert done.exit_code == 1
    assert subjects(done, "problem") == {"integrity"}
    assert "names one of projects that isn't there" in done.stdout


@ON_SQLITE
def test_what_others_may_read_is_made_private(app, tmp_path):
    instance = tmp_path / "instance"
    other = app_of(instance, database_url=url_of(app))
    key = instance / "secret_key"
    key.chmod(0o644)
    instance.chmod(0o755)

    assert {"secret key", "instance folder"} <= subjects(command(other, "doctor"), "warning")
    assert command(other, "doctor", "--fix").exit_code == 0
    assert (mode(instance), mode(key)) == (0o700, 0o600)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@ON_SQLITE
def test_a_database_that_is_out_of_reach_is_a_problem(tmp_path):
    url = "postgresql://ann:hunter2@127.0.0.1:1/none?connect_timeout=2"
    done = command(app_of(tmp_path, database_url=url), "doctor")

    assert done.exit_code == 1
    assert subjects(done, "problem") == {"database"}
    assert "hunter2" not in done.output
