"""What each database is told: how transactions begin, who waits for whom, what is refused."""

import os
import sqlite3
import stat
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import (
    Column,
    MetaData,
    Table,
    Text,
    create_engine,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import DropTable

from app import create_app
from app.db import engine
from app.db.base import db
from app.db.engine import patient, reader
from app.db.errors import is_busy
from app.settings import ConfigError
from app.settings.board import load_settings
from tests.processes import PATIENCE

INSERT = "INSERT INTO notes (body) VALUES ('x')"
NOTES = Table("notes", MetaData(), Column("body", Text))


@pytest.fixture
def database(tmp_path):
    """A SQLite file in a folder that isn't there yet, opened as the application opens its own."""
    url = f"sqlite:///{tmp_path}/new/folder/board.db"
    made = create_engine(url, **engine.engine_options(url))
    engine.prepare(made)
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)"))
    yield made
    made.dispose()


def pragma(connection, name):
    return connection.execute(text(f"PRAGMA {name}")).scalar()


@pytest.fixture
def open_umask():
    """As a person's shell may have it: new files are for everyone."""
    old = os.umask(0)
    yield
    os.umask(old)


def begun_by(database):
    """The statement with which the next transaction begins."""
    statements: list[str] = []
    with database.connect() as connection:
        connection.connection.dbapi_connection.set_trace_callback(statements.append)
        connection.execute(text("SELECT 1"))
        connection.connection.dbapi_connection.set_trace_callback(None)
    return [line for line in statements if line.startswith("BEGIN")]


def test_sqlite_keeps_foreign_keys_a_write_ahead_log_and_commits_that_outlive_a_power_cut(database):
    with database.connect() as connection:
        assert pragma(connection, "foreign_keys") == 1
        assert pragma(connection, "journal_mode") == "wal"
        assert pragma(connection, "synchronous") == 2, "FULL"
        assert pragma(connection, "busy_timeout") == 15_000
        assert pragma(connection, "temp_store") == 2, "MEMORY"


@pytest.mark.parametrize(("settings", "level"), [({}, 2), ({"sqlite_synchronous": "normal"}, 1)])
def test_durability_can_be_traded_by_a_setting(tmp_path, settings, level):
    app = create_app(load_settings(instance_path=tmp_path, database_url="", **settings))
    with app.app_context():
        assert pragma(db.session, "synchronous") == level
        db.session.remove()
        db.engine.dispose()


def test_a_new_database_and_its_log_belong_to_their_owner_alone(open_umask, database):
    with database.begin() as connection:
        connection.execute(text(INSERT))
        folder = Path(database.url.database).parent
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}

    assert modes == dict.fromkeys(("board.db", "board.db-wal", "board.db-shm"), 0o600)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_database_that_is_there_keeps_the_mode_that_someone_gave_it(tmp_path):
    file = tmp_path / "board.db"
    file.touch()
    file.chmod(0o640)
    made = create_engine(f"sqlite:///{file}")
    engine.prepare(made)

    with made.begin() as connection:
        connection.execute(text("CREATE TABLE notes (body TEXT)"))
    made.dispose()

    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_transaction_that_may_write_says_so_at_once(database):
    assert begun_by(database) == ["BEGIN IMMEDIATE"]


def test_a_transaction_that_only_reads_takes_no_lock(database):
    assert begun_by(reader(database)) == ["BEGIN"]
    assert begun_by(database) == ["BEGIN IMMEDIATE"]


@pytest.mark.parametrize(
    "statement",
    [
        text(INSERT),
        text("  update notes SET body = 'y'"),
        text("WITH some AS (SELECT 'x' AS body) INSERT INTO notes SELECT body FROM some"),
        text("DROP TABLE notes"),
        insert(NOTES).values(body="x"),
        update(NOTES).values(body="x"),
        delete(NOTES).where(NOTES.c.body.in_(select(select(NOTES.c.body).cte("some").c.body))),
        DropTable(NOTES),
    ],
)
def test_a_reading_transaction_refuses_to_write(database, statement):
    with reader(database).connect() as connection, pytest.raises(RuntimeError, match="only reads"):
        connection.execute(statement)
    with database.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar() == 0


def test_a_reading_transaction_refuses_what_the_driver_is_given(database):
    with reader(database).connect() as connection, pytest.raises(RuntimeError, match="only reads"):
        connection.exec_driver_sql(INSERT)


@pytest.mark.parametrize(
    "statement",
    [
        "WITH some AS (SELECT 'an update' AS said) SELECT replace(said, 'x', 'y') FROM some",
        "EXPLAIN QUERY PLAN DELETE FROM notes WHERE id = 1",
        "PRAGMA table_info(notes)",
    ],
)
def test_a_reading_transaction_may_speak_of_writing(database, statement):
    with reader(database).connect() as connection:
        assert connection.execute(text(statement)).all()


def test_a_connection_that_was_read_with_can_write_again(database):
    with reader(database).connect() as connection:
        connection.execute(text("SELECT * FROM notes"))
    with database.begin() as connection:
        connection.execute(text(INSERT))
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar() == 1


def test_readers_go_on_while_somebody_writes(database):
    with database.begin() as writer:
        writer.execute(text(INSERT))
        with reader(database).connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM notes")).scalar() == 0


def test_what_was_rolled_back_is_gone(database):
    with database.connect() as connection:
        connection.execute(text(INSERT))
        connection.rollback()
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar() == 0


def test_a_savepoint_can_be_rolled_back_alone(database):
    with database.begin() as connection:
        connection.execute(text(INSERT))
        with connection.begin_nested() as savepoint:
            connection.execute(text(INSERT))
            savepoint.rollback()
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar() == 1


def test_a_writer_waits_for_the_lock_and_gets_it(database):
    is_about_to, wrote = threading.Event(), threading.Event()

    def write():
        is_about_to.set()
        with database.begin() as connection:
            connection.execute(text(INSERT))
            wrote.set()

    with database.begin() as first:
        first.execute(text(INSERT))
        second = threading.Thread(target=write)
        second.start()
        assert is_about_to.wait(PATIENCE)
        assert not wrote.wait(0.3), "it waits"
    second.join(PATIENCE)

    assert wrote.is_set()
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar() == 2


def test_a_writer_gives_up_at_its_deadline(database):
    with database.begin():
        began = time.monotonic()
        with pytest.raises(sqlite3.OperationalError) as error:
            patient(database, 0.2).connect().execute(text("SELECT 1"))

    assert time.monotonic() - began >= 0.2
    assert is_busy(error.value)


def test_giving_up_again_and_again_uses_up_no_connections(database):
    """The pool holds fifteen: a connection that is lost each time would block the sixteenth."""
    with database.begin() as holder:
        for _ in range(20):
            with pytest.raises(sqlite3.OperationalError), patient(database, 0.001).begin():
                pass
        holder.execute(text(INSERT))

    with database.begin() as connection:
        assert pragma(connection, "busy_timeout") <= 15_000
        connection.execute(text(INSERT))


@pytest.mark.parametrize("migrated_app", ["sqlite"], indirect=True)
def test_a_session_that_gave_up_can_be_used_again(app, monkeypatch):
    with app.app_context():
        monkeypatch.setattr(engine, "WRITE_LOCK_SECONDS", 0.05)
        for _ in range(20):
            with db.engine.begin(), pytest.raises(sqlite3.OperationalError):
                db.session.execute(text("SELECT 1"))
            db.session.rollback()

        assert db.session.execute(text("SELECT 1")).scalar() == 1


def test_many_writers_lose_nothing(database):
    def write():
        for _ in range(25):
            with database.begin() as connection:
                seen = connection.execute(text("SELECT count(*) FROM notes")).scalar()
                connection.execute(text(f"INSERT INTO notes (id, body) VALUES ({seen + 1}, 'x')"))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar() == 100


@pytest.mark.parametrize(
    ("message", "busy"),
    [
        ("database is locked", True),
        ("canceling statement due to lock timeout", True),
        ("deadlock detected", True),
        ("no such table: locked", False),
        ("UNIQUE constraint failed", False),
    ],
)
def test_a_busy_database_is_told_from_a_broken_one(message, busy):
    assert is_busy(RuntimeError(message)) is busy


def test_the_application_uses_this_engine(session):
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        assert pragma(connection, "foreign_keys") == 1
        assert sqlite3.sqlite_version_info >= engine.OLDEST_SQLITE
    else:
        assert connection.execute(text("SHOW timezone")).scalar() == "UTC"
        assert connection.execute(text("SHOW lock_timeout")).scalar() == "15s"
        in_parallel = connection.execute(text("SHOW max_parallel_workers_per_gather")).scalar()
        assert in_parallel == "0"
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text("INSERT INTO comments (ticket_id, content) VALUES ('none', 'x')"))


def test_a_sqlite_without_full_text_search_is_refused_with_what_to_do():
    assert engine.has_fts5()
    with pytest.raises(ConfigError, match=r"FTS5.*Run Callboard with a Python whose SQLite has it"):
        engine.require_sqlite(sqlite3.sqlite_version_info, has_fts5=False)
