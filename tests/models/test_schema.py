"""The schema is the published one: tables, columns, names of constraints and indexes."""

import re

import pytest
from sqlalchemy import Column, inspect

from app.db.base import NAMING_CONVENTION, db
from app.models.event import EVENT_TYPES

# DESIGN §4, copied by hand: published columns first, then ours that it lists.
PUBLISHED = {
    "projects": "repository_name path short_description created_at updated_at"
    " rules patterns ticket_prefix last_ticket_number archived_at",
    "worker_types": "id project_id worker_type short_description system_prompt created_at"
    " updated_at performed_by lease_seconds max_attempts prompt_version",
    "tickets": "ticket_id project_id title execution_plan last_completed_stage created_at"
    " updated_at closed_at description completed_stages current_stage state resolution priority"
    " open_blockers parent_id claimed_by ready_at created_by version external_ref",
    "comments": "id ticket_id worker_type worker_id stage_number content created_at author",
    "workers": "worker_id project_id worker_type status pid queue_name started_at last_activity"
    " hostname stop_requested_at stopped_reason",
    "events": "id event_type ticket_id worker_id stage reason created_at processed actor"
    " processed_by processed_at resolution_summary",
    "stage_runs": "run_id ticket_id stage_number worker_type worker_id attempt prompt_version"
    " started_at lease_expires_at finished_at outcome reason",
    "ticket_dependencies": "ticket_id blocked_by_id",
    "ticket_labels": "",
    "plan_templates": "",
    "prompt_versions": "",
    "users": "",
    "api_tokens": "",
    "saved_views": "",
}

PUBLISHED_EVENT_TYPES = {
    "ticket_stage_completed",
    "worker_stopped",
    "ticket_created",
    "ticket_stage_returned",
    "ticket_stage_failed",
    "ticket_attention_requested",
    "ticket_held",
    "ticket_resumed",
    "ticket_closed",
    "ticket_reopened",
    "ticket_plan_changed",
    "worker_started",
}

CASCADES = {
    ("worker_types", "project_id", "projects"),
    ("tickets", "project_id", "projects"),
    ("comments", "ticket_id", "tickets"),
    ("workers", "project_id", "projects"),
}


pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression")
"""SQLAlchemy can't read SQLite's indexes on expressions: tests/db/test_migrations.py does."""


@pytest.fixture
def database(session):
    """What the migrations made, as the database itself tells it."""
    return inspect(session.connection())


@pytest.mark.parametrize("table", PUBLISHED)
def test_a_table_has_the_published_columns(database, table):
    found = {column["name"] for column in database.get_columns(table)}

    assert found >= set(PUBLISHED[table].split())


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("projects", "repository_name"),
        ("worker_types", "id"),
        ("tickets", "ticket_id"),
        ("comments", "id"),
        ("workers", "worker_id"),
        ("events", "id"),
        ("stage_runs", "run_id"),
    ],
)
def test_a_table_has_the_published_key(database, table, key):
    assert database.get_pk_constraint(table)["constrained_columns"] == [key]


def test_what_belongs_to_a_row_is_deleted_with_it(database):
    found = {
        (table, key["constrained_columns"][0], key["referred_table"])
        for table in PUBLISHED
        for key in database.get_foreign_keys(table)
        if key["options"].get("ondelete") == "CASCADE"
    }

    assert found >= CASCADES


def test_every_published_event_type_is_one_of_ours():
    assert set(EVENT_TYPES) >= PUBLISHED_EVENT_TYPES


def test_every_constraint_and_index_is_named_by_convention(database):
    names = [
        (table, kind, name)
        for table in db.metadata.tables
        for kind, name in names_of(database, table)
    ]

    assert len(names) > 60
    wrong = [row for row in names if not row[2] or not re.match(rf"{row[1]}_{row[0]}_.", row[2])]
    assert [row for row in wrong if row[2] != f"pk_{row[0]}"] == []


def names_of(database, table):
    # SQLite numbers rows for ever (AUTOINCREMENT) only in a key declared in its column, and
    # SQLAlchemy can't name that one.
    is_nameless = database.dialect.name == "sqlite" and autoincrements(table)
    yield "pk", f"pk_{table}" if is_nameless else database.get_pk_constraint(table)["name"]
    for key in database.get_foreign_keys(table):
        yield "fk", key["name"]
    for check in database.get_check_constraints(table):
        yield "ck", check["name"]
    uniques = {unique["name"] for unique in database.get_unique_constraints(table)}
    for name in uniques:
        yield "uq", name
    for index in database.get_indexes(table):
        if index["name"] not in uniques:
            yield "uq" if index["unique"] else "ix", index["name"]


def autoincrements(table):
    return db.metadata.tables[table].dialect_options["sqlite"]["autoincrement"]


def test_models_and_migrations_name_the_same(database):
    """`flask db check` doesn't compare names of checks and keys."""
    is_sqlite = database.dialect.name == "sqlite"
    for name, table in db.metadata.tables.items():
        indexes = [i for i in table.indexes if not (is_sqlite and has_expression(i))]
        declared = {str(c.name) for c in table.constraints} | {str(i.name) for i in indexes}
        assert declared == {name for _, name in names_of(database, name)}, name


def has_expression(index):
    return not all(isinstance(part, Column) for part in index.expressions)


def test_the_convention_covers_every_kind():
    assert set(NAMING_CONVENTION) == {"ix", "uq", "ck", "fk", "pk"}
