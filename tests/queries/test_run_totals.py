"""Runs that are over are counted once, and the totals stay those that counting anew would give."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from app import clock
from app.models import Project, StageRun
from app.queries.run_totals import NOT_YET_COMMITTED, RunTotals
from tests.factories import ANN, PROJECT, make_ticket
from tests.queries.test_plans import plans
from tests.statements import counting_queries

pytestmark = pytest.mark.both_databases


def add_runs(session: Session, number: int, outcome: str = "completed") -> None:
    ticket = make_ticket(session)
    begun = clock.now() - timedelta(hours=1)
    row = {
        "ticket_id": ticket.ticket_id, "stage_number": 1, "worker_type": "x", "attempt": 1,
        "started_at": begun, "finished_at": begun, "outcome": outcome,
    }  # fmt: skip
    session.execute(insert(StageRun), [row] * number)
    session.commit()


def test_the_totals_are_those_of_counting_anew(session: Session) -> None:
    kept = RunTotals()
    assert kept.read(session) == {}
    for number, outcome in (
        (3, "completed"),
        (NOT_YET_COMMITTED, "failed"),
        (5, "completed"),
        (9, "expired"),
    ):
        add_runs(session, number, outcome)
        assert kept.read(session) == RunTotals().read(session)
    assert kept.read(session) == {"completed": 8, "failed": NOT_YET_COMMITTED, "expired": 9}


def test_a_run_that_ends_late_is_counted(session: Session) -> None:
    kept = RunTotals()
    make_ticket(session)
    run_id = session.scalar(
        insert(StageRun).returning(StageRun.run_id),
        {"ticket_id": make_ticket(session).ticket_id, "stage_number": 1, "worker_type": "x",
         "attempt": 1, "started_at": clock.now()},
    )  # fmt: skip
    add_runs(session, NOT_YET_COMMITTED + 10)
    assert kept.read(session) == {"completed": NOT_YET_COMMITTED + 10}
    ended = {"finished_at": clock.now(), "outcome": "failed"}
    session.execute(update(StageRun).where(StageRun.run_id == run_id).values(ended))
    assert kept.read(session) == {"completed": NOT_YET_COMMITTED + 10, "failed": 1}


def test_what_was_counted_is_not_read_again(app: Flask, session: Session) -> None:
    kept = RunTotals()
    add_runs(session, NOT_YET_COMMITTED + 10)
    kept.read(session)
    add_runs(session, 2)
    with counting_queries(app) as sent:
        assert kept.read(session) == {"completed": NOT_YET_COMMITTED + 12}
    grouped = [statement for statement in sent if "GROUP BY" in statement]
    assert grouped
    assert all("WHERE stage_runs.run_id" in statement for statement in grouped)


def test_the_newest_runs_are_found_by_their_numbers(session: Session) -> None:
    """Also while PostgreSQL has no statistics."""
    kept = RunTotals()
    add_runs(session, 4 * NOT_YET_COMMITTED)
    kept.read(session)
    for plan in plans(session, kept.read):
        assert not re.search(r"(Seq Scan on|SCAN) stage_runs", plan), plan


def test_the_runs_of_a_deleted_project_are_no_longer_counted(session: Session) -> None:
    kept = RunTotals()
    add_runs(session, NOT_YET_COMMITTED + 10)
    assert kept.read(session).total() == NOT_YET_COMMITTED + 10
    Project.lock(session, PROJECT).delete(PROJECT, ANN)
    session.commit()
    assert kept.read(session) == {}
