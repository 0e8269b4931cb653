"""Tools that write plain SQL: the published, required columns are enough; the rest has defaults."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from app.models import Comment, Event, Project, StageRun, Ticket, Worker, WorkerType

INSERTS = {
    "projects": "(repository_name, path) VALUES ('acme/web', '/src/web')",
    "worker_types": "(project_id, worker_type) VALUES ('acme/web', 'review')",
    "tickets": "(ticket_id, project_id, title, execution_plan)"
    " VALUES ('WEB-1', 'acme/web', 'By hand', '[\"review\", \"testing\"]')",
    "comments": "(ticket_id, content) VALUES ('WEB-1', 'Hello')",
    "workers": "(worker_id, project_id, worker_type) VALUES ('w-1', 'acme/web', 'review')",
    "events": "(event_type) VALUES ('worker_stopped')",
    "stage_runs": "(ticket_id, stage_number, worker_type) VALUES ('WEB-1', 1, 'review')",
}


@pytest.fixture
def by_hand(session):
    """One row in each table, of required columns only."""
    for table, rest in INSERTS.items():
        session.execute(text(f"INSERT INTO {table} {rest}"))
    return session


def values(row, names):
    return {name: getattr(row, name) for name in names.split()}


def test_a_project_by_hand(by_hand):
    project = by_hand.get_one(Project, "acme/web")

    names = "short_description rules patterns ticket_prefix last_ticket_number archived_at"
    assert list(values(project, names).values()) == [None, "", "", None, 0, None]


def test_a_project_by_hand_gets_its_prefix_with_its_first_ticket(by_hand):
    from tests.factories import make_ticket

    assert make_ticket(by_hand, ["review"]).ticket_id == "WEB-2", "WEB-1 is taken"


def test_a_worker_type_by_hand(by_hand):
    role = by_hand.scalars(select(WorkerType)).one()

    names = "short_description system_prompt performed_by lease_seconds max_attempts prompt_version"
    assert list(values(role, names).values()) == [None, "", "agent", 300, 3, 1]


def test_a_ticket_by_hand(by_hand):
    ticket = by_hand.get_one(Ticket, "WEB-1")

    assert ticket.execution_plan == ["review", "testing"]
    names = "completed_stages last_completed_stage current_stage state resolution priority"
    assert list(values(ticket, names).values()) == [0, "Planned", "review", "open", None, 2]
    names = "open_blockers failed_attempts version description closed_at claimed_by created_by"
    assert list(values(ticket, names).values()) == [0, 0, 1, "", None, None, None]


def test_a_comment_by_hand(by_hand):
    comment = by_hand.scalars(select(Comment)).one()

    names = "worker_type worker_id stage_number author run_id"
    assert set(values(comment, names).values()) == {None}


def test_a_worker_by_hand(by_hand):
    worker = by_hand.get_one(Worker, "w-1")

    names = "status pid queue_name hostname expected_by stop_requested_at stopped_reason"
    assert list(values(worker, names).values()) == ["spawning", None, "", None, None, None, None]


def test_an_event_by_hand(by_hand):
    event = by_hand.scalars(select(Event)).one()

    names = "ticket_id worker_id stage reason actor processed processed_by needs_attention"
    assert list(values(event, names).values()) == [None] * 5 + [False, None, False]


def test_a_run_by_hand(by_hand):
    run = by_hand.scalars(select(StageRun)).one()

    assert list(values(run, "attempt outcome worker_id").values()) == [1, None, None]


def test_times_by_hand_are_the_databases_own_in_utc(by_hand):
    now = datetime.now(UTC)
    columns = [
        (Project, "created_at updated_at"),
        (WorkerType, "created_at updated_at"),
        (Ticket, "created_at updated_at ready_at"),
        (Comment, "created_at"),
        (Worker, "started_at last_activity"),
        (Event, "created_at"),
        (StageRun, "started_at"),
    ]

    for model, names in columns:
        for name, value in values(by_hand.scalars(select(model)).one(), names).items():
            assert abs(value - now) < timedelta(seconds=60), (model, name)
            assert value.utcoffset() == timedelta(0)


def test_times_by_hand_sort_among_the_applications(by_hand):
    """On SQLite times are text: a default without a fraction would sort before its own second."""
    from tests.factories import make_role, make_ticket

    make_role(by_hand, "testing")
    before = make_ticket(by_hand, ["review"])
    by_hand.execute(text("UPDATE tickets SET created_at = created_at WHERE ticket_id = 'WEB-1'"))
    stored = by_hand.execute(
        text("SELECT ticket_id FROM tickets ORDER BY created_at DESC")
    ).scalars()

    assert list(stored) == [before.ticket_id, "WEB-1"]


def test_position_and_stage_follow_each_other_by_hand(by_hand):
    for done, stage in ((1, "testing"), (2, None), (0, "review")):
        by_hand.execute(text(f"UPDATE tickets SET completed_stages = {done}"))
        found = by_hand.execute(text("SELECT current_stage FROM tickets")).scalar()
        assert found == stage
