"""A worker and its runs belong to the token that registered it: no other speaks for them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, text

from app import clock
from app.models import ApiToken, Event, StageRun, Worker
from tests.api.conftest import Program, Program_, problem
from tests.conftest import OpenSession
from tests.factories import ANN, make_project, make_ticket

W1 = {
    "worker_id": "w-1",
    "project_id": "acme/web",
    "worker_type": "implementation",
    "hostname": "build-01",
    "pid": 4711,
}

REPORTS = {
    "complete": {"comment": "done"},
    "return": {"to_stage": 1, "reason": "again"},
    "attention": {"reason": "help"},
    "fail": {"reason": "broken"},
    "release": {"reason": "later"},
}


@pytest.fixture(autouse=True)
def tickets(board: OpenSession) -> None:
    with board() as session:
        make_project(session)
        for _ in range(2):
            make_ticket(session, ["review", "implementation"])


@pytest.fixture
def worker(program: Program_) -> Program:
    """The token that registers the workers."""
    return program("work", name="builder")


@pytest.fixture
def admin(program: Program_) -> Program:
    """A token that may step in."""
    return program("admin", name="boss")


@pytest.fixture
def other(program: Program_) -> Program:
    """Another token that works in the same project."""
    return program("work", project="acme/web", name="another")


@pytest.fixture
def run_id(worker: Program) -> int:
    """What w-1 holds: the second stage of WEB-1, so that there is one to go back to."""
    worker.post("/workers", {**W1, "worker_id": "w-0", "worker_type": "review"})
    first = worker.post("/claims", {"worker_id": "w-0"}).json["run"]["run_id"]
    worker.post(f"/runs/{first}/complete")
    worker.post("/workers", W1)
    held: int = worker.post("/claims", {"worker_id": "w-1"}).json["run"]["run_id"]
    return held


def everything(board: OpenSession) -> list[list[object]]:
    """All that a report could change."""
    tables = ("tickets", "stage_runs", "workers", "events", "comments")
    with board() as session:
        return [list(session.execute(text(f"SELECT * FROM {table}"))) for table in tables]


@pytest.mark.parametrize("verb", REPORTS)
def test_no_other_token_reports_on_a_run(
    worker: Program, other: Program, board: OpenSession, run_id: int, verb: str
) -> None:
    before = everything(board)

    told = problem(other.post(f"/runs/{run_id}/{verb}", REPORTS[verb]), 403, "forbidden")

    assert "another token" in told["detail"]
    assert everything(board) == before
    assert worker.post(f"/runs/{run_id}/{verb}", REPORTS[verb]).status_code == 200
    late = problem(other.post(f"/runs/{run_id}/{verb}", REPORTS[verb]), 403, "forbidden")
    assert "another token" in late["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/workers/w-1/heartbeat", {}),
        ("/workers/w-1/heartbeat", {"run_id": "held"}),
        ("/claims", {"worker_id": "w-1"}),
        ("/workers/w-1/stopped", {}),
        ("/tickets/WEB-1/comments", {"content": "Mine.", "run_id": "held"}),
    ],
)
def test_no_other_token_speaks_for_a_worker(
    other: Program, board: OpenSession, run_id: int, path: str, body: dict
) -> None:
    body = {name: run_id if name == "run_id" else value for name, value in body.items()}
    before = everything(board)

    told = problem(other.post(path, body), 403, "forbidden")

    assert "another token" in told["detail"]
    assert everything(board) == before


def test_a_live_worker_cant_be_registered_with_another_token(
    other: Program, board: OpenSession, run_id: int
) -> None:
    before = everything(board)

    told = problem(other.post("/workers", W1), 409, "conflict")

    assert "builder" in told["detail"]
    assert everything(board) == before


@pytest.mark.parametrize("verb", REPORTS)
def test_an_admins_token_may_step_in_and_the_timeline_names_it(
    admin: Program, board: OpenSession, run_id: int, verb: str
) -> None:
    assert admin.post(f"/runs/{run_id}/{verb}", REPORTS[verb]).status_code == 200

    with board() as session:
        about_it = select(Event.actor).where(Event.run_id == run_id).order_by(Event.id)
        assert session.scalars(about_it).all() == ["w-1", "token boss"]
    said = admin.get("/tickets/WEB-1/comments").json["items"]
    assert all((c["author"], c["worker_id"]) == ("token boss", None) for c in said)


def test_an_admins_token_may_stop_a_worker_and_the_timeline_names_it(
    admin: Program, board: OpenSession, run_id: int
) -> None:
    assert admin.post("/workers/w-1/stopped").json["status"] == "finished"

    with board() as session:
        actors = session.scalars(
            select(Event.actor).where(
                Event.event_type.in_(["ticket_stage_released", "worker_stopped"])
            )
        ).all()
    assert actors == ["token boss"] * 2
    assert admin.get(f"/runs/{run_id}").json["outcome"] == "released"


def test_even_an_admins_token_doesnt_say_that_anothers_worker_lives(
    admin: Program, run_id: int
) -> None:
    problem(admin.post("/workers/w-1/heartbeat", {"run_id": run_id}), 403, "forbidden")
    problem(admin.post("/claims", {"worker_id": "w-1"}), 403, "forbidden")


@pytest.mark.both_databases
@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_after_its_token_a_worker_registers_with_a_new_one_and_keeps_its_run(
    other: Program, board: OpenSession, run_id: int, end: str
) -> None:
    with board() as session:
        token = ApiToken.named(session, "builder")
        if end == "revoked":
            token.revoke(ANN)
        else:
            token.expires_at = clock.now()
    problem(other.post(f"/runs/{run_id}/complete"), 403, "forbidden")

    assert other.post("/workers", W1).status_code == 201

    assert other.post("/workers/w-1/heartbeat", {"run_id": run_id}).status_code == 200
    assert other.post(f"/runs/{run_id}/complete").status_code == 200
    with board() as session:
        told = session.execute(
            select(Event.actor, Event.details)
            .where(Event.worker_id == "w-1", Event.event_type == "worker_started")
            .order_by(Event.id)
        ).all()
    assert told == [
        ("w-1", {}),
        ("token another", {"cause": "other_token"}),
    ]


@pytest.mark.both_databases
def test_an_admins_token_takes_a_live_worker_over(
    worker: Program, admin: Program, run_id: int
) -> None:
    assert admin.post("/workers", W1).status_code == 201

    problem(worker.post(f"/runs/{run_id}/complete"), 403, "forbidden")
    assert admin.post(f"/runs/{run_id}/complete").status_code == 200


def test_the_id_of_a_worker_that_is_over_is_free_to_any_token(
    worker: Program, other: Program, run_id: int
) -> None:
    worker.post("/workers/w-1/stopped")

    assert other.post("/workers", {**W1, "pid": 5}).status_code == 201

    assert other.post("/claims", {"worker_id": "w-1"}).status_code in (201, 204)
    problem(worker.post("/workers/w-1/heartbeat"), 403, "forbidden")
    # What it reported on before stays its own.
    assert worker.post(f"/runs/{run_id}/release", {"reason": "the worker stopped"}).json["outcome"]
    problem(other.post(f"/runs/{run_id}/release"), 403, "forbidden")


@pytest.mark.both_databases
def test_what_was_claimed_before_runs_had_a_token_goes_on(
    worker: Program, other: Program, board: OpenSession, run_id: int
) -> None:
    """Its next claim binds it."""
    with board() as session:
        session.get_one(Worker, "w-1").token_id = None
        session.get_one(StageRun, run_id).token_id = None

    assert other.post("/workers/w-1/heartbeat", {"run_id": run_id}).status_code == 200
    assert worker.post("/claims", {"worker_id": "w-1"}).json["run"]["run_id"] == run_id

    problem(other.post(f"/runs/{run_id}/complete"), 403, "forbidden")
    with time_machine.travel(clock.now() + timedelta(seconds=1)):
        assert worker.post(f"/runs/{run_id}/complete").status_code == 200
