"""What a worker's requests send while nobody else can write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app.db.base import db
from app.db.engine import READS
from tests.api.conftest import Program
from tests.conftest import OpenSession
from tests.factories import make_project, make_ticket


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
