"""Migrations: up and down on both databases, in step with the models, and no row is lost."""

import shutil
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path

import flask_migrate
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, select, text

from app import pipeline
from app.db import full_text
from app.db.base import db
from app.errors import RunNotCurrent
from app.models import Event, StageRun, Ticket
from tests.boards import fill_every_table, without_interfaces
from tests.factories import ANN, GATE, claim, make_ticket, make_worker

MIGRATIONS = Path(__file__).parents[2] / "migrations"
REVISIONS = [
    script.revision
    for script in ScriptDirectory.from_config(
        Config(config_args={"script_location": str(MIGRATIONS)})
    ).walk_revisions()
]
"""From the newest to the oldest."""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_app(request, new_database, make_app):
    """An application of its own, migrated and without a row, whose schema a test may change."""
    with without_interfaces():
        return make_app(new_database(request.param))


@pytest.fixture
def full_app(empty_app):
    """The same with at least one row in every table."""
    with empty_app.app_context():
        fill_every_table(db.session())
        db.session.commit()
        empty = [table for table, rows in count_rows().items() if not rows]
        assert empty == [], "fill these too"
    return empty_app


def count_rows():
    """How many rows each table holds, whatever tables there are."""
    db.session.rollback()
    tables = set(inspect(db.engine).get_table_names()) - {"alembic_version"}
    with db.engine.connect() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            for table in sorted(tables)
        }


def assert_kept(before, after):
    """No table that is there before and after has lost or won a row."""
    shared = before.keys() & after.keys()
    assert {table: after[table] for table in shared} == {table: before[table] for table in shared}


def test_the_models_are_what_the_migrations_make(empty_app):
    """What `callboard db check` says."""
    with empty_app.app_context():
        flask_migrate.check()


@pytest.mark.parametrize("empty_app", ["sqlite"], indirect=True)
def test_the_migrations_make_the_models_indexes_on_expressions_too(empty_app):
    """SQLAlchemy can't reflect those of SQLite, so the check above leaves them out."""
    with empty_app.app_context(), db.engine.connect() as connection:
        there = connection.execute(
            text("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'")
        )
        made = {name for name, table in there if not full_text.is_of_index(table)}
    declared = {index.name for table in db.metadata.tables.values() for index in table.indexes}
    assert declared - made == set()
    assert {name for name in made - declared if name.startswith(("ix_", "uq_"))} == set()


@pytest.mark.parametrize("empty_app", ["sqlite"], indirect=True)
def test_the_migrations_make_the_models_conditions_of_indexes_too(empty_app):
    """The check above compares no conditions."""
    with empty_app.app_context(), db.engine.connect() as connection:
        made = conditions_of_indexes(connection)
    with create_engine("sqlite://").connect() as connection:
        db.metadata.create_all(connection)
        declared = conditions_of_indexes(connection)
    assert len(declared) > 30
    assert declared == made


def conditions_of_indexes(connection):
    found = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'index'"))
    return {name: sql.partition(" WHERE ")[2] for name, sql in found if sql and " WHERE " in sql}


@pytest.mark.parametrize("empty_app", ["sqlite"], indirect=True)
def test_a_column_without_a_migration_is_noticed(empty_app):
    """The check above can fail."""
    with empty_app.app_context():
        with db.engine.begin() as connection:
            connection.execute(text("ALTER TABLE comments DROP COLUMN author"))
        with pytest.raises(SystemExit):
            flask_migrate.check()


def test_all_migrations_go_down_and_up_again(empty_app):
    with empty_app.app_context():
        at_head = set(count_rows())
        flask_migrate.downgrade(revision="base")
        assert count_rows() == {}

        flask_migrate.upgrade()
        assert set(count_rows()) == at_head
        flask_migrate.check()


def test_no_migration_loses_a_row(full_app):
    """Each one alone, down and up, on the way from the newest to the oldest."""
    assert len(REVISIONS) >= 2
    with full_app.app_context():
        for revision, previous in pairwise(REVISIONS):
            above = count_rows()
            flask_migrate.downgrade(revision=previous)
            below = count_rows()
            assert_kept(above, below)
            flask_migrate.upgrade(revision=revision)
            assert_kept(below, count_rows())
            flask_migrate.downgrade(revision=previous)
            assert_kept(below, count_rows())
        assert count_rows().keys() >= {"projects", "tickets", "comments", "events"}
        assert all(count_rows().values())

        flask_migrate.upgrade()
        flask_migrate.check()


TWICE = ["implementation", "review", "implementation", "review"]


def tell_all(session):
    """A ticket's story in which each kind of event has its facts, as far as verbs make them."""
    blocker, ticket = make_ticket(session, plan=["review"]), make_ticket(session, plan=TWICE)
    ticket.block_by(blocker.ticket_id, ANN)
    ticket.unblock_from(blocker.ticket_id, ANN)
    ticket.block_by(blocker.ticket_id, ANN)
    blocker.stop(ANN)
    blocker.reopen(ANN, "Not yet: one more thing.")
    blocker.stop(ANN, "Nobody needs it.")
    worker = make_worker(session)
    claim(session, worker).complete("Done.")
    reviewer = make_worker(session, "review")
    claim(session, reviewer).send_back(1, "Wrong: all of it.\n\n- twice")
    run = claim(session, worker)
    run.ask_attention("Which one?")
    ticket.resume(ANN, "The first.")
    with pytest.raises(RunNotCurrent):
        run.complete("Too late: sorry.")
    with pytest.raises(RunNotCurrent):
        run.release()
    claim(session, worker)
    session.refresh(ticket)
    ticket.hold(ANN, "Wait.")
    ticket.resume(ANN)
    for _ in range(3):
        claim(session, worker).fail("It hangs.")
        if ticket.state == "open":
            ticket.retry_now(ANN)
    ticket.resume(ANN)
    claim(session, worker).complete()
    claim(session, reviewer)
    pipeline.declare_dead(session, reviewer.worker_id, ANN)
    pipeline.heartbeat(session, reviewer.worker_id)
    ticket.amend_plan(["implementation", "review", GATE], ANN)
    claim(session, reviewer).complete()
    StageRun.by_person(ticket, ANN).complete("Ship it.")
    pipeline.finish_worker(session, worker.worker_id)
    session.flush()


def facts_of_events():
    columns = Event.event_type, Event.run_id, Event.comment_id, Event.details, Event.reason
    with db.engine.connect() as connection:
        rows = connection.execute(select(*columns).order_by(Event.id)).all()
    return [(*row[:3], told_by_words(row.details, row.reason), row[4]) for row in rows]


def told_by_words(details, reason):
    """Which of two stages of one type a ticket was sent back to, and how one was closed for a
    reason that someone gave, the words didn't tell."""
    unsaid = {"to_stage", *(("resolution",) if reason else ())}
    return {key: value for key, value in details.items() if key not in unsaid}


def test_what_events_said_in_words_becomes_facts_and_words_again(empty_app):
    """Down, the facts stand in the reasons; up, they are found there again, with the links."""
    with empty_app.app_context():
        tell_all(db.session())
        db.session.commit()
        facts = facts_of_events()

        flask_migrate.downgrade(revision="0006")
        with db.engine.connect() as connection:
            words = set(connection.scalars(text("SELECT reason FROM events")))
        assert words >= {
            "waits for WEB-1",
            "no longer waits for WEB-1",
            "WEB-1, which it waits for, was reopened",
            "Nobody needs it.",
            "stopped",
            "completed",
            "to implementation: Wrong: all of it.\n\n- twice",
            "“completed” for run 3, which had ended as attention: Too late: sorry.",
            "“released” for run 3, which had ended as attention",
            "WEB-2 was put on hold by ann",
            "3 of 3 attempts failed; the last: It hangs.",
            "the next attempt may start",
            "declared dead by ann; WEB-2 went back to its queue",
            "it was heard of again",
            "implementation, review, implementation, review → implementation, review, approval",
            "it finished",
        }

        flask_migrate.upgrade()
        assert facts_of_events() == facts


def test_what_older_versions_kept_otherwise_is_found_again(empty_app):
    """Before 0006 events named no runs: the run of that stage that ended in that moment. And
    `ready_at` alone told of a pause; one that lasts is kept."""
    with empty_app.app_context():
        tell_all(db.session())
        pauses = pause(db.session())
        db.session.commit()
        linked = [row[:3] for row in facts_of_events() if row[2]]
        assert len(linked) == 6

        flask_migrate.downgrade(revision="0005")
        flask_migrate.upgrade()
        assert [row[:3] for row in facts_of_events() if row[2]] == linked
        paused = select(Ticket).where(Ticket.project_id == PAUSING)
        assert {t.ticket_id: t.backoff_until for t in db.session.scalars(paused)} == pauses


PAUSING = "acme/api"


def pause(session):
    """The pauses of two tickets: of one whose stage was given back, then failed, and of one that
    nobody has begun."""
    failing = make_ticket(session, project=PAUSING)
    waiting = make_ticket(session, project=PAUSING)
    worker = make_worker(session, project=PAUSING)
    claim(session, worker).release()
    run = claim(session, worker)
    run.fail("broken")
    assert run.ticket_id == failing.ticket_id
    assert run.ticket.backoff_until is not None
    return {failing.ticket_id: run.ticket.backoff_until, waiting.ticket_id: None}


WORDS = {
    "ticket_stage_returned": "to the moon: and back",
    "ticket_plan_changed": "<b>a</b> → b",
    "ticket_dependency_changed": "waits for better days; not now",
    "ticket_closed": "completed, mostly",
    "ticket_report_refused": "“completed” for run of the mill",
    "worker_stopped": "no heartbeat; and no pulse",
    "ticket_held": "{reason} %(x)s ' \" \\ 100%",
}


def test_words_that_hold_no_facts_stay_as_they_are(empty_app):
    with empty_app.app_context():
        flask_migrate.downgrade(revision="0006")
        with db.engine.begin() as connection:
            connection.execute(
                text("INSERT INTO events (event_type, reason) VALUES (:type, :reason)"),
                [{"type": type_, "reason": reason} for type_, reason in WORDS.items()],
            )
        flask_migrate.upgrade()
        told = facts_of_events()
        assert {event_type: reason for event_type, *_, reason in told} == WORDS
        assert not any(facts for *_, facts, _ in told)

        flask_migrate.downgrade(revision="0006")
        with db.engine.connect() as connection:
            left = connection.execute(text("SELECT event_type, reason FROM events"))
            assert dict(left.all()) == WORDS


def test_the_next_rows_come_after_those_that_were_migrated(full_app):
    with full_app.app_context():
        flask_migrate.downgrade(revision=REVISIONS[1])
        flask_migrate.upgrade()

        session = db.session()
        assert make_ticket(session).ticket_id == "WEB-4"
        run = claim(session, make_worker(session, "review"))
        assert run.run_id == 3
        session.rollback()


REBUILD = """
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade():
    for table in ("tickets", "projects", "workers"):
        with op.batch_alter_table(table, recreate="always"):
            pass


def downgrade():
    pass
"""


@pytest.fixture
def rebuilding(tmp_path):
    """The migrations with one more, which makes three tables anew; `protected=False` takes away
    what migrations/env.py does about foreign keys."""

    def make(*, protected):
        folder = tmp_path / f"protected-{protected}"
        shutil.copytree(MIGRATIONS, folder)
        (folder / "versions" / "9999_rebuild.py").write_text(REBUILD.format(head=REVISIONS[0]))
        if not protected:
            env = folder / "env.py"
            code = env.read_text()
            assert code.count("_set_foreign_keys(connection, on=False)") == 1
            env.write_text(code.replace("_set_foreign_keys(connection, on=False)", "pass"))
        return str(folder)

    return make


@pytest.mark.parametrize("empty_app", ["sqlite"], indirect=True)
def test_rebuilding_a_table_loses_nothing(full_app, rebuilding):
    """Neither rows, nor a column, nor what the database refuses."""
    with full_app.app_context():
        before, schema = count_rows(), full_schema()
        flask_migrate.upgrade(directory=rebuilding(protected=True))

        assert count_rows() == before
        assert current_revision() == "9999"
        assert full_schema() == schema
        set_revision(REVISIONS[0])
        flask_migrate.check()


def full_schema():
    """Columns, indexes with their conditions, and constraints of all tables, by name; and what the
    database does by itself."""
    database = inspect(db.engine)
    found: dict[str, object] = {}
    # Not by the inspector, which leaves indexes on expressions out.
    indexes = text(
        "SELECT tbl_name, sql FROM sqlite_master WHERE sql LIKE 'CREATE%INDEX%' ORDER BY 1, 2"
    )
    with db.engine.connect() as connection:
        indexes_of = {
            table: list(rows) for table, rows in groupby(connection.execute(indexes), itemgetter(0))
        }
    for table in database.get_table_names():
        columns = [
            (c["name"], str(c["type"]), c["nullable"], c["default"], c.get("computed"))
            for c in database.get_columns(table)
        ]
        checks = [(c["name"], c["sqltext"]) for c in database.get_check_constraints(table)]
        keys = [
            (k["name"], k["referred_table"], k["options"]) for k in database.get_foreign_keys(table)
        ]
        found[table] = (columns, indexes_of.get(table), sorted(checks), sorted(keys, key=str))
    with db.engine.connect() as connection:
        triggers = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        found["triggers"] = dict(connection.execute(triggers).all())
    return found


def set_revision(revision):
    with db.engine.begin() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))


def current_revision():
    with db.engine.connect() as connection:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


@pytest.mark.parametrize("empty_app", ["sqlite"], indirect=True)
def test_without_its_protection_a_rebuild_would_lose_children(full_app, rebuilding):
    """The test above can fail: this is what SQLite does when it drops a table that others name."""
    with full_app.app_context():
        with db.engine.begin() as connection:
            # Its triggers would refuse the loss.
            full_text.drop(connection)
        before = count_rows()
        flask_migrate.upgrade(directory=rebuilding(protected=False))

        after = count_rows()
        lost = {table for table in before if after[table] < before[table]}
        assert lost >= {"comments", "stage_runs", "ticket_dependencies", "worker_types"}


@pytest.mark.parametrize("empty_app", ["sqlite"], indirect=True)
def test_a_migration_that_leaves_dangling_rows_is_refused_and_undone(full_app, rebuilding, caplog):
    folder = Path(rebuilding(protected=True))
    script = folder / "versions" / "9999_rebuild.py"
    code = script.read_text()
    script.write_text(
        code.replace("    for table in", "    op.execute('DELETE FROM projects')\n    for table in")
    )
    with full_app.app_context():
        before = count_rows()
        with pytest.raises(SystemExit):
            flask_migrate.upgrade(directory=str(folder))

        assert "would leave 10 dangling rows" in caplog.text
        assert count_rows() == before
        assert current_revision() == REVISIONS[0]
