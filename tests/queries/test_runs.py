"""Runs as programs list them: the newest of a project, wherever they stand among all."""

from __future__ import annotations

import re
from itertools import product

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from app import clock
from app.models import StageRun
from app.queries.runs import run_slice
from app.visibility import Visibility
from tests.boards import ON_POSTGRESQL, ON_SQLITE
from tests.factories import PROJECT, make_ticket
from tests.queries.test_plans import plans

EVERYTHING = Visibility.everything()
OTHER = "acme/other"


@pytest.fixture
def run_ids(session: Session) -> dict[str, list[int]]:
    """Runs of two projects in turns, the newest first; the newest twenty are all of the other's."""
    ids: dict[str, list[int]] = {}
    for number in range(50):
        project = PROJECT if number % 2 and number < 30 else OTHER
        row = {
            "ticket_id": make_ticket(session, project=project).ticket_id, "stage_number": 1,
            "worker_type": "x", "attempt": 1, "started_at": clock.now(),
        }  # fmt: skip
        if number % 3:
            row |= {"finished_at": clock.now(), "outcome": "completed"}
        run_id = session.scalar(insert(StageRun).returning(StageRun.run_id), row)
        ids.setdefault(f"{project} {bool(number % 3)}", []).insert(0, run_id or 0)
    return ids


@pytest.mark.parametrize("passed", [3, 5_000])
@pytest.mark.parametrize("is_finished", [None, True, False])
@pytest.mark.parametrize("seen", ["one", "all but one", "all"])
def test_all_runs_of_a_project_are_read_page_by_page(
    session: Session,
    run_ids: dict[str, list[int]],
    seen: str,
    is_finished: bool | None,
    passed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.queries.runs.PASSED", passed)
    visibility = Visibility(hidden=frozenset({OTHER})) if seen == "all but one" else EVERYTHING
    project = PROJECT if seen == "one" else None
    found: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = run_slice(
            session, visibility, project=project, ticket_id=None, worker_id=None,
            is_finished=is_finished, cursor=cursor or None, limit=4,
        )  # fmt: skip
        found += [row.run_id for row in page.rows]
        cursor = page.next
    projects = (PROJECT, OTHER) if seen == "all" else (PROJECT,)
    states = (True, False) if is_finished is None else (is_finished,)
    wanted = [run for each in product(projects, states) for run in run_ids["{} {}".format(*each)]]
    assert found == sorted(wanted, reverse=True)


def read_newest(session: Session) -> None:
    run_slice(
        session, EVERYTHING, project=OTHER, ticket_id=None, worker_id=None,
        is_finished=None, cursor=None, limit=4,
    )  # fmt: skip


@ON_SQLITE
def test_the_newest_of_a_project_are_looked_for_among_the_newest(
    session: Session, run_ids: dict[str, list[int]]
) -> None:
    *_, plan = plans(session, read_newest)
    assert plan.startswith("SEARCH stage_runs USING INTEGER PRIMARY KEY (rowid>?)"), plan
    assert "TEMP B-TREE" not in plan


@ON_POSTGRESQL
def test_postgresql_asks_of_one_run_after_the_other_whose_it_is(
    session: Session, run_ids: dict[str, list[int]]
) -> None:
    *_, plan = plans(session, read_newest)
    assert re.search(r"Filter: CASE WHEN .*project_id", plan), plan
