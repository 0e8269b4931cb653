"""What failed is told apart by real errors of real databases."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.db import engine
from app.db.engine import patient
from app.db.errors import failure_of

ON_POSTGRESQL = {
    ("SET LOCAL transaction_read_only = on", "CREATE TABLE x (y int)"): "read_only",
    ("SET LOCAL statement_timeout = 1", "SELECT pg_sleep(5)"): "busy",
    ("SELECT pg_terminate_backend(pg_backend_pid())",): "unreachable",
    # The server's own words for what can't be brought about here.
    ("DO $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$",): "disk_full",
    ("DO $$ BEGIN RAISE EXCEPTION 'no slots' USING ERRCODE = '53300'; END $$",): "busy",
    ("DO $$ BEGIN RAISE EXCEPTION 'no page' USING ERRCODE = '58030'; END $$",): "damaged",
}


@pytest.fixture
def file(tmp_path):
    """A SQLite file with a table, in the mode of the board's own."""
    file = tmp_path / "board.db"
    database = opened(f"sqlite:///{file}")
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE notes (body TEXT)"))
    database.dispose()
    return file


def opened(url):
    made = create_engine(url, **engine.engine_options(url))
    engine.prepare(made)
    return made


def kind_of(database, *statements):
    """What is said of the first statement that fails."""
    try:
        with database.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
    except (SQLAlchemyError, sqlite3.Error) as error:
        failure = failure_of(error)
        return failure and failure.kind
    finally:
        database.dispose()
    raise AssertionError("nothing failed")


def test_a_full_disk(file):
    database = opened(f"sqlite:///{file}")
    filling = "INSERT INTO notes VALUES (zeroblob(100000))"

    assert kind_of(database, "PRAGMA max_page_count = 1", filling) == "disk_full"


def test_a_file_that_is_opened_for_reading_only(file, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    database = opened(f"sqlite:///file:{file}?mode=ro&uri=true")

    assert kind_of(database, "INSERT INTO notes VALUES ('x')") == "read_only"
    assert list(elsewhere.iterdir()) == [], "a URI is not the path of a folder to be made"


def test_a_lock_that_others_hold(file):
    holder = opened(f"sqlite:///{file}")
    with holder.begin():
        assert kind_of(patient(opened(f"sqlite:///{file}"), 0.01), "SELECT 1") == "busy"


def test_a_pool_that_is_used_up(file):
    database = create_engine(f"sqlite:///{file}", pool_size=1, max_overflow=0, pool_timeout=0.01)
    with database.connect():
        assert kind_of(database, "SELECT 1") == "busy"


def test_a_folder_in_place_of_the_file(tmp_path):
    (tmp_path / "board.db").mkdir()

    assert kind_of(opened(f"sqlite:///{tmp_path}/board.db"), "SELECT 1") == "unreachable"


def test_a_file_that_is_no_database(file):
    file.write_bytes(b"these are not the pages that SQLite looks for" * 1000)

    assert kind_of(opened(f"sqlite:///{file}"), "SELECT * FROM notes") == "damaged"


@pytest.mark.parametrize("statement", ["SELECT * FROM nothing", "SELEC", "INSERT INTO notes (y) 1"])
def test_a_wrong_statement_is_no_failure_of_the_database(file, statement):
    assert kind_of(opened(f"sqlite:///{file}"), statement) is None


@pytest.mark.parametrize("statements", ON_POSTGRESQL)
def test_what_postgresql_says(postgresql, statements):
    assert kind_of(opened(postgresql), *statements) == ON_POSTGRESQL[statements]


def test_a_wrong_statement_is_no_failure_of_postgresql(postgresql):
    assert kind_of(opened(postgresql), "SELECT no_such_function()") is None


def test_a_server_that_is_not_there():
    away = "postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2"

    assert kind_of(opened(away), "SELECT 1") == "unreachable"
