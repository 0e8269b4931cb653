"""What a worker's requests send while nobody else can write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from app.db.base import db
from app.db.engine import PREPARED_AFTER, READS
from app.db.transactions import reading
from tests.api.conftest import Program
from tests.conftest import OpenSession
from tests.factories import make_project, make_ticket
from tests.statements import counting_queries


@pytest.fixture(autouse=True)
def queue(board: OpenSession, worker: Program) -> None:
    """Two tickets of one stage each, and a worker for them, whose token's use is noted."""
    with board() as session:
        make_project(session)
        for ticket_id in "AB":
            make_ticket(session, ["implementation"], ticket_id=ticket_id)
    role = {"project_id": "acme/web", "worker_type": "implementation"}
    worker.post("/workers", {"worker_id": "w", **role})


@contextmanager
def writes(app: Flask) -> Iterator[list[str]]:
    """The statements of transactions that write."""
    sent: list[str] = []

    def note(connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        if not connection.get_execution_options().get(READS):
            sent.append(" ".join(statement.split()[:3]))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_claim(app: Flask, worker: Program) -> None:
    with writes(app) as sent:
        assert worker.post("/claims", {"worker_id": "w"}).status_code == 201

    assert [statement.split()[0] for statement in sent] == [
        "SELECT",  # the worker and its role
        "UPDATE",  # the ticket
        "INSERT",  # the run
        "INSERT",  # the event
        "UPDATE",  # the worker
    ]


def test_a_claim_for_which_there_is_nothing(app: Flask, worker: Program) -> None:
    for _ in "AB":
        run_id = worker.post("/claims", {"worker_id": "w"}).json["run"]["run_id"]
        worker.post(f"/runs/{run_id}/complete")

    with writes(app) as sent:
        assert worker.post("/claims", {"worker_id": "w"}).status_code == 204

    assert len(sent) == 4


@pytest.mark.parametrize(
    ("plan", "statements"), [(["implementation", "review"], 6), (["implementation"], 7)]
)
def test_a_report(
    app: Flask, worker: Program, board: OpenSession, plan: list[str], statements: int
) -> None:
    """It is read with its ticket; the comment, each event, and each row that changes is written."""
    with board() as session:
        make_ticket(session, plan, ticket_id="C", priority=0)
    run = worker.post("/claims", {"worker_id": "w"}).json["run"]
    assert run["ticket_id"] == "C"

    with writes(app) as sent:
        assert worker.post(f"/runs/{run['run_id']}/complete", {"comment": "x"}).status_code == 200

    assert len(sent) == statements, sent


@pytest.mark.parametrize(("verb", "statements"), [("fail", 6), ("release", 5), ("attention", 6)])
def test_a_report_that_isnt_done(app: Flask, worker: Program, verb: str, statements: int) -> None:
    run_id = worker.post("/claims", {"worker_id": "w"}).json["run"]["run_id"]

    with writes(app) as sent:
        assert worker.post(f"/runs/{run_id}/{verb}", {"reason": "x"}).status_code == 200

    assert len(sent) == statements, sent


@pytest.mark.parametrize("migrated_app", ["postgresql"], indirect=True)
def test_postgresql_plans_a_claim_and_a_report_once(
    app: Flask, worker: Program, board: OpenSession
) -> None:
    """All but the labels, which lists read of many tickets at once, and the look for overdue leases
    that a test takes at each request."""
    with app.app_context():
        db.engine.dispose()  # so that all have the same connection
    with board() as session:
        for number in range(PREPARED_AFTER + 2):
            make_ticket(session, ["implementation"], ticket_id=f"C{number}", priority=0)
    for _ in range(PREPARED_AFTER + 1):
        claim_and_complete(worker)

    with counting_queries(app) as sent:
        claim_and_complete(worker)

    with app.app_context(), reading() as session:
        kept = session.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
    begins = {statement.partition("$1")[0] for statement in kept}
    others = [each for each in sent if re.split(r"%\(\w+\)s", each)[0] not in begins]
    assert {each.split()[1] for each in others} == {"ticket_labels.ticket_id,", "(EXISTS"}


def claim_and_complete(worker: Program) -> None:
    run_id = worker.post("/claims", {"worker_id": "w"}).json["run"]["run_id"]
    assert worker.post(f"/runs/{run_id}/complete", {"comment": "x"}).status_code == 200
