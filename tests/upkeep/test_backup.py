"""Backups are whole and private, and a restored board is the one that was backed up."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import flask_migrate
import pytest
from sqlalchemy import create_engine, inspect, text

from app.db.base import db
from app.db.full_text import is_of_index
from app.upkeep.files import find_damage
from tests.boards import (
    ON_POSTGRESQL,
    ON_SQLITE,
    app_without_tables,
    command,
    fill,
    in_session,
    let_go,
    rows_in,
    url_of,
    without_interfaces,
    without_tables,
)
from tests.conftest import DATABASES
from tests.db.test_migrations import REVISIONS, count_rows
from tests.factories import claim, make_ticket, make_worker

ACROSS = pytest.mark.parametrize(
    ("migrated_app", "empty_app"), [DATABASES, DATABASES[::-1]], indirect=True
)
"""Written by each database, and filled into each: the file between them is one kind of file."""


@pytest.fixture
def full_app(app):
    """A board with rows in all tables, on each database."""
    fill(app)
    return app


@pytest.fixture(params=DATABASES)
def empty_app(request, new_database, spare_server, tmp_path):
    """An application whose database has no tables, or isn't there."""
    is_file = request.param == "sqlite"
    url = new_database("sqlite") if is_file else without_tables(spare_server)
    with without_interfaces():
        app = app_without_tables(url, tmp_path / "instance")
    yield app
    let_go(app)


@pytest.fixture
def backup(full_app, tmp_path):
    """A backup of the full board."""
    return made(full_app, tmp_path / "board.backup")


@pytest.fixture(scope="module")
def saved(new_database, make_app, tmp_path_factory):
    """A backup of another full board: what it holds is the same, whatever database it was on."""
    with without_interfaces():
        app = make_app(new_database("sqlite"))
    fill(app)
    return made(app, tmp_path_factory.mktemp("backups") / "board.backup")


def made(app, file):
    done = command(app, "backup", file)
    assert done.exit_code == 0, done.output
    return file


def test_a_backup_holds_every_row_is_private_and_tells_what_it_holds(full_app, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    file = folder / "board.backup"

    told = command(full_app, "backup", file)

    assert rows_in(f"sqlite:///{file}") == rows_in(url_of(full_app))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(folder.iterdir()) == [file], "nothing is left beside it"
    tickets = next(line.split() for line in told.stdout.splitlines() if line.startswith("tickets "))
    assert tickets[1] == "3"
    assert f"{file.stat().st_size:,} bytes, schema {REVISIONS[0]}." in told.stdout
    assert told.stderr == ""


@ON_SQLITE
def test_a_backup_never_overwrites_a_file_unless_told_to(full_app, tmp_path):
    file = tmp_path / "precious"
    file.write_text("precious")

    refused = command(full_app, "backup", file)
    assert refused.exit_code == 1
    assert refused.stderr == f"Error: {file} is there already; --force overwrites it.\n"
    assert file.read_text() == "precious"

    assert command(full_app, "backup", file, "--force").exit_code == 0
    assert rows_in(f"sqlite:///{file}") == rows_in(url_of(full_app))


def test_a_backup_of_nothing_is_refused(empty_app, tmp_path):
    done = command(empty_app, "backup", tmp_path / "board.backup")

    assert done.exit_code == 1
    assert "Error: There is n" in done.stderr
    assert not (tmp_path / "board.backup").exists()


@ON_SQLITE
def test_a_backup_into_a_folder_that_is_not_there_is_one_line(full_app, tmp_path):
    done = command(full_app, "backup", tmp_path / "none" / "board.backup")

    assert done.exit_code == 1
    assert done.stderr == f"Error: There is no folder {tmp_path / 'none'}.\n"


@ON_SQLITE
def test_the_database_itself_is_no_place_for_its_backup(full_app):
    file = full_app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")

    done = command(full_app, "backup", file, "--force")

    assert done.exit_code == 1
    assert "is the database itself" in done.stderr


@ACROSS
def test_a_restored_board_is_the_one_that_was_backed_up(full_app, backup, empty_app):
    """Workers may still hold runs that came after the backup, and
    followers know later events: though nobody here remembers their numbers, none is given again."""
    backed_up = rows_in(url_of(full_app))
    lost = [in_session(full_app, take_a_stage) for _ in range(5)]

    done = command(empty_app, "restore", backup)

    assert done.exit_code == 0, done.output
    assert rows_in(url_of(empty_app)) == backed_up
    with empty_app.app_context():
        flask_migrate.check()
    assert in_session(empty_app, take_a_stage) > max(lost)


def take_a_stage(session):
    ticket = make_ticket(session, priority=0)
    run = claim(session, make_worker(session))
    assert run.ticket_id == ticket.ticket_id
    return run.run_id


def test_a_filled_board_is_replaced_only_when_told_to_and_after_a_question(full_app, backup):
    """Nor does it give a number twice that it gave after the backup."""
    lost = in_session(full_app, take_a_stage)
    newer = rows_in(url_of(full_app))

    refused = command(full_app, "restore", backup)
    assert refused.exit_code == 1
    assert "isn't empty; --force" in refused.stderr
    assert command(full_app, "restore", backup, "--force", stdin="n\n").exit_code == 1
    assert rows_in(url_of(full_app)) == newer

    assert command(full_app, "restore", backup, "--force", stdin="y\n").exit_code == 0
    assert rows_in(url_of(full_app)) == rows_in(f"sqlite:///{backup}")
    assert in_session(full_app, take_a_stage) > lost


@ON_SQLITE
def test_an_index_that_misses_rows_costs_no_backup_and_is_whole_again_after_a_restore(
    full_app, tmp_path
):
    board = Path(url_of(full_app).removeprefix("sqlite:///"))
    break_index(board)
    rows = rows_in(url_of(full_app))
    backup = made(full_app, tmp_path / "board.backup")
    missing = "row 1 missing from index ix_comments_ticket_id_id"
    assert missing in find_damage(board)
    assert missing in find_damage(backup)
    let_go(full_app)

    done = command(full_app, "restore", backup, "--force", "--yes")

    assert done.exit_code == 0, done.output
    assert find_damage(board) == []
    assert rows_in(url_of(full_app)).keys() == rows.keys()
    assert rows_in(url_of(full_app))["comments"] == rows["comments"]


@ON_SQLITE
def test_a_board_whose_rows_break_a_rule_is_not_backed_up(full_app, tmp_path):
    with closing(sqlite3.connect(url_of(full_app).removeprefix("sqlite:///"))) as file, file:
        file.execute("PRAGMA ignore_check_constraints = ON")
        file.execute("UPDATE tickets SET priority = 17")

    done = command(full_app, "backup", tmp_path / "board.backup")

    assert done.exit_code == 1
    assert "would be damaged: CHECK constraint failed in tickets" in done.stderr
    assert list(tmp_path.glob("*board.backup*")) == []


@ON_SQLITE
def test_a_backup_in_which_rows_are_alike_that_must_not_be_is_not_restored(
    full_app, saved, tmp_path
):
    before = rows_in(url_of(full_app))
    damaged = Path(shutil.copy(saved, tmp_path / "damaged.backup"))
    with closing(sqlite3.connect(damaged)) as file, file:
        file.execute("PRAGMA writable_schema = ON")
        file.execute(
            "UPDATE sqlite_schema SET sql = 'CREATE UNIQUE INDEX ix_events_event_type_id"
            " ON events (processed)' WHERE name = 'ix_events_event_type_id'"
        )

    done = command(full_app, "restore", damaged, "--force", "--yes")

    assert done.exit_code == 1
    assert "would be damaged: UNIQUE constraint failed: events.processed" in done.stderr
    assert rows_in(url_of(full_app)) == before


def break_index(file):
    """Let what an index holds be something else than what it is of."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, '(ticket_id', '(content')"
            " WHERE name = 'ix_comments_ticket_id_id'"
        )


UNUSABLE = {
    "UPDATE alembic_version SET version_num = '9999'": "newer than this version of Callboard",
    "DROP TABLE alembic_version": "is no backup of a board",
    "DELETE FROM projects": "would be damaged: a row of ",
}


def test_a_file_that_cant_be_restored_changes_nothing(full_app, saved, tmp_path):
    before = rows_in(url_of(full_app))

    for damage, line in UNUSABLE.items():
        damaged = shutil.copy(saved, tmp_path / "damaged.backup")
        with closing(sqlite3.connect(damaged)) as file, file:
            file.execute(damage)
        done = command(full_app, "restore", damaged, "--force", "--yes")

        assert done.exit_code == 1
        assert line in done.stderr
        assert done.stderr.count("\n") == 1
        assert rows_in(url_of(full_app)) == before


@ON_SQLITE
def test_a_file_that_is_no_database_is_one_line(full_app, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("notes " * 1_000)

    done = command(full_app, "restore", file, "--force", "--yes")

    assert done.stderr == f"Error: {file} is no backup of a board.\n"


@ON_POSTGRESQL
def test_a_restore_that_fails_on_the_way_leaves_what_was_there(full_app, saved, tmp_path):
    """PostgreSQL can't store this character; by then all tables were taken down."""
    damaged = shutil.copy(saved, tmp_path / "damaged.backup")
    with closing(sqlite3.connect(damaged)) as file, file:
        file.execute("UPDATE workers SET hostname = 'a' || char(0) || 'b'")
    before = rows_in(url_of(full_app))

    done = command(full_app, "restore", damaged, "--force", "--yes")

    assert done.exit_code == 1
    assert done.stderr.startswith("Error: A row of workers can't be copied: ")
    assert rows_in(url_of(full_app)) == before


@ACROSS
def test_a_backup_of_an_older_version_is_upgraded_on_the_way(full_app, empty_app, tmp_path):
    with full_app.app_context():
        flask_migrate.downgrade(revision=REVISIONS[1])
        # Each kind of database keeps its full-text index in other tables.
        older = {name: n for name, n in count_rows().items() if not is_of_index(name)}
    backup = made(full_app, tmp_path / "older.backup")
    with full_app.app_context():
        flask_migrate.upgrade()

    done = command(empty_app, "restore", backup)

    assert done.exit_code == 0, done.output
    with empty_app.app_context():
        now = count_rows()
        assert {table: now[table] for table in older} == older
        flask_migrate.check()


def test_a_backup_replaces_a_board_of_a_newer_version(full_app, saved):
    """The way back after an upgrade that was regretted."""
    in_session(full_app, lambda session: [session.execute(text(line)) for line in NEWER])

    refused = command(full_app, "restore", saved)
    done = command(full_app, "restore", saved, "--force", "--yes")

    assert refused.exit_code == 1
    assert done.exit_code == 0, done.output
    assert rows_in(url_of(full_app)) == rows_in(f"sqlite:///{saved}")
    with full_app.app_context():
        flask_migrate.check()


NEWER = (
    "CREATE TABLE futures (id integer)",
    "INSERT INTO futures VALUES (1)",
    "UPDATE alembic_version SET version_num = '9999'",
)


def test_a_database_that_a_server_has_open_is_not_replaced(full_app, saved):
    before = rows_in(url_of(full_app))
    server = create_engine(url_of(full_app))

    with server.connect() as connection:
        connection.execute(text("SELECT 1 FROM tickets")).all()
        connection.rollback()
        done = command(full_app, "restore", saved, "--force", "--yes")
    server.dispose()

    assert done.exit_code == 1
    assert "stop the server first" in done.stderr
    assert rows_in(url_of(full_app)) == before
    if url_of(full_app).startswith("sqlite"):
        with full_app.app_context():
            assert db.session.scalar(text("PRAGMA journal_mode")) == "wal"


@ON_POSTGRESQL
def test_an_empty_server_that_others_have_open_is_not_filled(full_app, spare_server):
    url = without_tables(spare_server)
    server = create_engine(url)

    with server.connect() as connection:
        connection.execute(text("SELECT 1"))
        done = command(full_app, "copy-database", url_of(full_app), url)
        connection.rollback()
        tables = inspect(connection).get_table_names()
    server.dispose()

    assert done.exit_code == 1
    assert "stop the server first" in done.stderr
    assert tables == []
