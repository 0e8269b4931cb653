"""`callboard seed`: the sample project."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app import clock
from app.cli import callboard
from app.db.base import db
from app.models import Event, Project, PromptVersion, StageRun, Ticket, Worker, WorkerType
from app.models.ticket import PRIORITIES
from tests.boards import ON_SQLITE, without_interfaces
from tests.conftest import DATABASES


@pytest.fixture(scope="module", params=DATABASES)
def sample(request, new_database, make_app):
    """A board with the sample project as acme/web, for tests that only look at it."""
    with without_interfaces():
        app = make_app(new_database(request.param), sweep_seconds=0)
    result = app.test_cli_runner().invoke(callboard, ["seed"])
    assert result.exit_code == 0, result.output
    return app


@pytest.fixture
def session(sample):
    with sample.app_context():
        yield db.session()


def counts(session, column):
    return dict(session.execute(select(column, func.count()).group_by(column)).all())


def test_it_shows_tickets_in_every_situation(session):
    tickets = session.scalars(select(Ticket)).all()
    people = set(session.scalars(select(WorkerType.worker_type).filter_by(performed_by="person")))
    now = clock.now()
    at_rest = [t for t in tickets if t.state == "open" and not t.claimed_by and not t.open_blockers]

    assert {t.resolution for t in tickets} == {"completed", "stopped", None}
    assert {t.priority for t in tickets} == set(range(len(PRIORITIES)))
    assert sum(t.claimed_by is not None for t in tickets) >= 4
    assert sum(t.open_blockers > 0 for t in tickets) >= 2
    assert sum(t.state == "on_hold" for t in tickets) >= 3
    assert any(t.current_stage in people for t in at_rest)
    assert any(t.ready_at > now for t in at_rest)
    assert any(t.ready_at <= now and t.current_stage not in people for t in at_rest)


def test_runs_ended_in_every_way_and_took_their_time(session):
    outcomes = counts(session, StageRun.outcome)
    runs = session.scalars(select(StageRun).where(StageRun.outcome == "completed")).all()

    assert set(outcomes) == {
        "completed",
        "returned",
        "attention",
        "failed",
        "expired",
        "released",
        None,
    }
    assert all((r.finished_at - r.started_at).total_seconds() > 60 for r in runs)


def test_workers_are_active_idle_failed_and_finished(session):
    assert set(counts(session, Worker.status)) == {"active", "idle", "failed", "finished"}
    hosts = session.scalars(select(Worker.hostname))
    assert all(host.startswith("crew-") for host in hosts)


def test_two_calls_for_attention_wait_for_an_answer(session):
    waiting = session.scalars(select(Event).where(Event.needs_attention, ~Event.processed)).all()

    assert {event.event_type for event in waiting} == {"ticket_attention_requested"}
    assert len(waiting) == 2


def test_events_stand_in_the_order_in_which_they_happened(session):
    times = session.scalars(select(Event.created_at).order_by(Event.id)).all()

    assert times == sorted(times)
    assert times[-1] < clock.now()


def test_a_prompt_has_a_history(session):
    assert session.scalar(select(func.max(PromptVersion.version))) == 2


@ON_SQLITE
def test_a_second_time_it_refuses_but_for_another_name(run, board):
    assert run("seed").exit_code == 0

    refused = run("seed")

    assert refused.exit_code == 1
    assert "acme/web is here already" in refused.stderr
    with board() as session:
        assert session.scalar(select(func.count()).select_from(Project)) == 1

    assert run("seed", "--project", "acme/shop").exit_code == 0
    with board() as session:
        per_project = counts(session, Ticket.project_id)
        assert per_project["acme/shop"] == per_project["acme/web"] >= 25


def test_a_wrong_name_is_one_line(run):
    result = run("seed", "--project", "acme//web")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: repository_name: Use letters, digits")
