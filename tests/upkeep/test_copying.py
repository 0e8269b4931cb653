"""A board moves to another database: every row, and nothing but the rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
from click.testing import Result
from sqlalchemy import create_engine, inspect, text

from app.db.base import db
from app.db.full_text import Phrase, find_texts, missing_parts, strays
from app.models import IdempotencyKey
from tests.boards import (
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
from tests.db.test_migrations import REVISIONS
from tests.factories import ANN, PROJECT, make_ticket


@pytest.fixture
def full_app(app):
    """A board on SQLite with rows in all tables."""
    fill(app)
    return app


@pytest.fixture
def server(spare_server):
    """The URL of an empty PostgreSQL database."""
    return without_tables(spare_server)


@dataclass
class Copies:
    """A board with rows in all tables, copied to PostgreSQL, and from there to a file again."""

    urls: list[str]
    told: list[Result]
    last_event: int
    """Its number; the next one was given, too, and is gone."""


@pytest.fixture(scope="module")
def copies(new_database, make_app, tmp_path_factory):
    """For tests that only look at them."""
    with without_interfaces():
        app = make_app(new_database("sqlite"))
    fill(app)
    for change in (keep_a_null_and_a_null_of_json, say_something):
        in_session(app, change)
    last_event = in_session(app, add_and_delete_an_event)
    last = f"sqlite:///{tmp_path_factory.mktemp('copy')}/last.db"
    urls = [url_of(app), new_database("postgresql"), last]
    told = [command(app, "copy-database", *each) for each in pairwise(urls)]
    assert [done.exit_code for done in told] == [0, 0], [done.output for done in told]
    return Copies(urls, told, last_event)


def checksums(output):
    return [line.split() for line in output.splitlines() if len(line.split()) == 3]


def test_a_board_goes_to_postgresql_and_back_unchanged(copies):
    first, server, last = copies.urls
    there, back = copies.told

    assert rows_in(first) == rows_in(server) == rows_in(last)
    assert checksums(there.stdout) == checksums(back.stdout)
    assert texts_of_json(first) == texts_of_json(server) == texts_of_json(last)


def test_a_copy_is_searched_like_its_source(copies):
    first, server, last = copies.urls

    found = texts_found(first)
    assert len(found) == 2
    assert texts_found(server) == texts_found(last) == found


def say_something(session):
    make_ticket(session, title="The harbour")
    make_ticket(session).say("A harbour, too.", ANN)


def texts_found(url):
    """Tickets with a text that holds a word, in its project."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = find_texts(connection, [Phrase("harbour")], PROJECT, [])
        faults = missing_parts(connection) + strays(connection)
    engine.dispose()
    assert faults == []
    return sorted(ticket_id for ticket_id, _ in found)


def keep_a_null_and_a_null_of_json(session):
    key = session.query(IdempotencyKey).one()
    for number, headers in enumerate(["null", None, '{"b":1,  "a":[]}']):
        session.execute(
            text(
                "INSERT INTO idempotency_keys (token_id, key, request_hash, headers)"
                " VALUES (:token, :key, 'hash', :headers)"
            ),
            {"token": key.token_id, "key": f"json-{number}", "headers": headers},
        )


def texts_of_json(url):
    engine = create_engine(url)
    query = "SELECT key, CAST(headers AS text) FROM idempotency_keys ORDER BY key"
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    assert ("json-0", "null") in found
    assert ("json-1", None) in found
    return found


def test_numbers_go_on_where_they_were(copies, tmp_path):
    """Also behind a row that is gone."""
    with without_interfaces():
        moved = app_without_tables(copies.urls[1], tmp_path)

    with moved.app_context():
        assert add_and_delete_an_event(db.session()) == copies.last_event + 2
        db.session.rollback()  # others look at the copy, too
    let_go(moved)


def add_and_delete_an_event(session):
    make_ticket(session)
    session.flush()
    last = session.scalar(text("SELECT max(id) FROM events"))
    session.execute(text("INSERT INTO events (event_type) VALUES ('ticket_held')"))
    session.execute(text(f"DELETE FROM events WHERE id > {last}"))
    return last


def test_foreign_keys_are_checked_at_once_again(copies):
    engine = create_engine(copies.urls[1])
    keys = [
        key
        for table in inspect(engine).get_table_names()
        for key in inspect(engine).get_foreign_keys(table)
    ]
    engine.dispose()
    assert len(keys) > 10
    assert not any(key["options"].get("deferrable") for key in keys)


@ON_SQLITE
def test_a_database_that_is_not_empty_is_left_alone(full_app, server, tmp_path):
    for other in (f"sqlite:///{tmp_path}/other.db", server):
        assert command(full_app, "copy-database", url_of(full_app), other).exit_code == 0
        in_session(full_app, make_ticket)
        before = rows_in(other)

        done = command(full_app, "copy-database", url_of(full_app), other)

        assert done.exit_code == 1
        assert done.stderr == "Error: The database to copy to isn't empty. Nothing was changed.\n"
        assert rows_in(other) == before


@ON_SQLITE
def test_a_copy_that_fails_leaves_no_tables_behind(full_app, server):
    in_session(
        full_app,
        lambda session: session.execute(
            text("UPDATE workers SET hostname = 'a' || char(0) || 'b'")
        ),
    )

    done = command(full_app, "copy-database", url_of(full_app), server)

    assert done.stderr.startswith("Error: A row of workers can't be copied: ")
    engine = create_engine(server)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


@ON_SQLITE
def test_a_source_without_tables_is_told_what_to_run(server, full_app, tmp_path):
    done = command(full_app, "copy-database", server, f"sqlite:///{tmp_path}/new.db")

    assert done.stderr == (
        f"Error: The database to copy from is at revision none, this version of Callboard at "
        f"{REVISIONS[0]}. Migrations are missing: run callboard db upgrade.\n"
    )
    assert not (tmp_path / "new.db").exists()


@ON_SQLITE
@pytest.mark.parametrize("place", ["FROM", "TO"])
def test_no_password_is_printed(full_app, tmp_path, place):
    secret = "postgresql://ann:hunter2@127.0.0.1:1/none?connect_timeout=2&sslpassword=hunter3"
    other = url_of(full_app) if place == "TO" else f"sqlite:///{tmp_path}/new.db"
    urls = (secret, other) if place == "FROM" else (other, secret)

    done = command(full_app, "copy-database", *urls)

    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "hunter" not in done.output


@ON_SQLITE
@pytest.mark.parametrize("url", ["nonsense:hunter2", "mysql://ann:hunter2@db/x", "sqlite://"])
def test_what_is_no_database_is_one_line_without_what_was_typed(full_app, url):
    done = command(full_app, "copy-database", url_of(full_app), url)

    assert done.exit_code == 1
    assert "sqlite:////var/lib/callboard/callboard.db" in done.stderr
    assert "hunter2" not in done.output


@ON_SQLITE
def test_a_database_is_not_copied_onto_itself(full_app):
    done = command(full_app, "copy-database", url_of(full_app), url_of(full_app))

    assert done.stderr == "Error: FROM and TO are the same database.\n"


@ON_SQLITE
def test_urls_may_come_from_the_environment(full_app, tmp_path, monkeypatch):
    """ps shows arguments to everyone."""
    new = f"sqlite:///{tmp_path}/new.db"
    monkeypatch.setenv("CALLBOARD_COPY_FROM", url_of(full_app))
    monkeypatch.setenv("CALLBOARD_COPY_TO", new)

    assert command(full_app, "copy-database").exit_code == 0
    assert rows_in(new) == rows_in(url_of(full_app))
