"""The full-text index is kept by the database itself, whoever writes the rows."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import flask_migrate
import pytest
from sqlalchemy import text

from app.db import full_text
from app.db.base import db
from app.db.full_text import Phrase, find_texts
from app.models import Project, Ticket
from tests.factories import ANN, PROJECT, claim, make_project, make_ticket, make_worker


def found(session, *words, only=None, hidden=()):
    """Ids of the tickets whose texts hold all of them, the newest text first."""
    session.flush()
    phrases = [Phrase(word) for word in words]
    return [ticket for ticket, _ in find_texts(session.connection(), phrases, only, hidden)]


def numbers(session):
    """The number of each text in the index."""
    session.flush()
    return session.scalars(text("SELECT id FROM search_documents ORDER BY id")).all()


def test_rows_of_plain_sql_are_found_changed_and_forgotten(session):
    make_project(session)
    session.flush()
    new_ticket = f"""INSERT INTO tickets (ticket_id, project_id, title, execution_plan)
        VALUES ('T-1', '{PROJECT}', 'The harbour', '["review"]')"""
    for statement, harbour, lighthouse in (
        (new_ticket, ["T-1"], []),
        ("INSERT INTO comments (ticket_id, content) VALUES ('T-1', 'A harbour!')", ["T-1"] * 2, []),
        ("UPDATE comments SET content = 'A lighthouse.'", ["T-1"], ["T-1"]),
        ("UPDATE tickets SET title = 'x', description = 'Lighthouse'", [], ["T-1"] * 2),
        ("DELETE FROM comments", [], ["T-1"]),
        ("DELETE FROM tickets", [], []),
    ):
        session.execute(text(statement))
        assert (found(session, "harbour"), found(session, "lighthouse")) == (harbour, lighthouse)
        assert full_text.strays(session.connection()) == []
    assert numbers(session) == []


def test_what_goes_with_its_ticket_or_project_is_forgotten(session):
    make_project(session, "acme/api")
    for project in (PROJECT, PROJECT, "acme/api"):
        make_ticket(session, project=project, title="Harbour").say("A harbour.", ANN)
    session.flush()
    session.execute(text("DELETE FROM tickets WHERE ticket_id = 'WEB-1'"))
    assert set(found(session, "harbour")) == {"WEB-2", "API-1"}

    session.execute(text(f"DELETE FROM projects WHERE repository_name = '{PROJECT}'"))
    assert found(session, "harbour") == ["API-1", "API-1"]
    assert full_text.strays(session.connection()) == []


def test_a_claim_writes_nothing_to_the_index(session):
    for _ in range(2):
        make_ticket(session)
    worker = make_worker(session)
    before = numbers(session)

    claim(session, worker)
    session.flush()
    assert numbers(session) == before

    ticket = session.get_one(Ticket, "WEB-1")
    ticket.title = "Another one"
    assert numbers(session) != before, "this could fail"


def test_a_project_narrows_before_the_newest_are_taken(session, monkeypatch):
    monkeypatch.setattr(full_text, "NEWEST_MAX", 2)
    make_project(session, "acme/api")
    make_ticket(session, title="Harbour")
    for _ in range(5):
        make_ticket(session, project="acme/api", title="Harbour")

    assert found(session, "harbour") == ["API-5", "API-4", "API-3"], "one more than asked for"
    assert found(session, "harbour", only=PROJECT) == ["WEB-1"]
    assert found(session, "harbour", hidden=["acme/api"]) == ["WEB-1"]
    assert found(session, "harbour", only=PROJECT, hidden=[PROJECT]) == []
    assert found(session, "harbour", hidden=[f"acme/p{n}" for n in range(2_000)])[0] == "API-5"


def test_the_name_of_a_project_is_no_word_of_its_texts(session):
    make_ticket(session)
    for word in (PROJECT, PROJECT.encode().hex(), f"/{PROJECT.encode().hex()}", "project"):
        assert found(session, word) == []


def test_it_can_be_made_anew_at_any_time(session):
    for number in range(3):
        make_ticket(session, title="Harbour", description="x y").say(f"Lighthouse {number}.", ANN)
    before = found(session, "harbour"), found(session, "lighthouse")
    full_text.rebuild(session.connection())

    assert (found(session, "harbour"), found(session, "lighthouse")) == before
    make_ticket(session, title="The next harbour")
    assert found(session, "harbour", "next") == ["WEB-4"]


@pytest.mark.parametrize("migrated_app", ["sqlite"], indirect=True)
def test_no_comment_writes_all_of_an_index_that_was_made_anew(session):
    """FTS5 merges small pieces of its index with each other; whoever writes then waits for it."""
    words = Random(1)
    texts = (" ".join(f"{words.getrandbits(32):x}" for _ in range(4_000)) for _ in range(60))
    for number, description in enumerate(texts):
        make_ticket(session, title=f"Harbour {number}", description=description)
    full_text.rebuild(session.connection())
    session.commit()
    pages = set(session.scalars(PAGES))
    assert len(pages) > 500
    for _ in range(20):
        session.get_one(Ticket, "WEB-1").say("A harbour.", ANN)
        session.commit()
        before, pages = pages, set(session.scalars(PAGES))
        assert len(pages - before) < 100


PAGES = text("SELECT id FROM search_fts_data")


def test_a_file_that_was_vacuumed_is_searched_as_before(session):
    """SQLite gives rows without a number of their own another place."""
    for number in range(5):
        make_ticket(session, title=f"Harbour {number}")
    session.delete(session.get_one(Ticket, "WEB-2"))
    session.commit()
    if session.get_bind().dialect.name == "sqlite":
        vacuum(db.engine)
    for number, ids in enumerate((["WEB-1"], [], ["WEB-3"], ["WEB-4"], ["WEB-5"])):
        assert found(session, "harbour", f"harbour {number}") == ids


def vacuum(engine):
    connection = engine.raw_connection()
    connection.dbapi_connection.execute("VACUUM")
    connection.close()


def test_missing_parts_are_named(session):
    make_ticket(session)
    connection = session.connection()
    assert full_text.missing_parts(connection) == []
    is_sqlite = connection.dialect.name == "sqlite"
    name = "search_comment_added" if is_sqlite else "search_comment"
    connection.exec_driver_sql(f"DROP TRIGGER {name}" + ("" if is_sqlite else " ON comments"))
    assert full_text.missing_parts(connection) == [name]

    full_text.drop(connection)
    assert "search_documents" in full_text.missing_parts(connection)
    full_text.rebuild(connection)
    assert full_text.missing_parts(connection) == full_text.strays(connection) == []
    session.rollback()


@pytest.mark.parametrize("size", [131_072, 1_500_000])
def test_texts_of_any_length_are_stored_and_found(session, size):
    make_ticket(session)
    session.flush()
    long = "harbour " + "x" * 40_000 + " " + "word " * (size // 5)
    session.execute(
        text("INSERT INTO comments (ticket_id, content) VALUES ('WEB-1', :long)"), {"long": long}
    )
    assert found(session, "harbour", "word") == ["WEB-1"]
    assert session.get(Project, PROJECT) is not None


def test_an_index_without_lists_of_beginnings_is_made_anew(new_database, make_app):
    with make_app(new_database("sqlite")).app_context():
        make_project(db.session())
        make_ticket(db.session(), title="The harbour")
        db.session.commit()
        shape = text("SELECT sql FROM sqlite_master WHERE name = 'search_fts'")
        new = db.session.scalar(shape)
        db.session.rollback()
        flask_migrate.downgrade(revision="0021")
        with db.engine.begin() as connection:
            old = new.replace(",\n  prefix='1 2'", "")
            assert old != new
            connection.exec_driver_sql("DROP TABLE search_fts")
            connection.exec_driver_sql(old)
        flask_migrate.upgrade()

        session = db.session()
        assert session.scalar(shape) == new
        beginning = find_texts(session.connection(), [Phrase("ha", is_beginning=True)], None, [])
        assert beginning == [("WEB-1", None)]
        assert full_text.strays(session.connection()) == []


def test_an_index_without_its_list_of_words_gets_one_and_stays(new_database, make_app):
    with make_app(new_database("sqlite")).app_context():
        session = db.session()
        make_project(session)
        make_ticket(session, title="The harbour")
        session.commit()
        flask_migrate.downgrade(revision="0024")
        with db.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE search_fts_words")
            assert full_text.missing_parts(connection) == ["search_fts_words"]
            # To make the index anew would find nothing of this.
            connection.exec_driver_sql("DROP TRIGGER search_ticket_deleted")
            connection.exec_driver_sql("DELETE FROM tickets")
            connection.exec_driver_sql(full_text.SQLITE_TRIGGERS["search_ticket_deleted"])
        flask_migrate.upgrade()

        assert full_text.missing_parts(session.connection()) == []
        beginning = Phrase("harb", is_beginning=True)
        assert find_texts(session.connection(), [beginning], None, []) == [("WEB-1", None)]


@pytest.mark.parametrize("query", full_text.STRAYS)
def test_no_table_is_gone_through_for_each_row_of_another(session, query):
    """PostgreSQL does so for each ticket where it doesn't know how few, or how many, there are."""
    if session.get_bind().dialect.name == "postgresql":
        plan = "\n".join(session.scalars(text(f"EXPLAIN {query}")))
        assert "SubPlan" not in plan
    else:
        steps = [row.detail for row in session.execute(text(f"EXPLAIN QUERY PLAN {query}"))]
        asked_again = [two for one, two in pairwise(steps) if one.startswith("CORRELATED")]
        assert all(step.startswith("SEARCH") for step in asked_again)
