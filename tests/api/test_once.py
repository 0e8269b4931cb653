"""`Idempotency-Key`: a request that is sent twice is carried out once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from app import clock
from app.models import IdempotencyKey
from tests.api.conftest import Program, Program_, fields, problem
from tests.conftest import OpenSession
from tests.factories import make_project, make_ticket

NEW = {"project_id": "acme/web", "title": "Keep the cart", "execution_plan": ["implementation"]}


@pytest.fixture(autouse=True)
def project(board: OpenSession) -> None:
    with board() as session:
        make_project(session)


def titles(planner: Program) -> list[str]:
    return [ticket["title"] for ticket in planner.get("/tickets").json["items"]]


@pytest.mark.both_databases
def test_the_same_request_gets_the_first_answer_again(planner: Program) -> None:
    first = planner.post("/tickets", NEW, Idempotency_Key="k1")
    again = planner.post("/tickets", NEW, Idempotency_Key="k1")
    assert again.status_code == first.status_code == 201
    assert again.json == first.json
    for name in ("Location", "ETag"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert titles(planner) == ["Keep the cart"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/projects", {"repository_name": "acme/new", "path": "/x"}),
        ("/worker-types", {"project_id": "acme/web", "worker_type": "design"}),
        ("/plan-templates", {"project_id": "acme/web", "name": "usual", "plan": ["review"]}),
        (
            "/tickets/bulk",
            {
                "project_id": "acme/web",
                "tickets": [{"key": "a", "title": "A", "execution_plan": ["review"]}],
            },
        ),
        ("/tickets/T/comments", {"content": "Hello"}),
    ],
)
def test_everything_that_is_created_takes_a_key(
    planner: Program, board: OpenSession, path: str, body: dict
) -> None:
    with board() as session:
        make_ticket(session, ticket_id="T")
    first = planner.post(path, body, Idempotency_Key="k")
    again = planner.post(path, body, Idempotency_Key="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json


def test_the_same_key_with_another_request_is_refused(planner: Program) -> None:
    planner.post("/tickets", NEW, Idempotency_Key="k1")
    for path, body in (
        ("/tickets", {**NEW, "title": "Other"}),
        ("/projects", {"repository_name": "acme/new", "path": "/x"}),
    ):
        told = problem(planner.post(path, body, Idempotency_Key="k1"), 422, "key_reused")
        assert fields(told) == ["Idempotency-Key"]
    assert titles(planner) == ["Keep the cart"]


def test_each_token_has_its_own_keys(program: Program_) -> None:
    for number in (1, 2):
        answer = program("plan").post("/tickets", NEW, Idempotency_Key="k1")
        assert answer.json["ticket_id"] == f"WEB-{number}"


@pytest.mark.both_databases
def test_a_refusal_is_not_kept(planner: Program, board: OpenSession) -> None:
    body = {**NEW, "execution_plan": ["design"]}
    problem(planner.post("/tickets", body, Idempotency_Key="k1"), 422, "invalid")
    planner.post("/worker-types", {"project_id": "acme/web", "worker_type": "design"})
    assert planner.post("/tickets", body, Idempotency_Key="k1").status_code == 201


@pytest.mark.both_databases
def test_a_refusal_that_is_recorded_leaves_no_key_behind(
    worker: Program, board: OpenSession
) -> None:
    from tests.factories import run_stage

    with board() as session:
        run = run_stage(session, make_ticket(session))
        run.complete()
        run_id, ticket_id = run.run_id, run.ticket_id
    body = {"content": "Late.", "run_id": run_id}
    for _ in range(2):
        answer = worker.post(f"/tickets/{ticket_id}/comments", body, Idempotency_Key="k")
        problem(answer, 409, "run_not_current")
    with board() as session:
        assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == 0


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ä"])
def test_a_strange_key_is_refused(planner: Program, key: str) -> None:
    told = problem(planner.post("/tickets", NEW, Idempotency_Key=key), 422, "invalid")
    assert fields(told) == ["Idempotency-Key"]


@pytest.mark.both_databases
def test_answers_are_forgotten_after_a_day(planner: Program, board: OpenSession) -> None:
    planner.post("/tickets", NEW, Idempotency_Key="k1")
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        planner.post("/tickets", NEW, Idempotency_Key="k2")
        assert planner.post("/tickets", NEW, Idempotency_Key="k1").json["ticket_id"] == "WEB-3"
    with board() as session:
        assert len(session.scalars(select(IdempotencyKey)).all()) == 2


@pytest.mark.both_databases
def test_duplicates_at_the_same_moment_make_one_ticket(planner: Program, app: Flask) -> None:
    def send(_: int):
        return Program(app.test_client(), planner.secret).post(
            "/tickets", NEW, Idempotency_Key="k1"
        )

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json["ticket_id"] for answer in answers} == {"WEB-1"}
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert titles(planner) == ["Keep the cart"]


@pytest.mark.both_databases
def test_the_same_name_at_the_same_moment_is_a_conflict_not_a_crash(
    planner: Program, app: Flask
) -> None:
    def send(_: int) -> int:
        body = {"repository_name": "acme/new", "path": "/x"}
        return Program(app.test_client(), planner.secret).post("/projects", body).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(send, range(8)))
    assert statuses == [201] + [409] * 7
