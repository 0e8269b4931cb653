"""Going back to an older schema says what it destroys, and asks."""

from __future__ import annotations

import re

import flask_migrate
import pytest
from sqlalchemy import text

from tests.boards import ON_SQLITE, command, fill, in_session, rows_in, url_of
from tests.db.test_migrations import REVISIONS


@pytest.fixture
def full_app(app):
    """A board with rows in all tables; the tables are there again in the end."""
    fill(app)
    yield app
    with app.app_context():
        flask_migrate.upgrade()


def revision_of(app):
    query = text("SELECT version_num FROM alembic_version")
    return in_session(app, lambda session: session.scalar(query))


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_a_downgrade_tells_what_it_destroys_and_does_nothing_without_a_yes(full_app, answer):
    before = rows_in(url_of(full_app))

    refused = command(full_app, "db", "downgrade", "base", stdin=answer)

    assert refused.exit_code == 1
    told = [line.strip() for line in refused.stdout.splitlines()]
    assert "tickets: 3 rows" in told
    assert f"users: {len(before['users'])} row" in told
    assert revision_of(full_app) == REVISIONS[0]
    assert rows_in(url_of(full_app)) == before


def test_columns_that_an_older_schema_lacks_are_told_with_the_rows_that_fill_them(full_app):
    refused = command(full_app, "db", "downgrade", "0003", stdin="n\n")

    assert refused.exit_code == 1
    assert "members_only" in columns_lost(refused.stdout, "projects")
    assert "output_tail" not in refused.stdout, "no worker has any"

    output = text("UPDATE workers SET output_tail = 'made it'")
    in_session(full_app, lambda session: session.execute(output))
    refused = command(full_app, "db", "downgrade", "0003", stdin="n\n")

    assert {"output_tail", "token_id"} <= columns_lost(refused.stdout, "workers")


def columns_lost(told, table):
    """The columns of a table that one row fills and that an answer says will be destroyed."""
    found = re.search(rf"^  {table}: (.*) in 1 row$", told, re.MULTILINE)
    return set(found[1].split(", "))


@pytest.mark.parametrize(("options", "answer"), [([], "y\n"), (["--yes"], "")])
def test_a_downgrade_goes_on_after_a_yes(full_app, options, answer):
    done = command(full_app, "db", "downgrade", *options, stdin=answer)

    assert done.exit_code == 0, done.output
    assert revision_of(full_app) == REVISIONS[1]


@ON_SQLITE
def test_a_downgrade_that_destroys_nothing_asks_nothing(app):
    try:
        done = command(app, "db", "downgrade", "base")
        assert done.exit_code == 0, done.output
        assert done.stdout == ""
    finally:
        with app.app_context():
            flask_migrate.upgrade()


def test_a_revision_to_go_down_to_that_is_not_there_is_one_line(full_app):
    done = command(full_app, "db", "downgrade", "nonsense")

    assert done.exit_code == 1
    assert done.stderr == "Error: No such revision or branch 'nonsense'.\n"
