"""A board moves to another database: every row, and nothing but the rows."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, inspect, text

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
    without_tables,
)
from tests.db.test_migrations import REVISIONS
from tests.factories import ANN, PROJECT, make_ticket

pytestmark = ON_SQLITE


@pytest.fixture
def full_app(app):
    """A board on SQLite with rows in all tables."""
    fill(app)
    return app


@pytest.fixture
def server(spare_server):
    """The URL of an empty PostgreSQL database."""
    return without_tables(spare_server)


def checksums(output):
    return [line.split() for line in output.splitlines() if len(line.split()) == 3]


def test_a_board_goes_to_postgresql_and_back_unchanged(full_app, server, tmp_path):
    in_session(full_app, keep_a_null_and_a_null_of_json)
    first, last = url_of(full_app), f"sqlite:///{tmp_path}/last.db"

    there = command(full_app, "copy-database", first, server)
    back = command(full_app, "copy-database", server, last)

    assert (there.exit_code, back.exit_code) == (0, 0), there.output + back.output
    assert rows_in(first) == rows_in(server) == rows_in(last)
    assert checksums(there.stdout) == checksums(back.stdout)
    assert texts_of_json(first) == texts_of_json(server) == texts_of_json(last)


def test_a_copy_is_searched_like_its_source(full_app, server, tmp_path):
    in_session(full_app, say_something)
    first, last = url_of(full_app), f"sqlite:///{tmp_path}/last.db"

    assert command(full_app, "copy-database", first, server).exit_code == 0
    assert command(full_app, "copy-database", server, last).exit_code == 0

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


def test_numbers_go_on_where_they_were(full_app, server, tmp_path):
    """Also behind a row that is gone."""
    last = in_session(full_app, add_and_delete_an_event)
    assert command(full_app, "copy-database", url_of(full_app), server).exit_code == 0

    moved = app_without_tables(server, tmp_path)

    assert in_session(moved, add_and_delete_an_event) == last + 2
    let_go(moved)


def add_and_delete_an_event(session):
    make_ticket(session)
    session.flush()
    last = session.scalar(text("SELECT max(id) FROM events"))
    session.execute(text("INSERT INTO events (event_type) VALUES ('ticket_held')"))
    session.execute(text(f"DELETE FROM events WHERE id > {last}"))
    return last


def test_foreign_keys_are_checked_at_once_again(full_app, server):
    assert command(full_app, "copy-database", url_of(full_app), server).exit_code == 0

    engine = create_engine(server)
    keys = [
        key
        for table in inspect(engine).get_table_names()
        for key in inspect(engine).get_foreign_keys(table)
    ]
    engine.dispose()
    assert len(keys) > 10
    assert not any(key["options"].get("deferrable") for key in keys)


def test_a_database_that_is_not_empty_is_left_alone(full_app, server, tmp_path):
    for other in (f"sqlite:///{tmp_path}/other.db", server):
        assert command(full_app, "copy-database", url_of(full_app), other).exit_code == 0
        in_session(full_app, make_ticket)
        before = rows_in(other)

        done = command(full_app, "copy-database", url_of(full_app), other)

        assert done.exit_code == 1
        assert done.stderr == "Error: The database to copy to isn't empty. Nothing was changed.\n"
        assert rows_in(other) == before


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


def test_a_source_without_tables_is_told_what_to_run(server, full_app, tmp_path):
    done = command(full_app, "copy-database", server, f"sqlite:///{tmp_path}/new.db")

    assert done.stderr == (
        f"Error: The database to copy from is at revision none, this version of Callboard at "
        f"{REVISIONS[0]}. Migrations are missing: run callboard db upgrade.\n"
    )
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("place", ["FROM", "TO"])
def test_no_password_is_printed(full_app, tmp_path, place):
    secret = "postgresql://ann:hunter2@127.0.0.1:1/none?connect_timeout=2&sslpassword=hunter3"
    other = url_of(full_app) if place == "TO" else f"sqlite:///{tmp_path}/new.db"
    urls = (secret, other) if place == "FROM" else (other, secret)

    done = command(full_app, "copy-database", *urls)

    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "hunter" not in done.output


@pytest.mark.parametrize("url", ["nonsense:hunter2", "mysql://ann:hunter2@db/x", "sqlite://"])
def test_what_is_no_database_is_one_line_without_what_was_typed(full_app, url):
    done = command(full_app, "copy-database", url_of(full_app), url)

    assert done.exit_code == 1
    assert "sqlite:////var/lib/callboard/callboard.db" in done.stderr
    assert "hunter2" not in done.output


def test_a_database_is_not_copied_onto_itself(full_app):
    done = command(full_app, "copy-database", url_of(full_app), url_of(full_app))

    assert done.stderr == "Error: FROM and TO are the same database.\n"


def test_urls_may_come_from_the_environment(full_app, tmp_path, monkeypatch):
    """ps shows arguments to everyone."""
    new = f"sqlite:///{tmp_path}/new.db"
    monkeypatch.setenv("CALLBOARD_COPY_FROM", url_of(full_app))
    monkeypatch.setenv("CALLBOARD_COPY_TO", new)

    assert command(full_app, "copy-database").exit_code == 0
    assert rows_in(new) == rows_in(url_of(full_app))
