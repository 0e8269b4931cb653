"""What is asked before something is deleted: no page counts all that there is."""

import re

import pytest
from sqlalchemy import insert

from app import clock, pipeline
from app.db.base import db
from app.models import Comment, Event, StageRun, WorkerType
from app.queries.paging import COUNT_CAP
from app.queries.projects.list import contents
from tests.queries.test_plans import SCANS, plans

ONE, OTHER = "acme/p1", "acme/p2"


@pytest.fixture(params=["sqlite", "postgresql"])
def filled(request, filled_app):
    app = filled_app(request.param)
    with app.app_context():
        yield db.session()


@pytest.fixture
def on_sqlite(filled_app):
    """PostgreSQL rightly reads a small table row by row; its plans are looked at in the bench."""
    with filled_app("sqlite").app_context():
        yield db.session()


def test_what_goes_with_a_project_is_counted_so_far(filled):
    note = {"event_type": "ticket_created", "project_id": ONE, "processed": True, "details": {}}
    filled.execute(insert(Event), [note] * COUNT_CAP)
    said = {"worker_type": "review", "stage_number": 1, "content": "Done."}
    filled.execute(insert(Comment), [{**said, "ticket_id": "P1-1"}] * (COUNT_CAP + 5))
    run = {"worker_type": "review", "stage_number": 1, "attempt": 1, "finished_at": clock.now()}
    run |= {"worker_id": "w1", "outcome": "completed"}
    runs = [{**run, "ticket_id": id_} for id_ in ("P1-1", "P1-1", "P1-5", "P2-2")]
    filled.execute(insert(StageRun), runs)

    found = contents(filled, ONE)

    assert (found.tickets, found.runs) == (1_000, 3)
    assert found.comments == found.events == COUNT_CAP
    other = contents(filled, OTHER)
    assert (other.comments, other.runs, other.events) == (0, 1, 1_000)


def test_a_projects_rows_are_found_ticket_by_ticket_and_claims_by_their_own_index(on_sqlite):
    (plan,) = plans(on_sqlite, contents, ONE)
    assert not SCANS.search(plan), plan
    assert "USING COVERING INDEX ix_tickets_claimed_by" in plan
    for table in ("comments", "stage_runs"):
        assert re.search(rf"SEARCH tickets .*project_id=\?.*\n.*SEARCH {table} .*ticket_id", plan)
    # Each is answered by an index alone.
    assert not re.search(r"(?:tickets|comments|stage_runs|events) USING INDEX", plan)


def test_postgresql_finds_them_ticket_by_ticket_too(filled_app):
    with filled_app("postgresql").app_context():
        (plan,) = plans(db.session(), contents, ONE)
        assert "Hash Join" not in plan
        assert "CTE Scan on of_comments" in plan
        assert "CTE Scan on of_stage_runs" in plan


def test_tickets_that_need_a_worker_type_are_read_until_there_are_enough(on_sqlite):
    role = WorkerType.named(on_sqlite, ONE, "review")
    everyone = pipeline.tickets_needing(on_sqlite, role)
    assert len(everyone) > 30
    assert pipeline.tickets_needing(on_sqlite, role, 30) == everyone[:30]
    assert everyone == sorted(everyone, key=lambda id_: (len(id_), id_))
    (plan,) = plans(on_sqlite, pipeline.tickets_needing, role, 30)
    # In the order of their index: nothing is sorted first.
    assert "USING INDEX ix_tickets_open_number (project_id=?)" in plan
    assert "TEMP B-TREE" not in plan
