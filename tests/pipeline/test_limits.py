"""Limits on work in progress: claims keep to them, however many come at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from app import pipeline
from app.db.base import db
from app.errors import Invalid
from app.models import Project, Ticket, WorkerType
from tests.factories import ANN, PROJECT, claim, make_project, make_ticket, make_worker

WORKERS = 8


def limit_runs(session, most, role="implementation"):
    WorkerType.named(session, PROJECT, role).max_running = most
    session.flush()


def limit_tickets(session, most):
    Project.get(session, PROJECT).max_in_progress = most
    session.flush()


def claim_or_none(session, role="implementation"):
    return pipeline.claim_next(session, make_worker(session, role).worker_id)


def test_no_more_runs_of_a_role_than_it_may_have(session):
    make_project(session)
    for _ in range(4):
        make_ticket(session)
    limit_runs(session, 2)
    first = claim(session, make_worker(session))
    claim(session, make_worker(session))

    assert claim_or_none(session) is None
    first.complete()
    session.flush()
    assert claim_or_none(session) is not None


def test_no_more_tickets_are_begun_than_may_be_in_progress(session):
    for _ in range(3):
        make_ticket(session)
    limit_tickets(session, 1)
    worker, reviewer = make_worker(session), make_worker(session, "review")
    claim(session, worker).complete()
    session.flush()

    assert pipeline.claim_next(session, worker.worker_id) is None, "one is begun"
    claim(session, reviewer).complete()
    session.flush()
    assert pipeline.claim_next(session, worker.worker_id) is not None, "that one is closed"


def test_a_limited_worker_is_given_its_own_run_again(session):
    make_ticket(session)
    limit_runs(session, 1)
    worker = make_worker(session)
    run = claim(session, worker)

    assert pipeline.claim_next(session, worker.worker_id).run_id == run.run_id


def test_other_projects_dont_count(session):
    make_ticket(session)
    make_ticket(session, project="acme/api")
    limit_tickets(session, 1)
    limit_runs(session, 1)
    claim(session, make_worker(session, project="acme/api"))

    assert claim_or_none(session) is not None


@pytest.mark.parametrize("most", [0, -1, 1_000_001])
def test_a_limit_is_a_positive_number(session, most):
    project = make_project(session)
    role = WorkerType.named(session, PROJECT, "review")

    with pytest.raises(Invalid, match="At least 1"):
        project.edit(actor=ANN, max_in_progress=most)
    with pytest.raises(Invalid, match="At least 1"):
        role.edit(max_running=most, actor=ANN)


@pytest.mark.parametrize("limited", [limit_runs, limit_tickets])
def test_many_claims_at_once_dont_exceed_a_limit(app, limited):
    with app.app_context():
        session = db.session()
        for _ in range(WORKERS):
            make_ticket(session)
        limited(session, 3)
        ids = [make_worker(session).worker_id for _ in range(WORKERS)]
        session.commit()
    barrier = Barrier(WORKERS)

    def take(worker_id):
        with app.app_context():
            barrier.wait()
            taken = pipeline.claim_next(db.session(), worker_id)
            db.session.commit()
            return taken is not None

    with ThreadPoolExecutor(WORKERS) as pool:
        taken = list(pool.map(take, ids))

    assert sum(taken) == 3
    with app.app_context():
        running = select(func.count()).where(Ticket.claimed_by.is_not(None))
        assert db.session.scalar(running) == 3
