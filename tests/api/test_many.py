"""One action on many tickets, by programs."""

from __future__ import annotations

from typing import Any

import pytest

from app.models import Project, Ticket, User
from tests.api.conftest import Program, Program_, fields, problem
from tests.conftest import OpenSession
from tests.factories import ANN, make_project, make_ticket

IDS = ["T-1", "T-2", "T-3"]


@pytest.fixture(autouse=True)
def tickets(board: OpenSession) -> None:
    with board() as session:
        make_project(session, "acme/api")
        for ticket_id in IDS:
            make_ticket(session, ticket_id=ticket_id, labels=["ui"])
        session.get_one(Ticket, "T-3").stop(ANN)


def act(program: Program, **body: Any):
    return program.post("/tickets/bulk/actions", body)


def test_each_ticket_is_told_what_became_of_it(planner: Program) -> None:
    found = act(planner, action="hold", ticket_ids=[*IDS, "T-9"], reason="The design changes.")

    assert found.status_code == 200, found.text
    assert found.json["done"] == ["T-1", "T-2"]
    assert found.json["unchanged"] == []
    assert found.json["refused"] == [
        {"ticket_id": "T-3", "reason": "T-3 is closed."},
        {"ticket_id": "T-9", "reason": "There is no ticket T-9."},
    ]
    states = [planner.get(f"/tickets/{ticket_id}").json["state"] for ticket_id in IDS]
    assert states == ["on_hold", "on_hold", "closed"]


def test_what_takes_it_back_can_be_sent_as_it_is(planner: Program) -> None:
    act(planner, action="priority", ticket_ids=["T-1"], priority=0)
    found = act(planner, action="priority", ticket_ids=IDS, priority=1).json
    assert [(step["priority"], step["ticket_ids"]) for step in found["undo"]] == [
        (0, ["T-1"]),
        (2, ["T-2", "T-3"]),
    ]

    for body in found["undo"]:
        assert act(planner, **body).json["done"] == body["ticket_ids"]
    priorities = [planner.get(f"/tickets/{ticket_id}").json["priority"] for ticket_id in IDS]
    assert priorities == [0, 2, 2]


@pytest.mark.parametrize(
    "sent",
    [
        {"action": "parent", "parent_id": "T-1"},
        {"action": "assignee", "assignee": "ann"},
        {"action": "add_labels", "labels": ["new"]},
        {"action": "remove_labels", "labels": ["ui"]},
        {"action": "plan", "execution_plan": ["review"]},
        {"action": "project", "project_id": "acme/api"},
        {"action": "stop", "reason": "Nobody wants it."},
    ],
    ids=lambda sent: sent["action"],
)
def test_every_inverse_can_be_sent(
    planner: Program, board: OpenSession, sent: dict[str, Any]
) -> None:
    with board() as session:
        User.create(session, name="ann", role="member", actor=ANN)
    before = planner.get("/tickets/T-2").json
    found = act(planner, ticket_ids=["T-2"], **sent).json
    assert found["done"] == ["T-2"], found
    for body in found["undo"]:
        act(planner, **body)
    after = planner.get("/tickets/T-2").json
    for name in (
        "project_id",
        "state",
        "parent_id",
        "assignee",
        "labels",
        "execution_plan",
        "priority",
    ):
        assert after[name] == before[name], name


def test_all_that_match_are_counted_before_anything_is_done(planner: Program) -> None:
    wanted = "label:ui Ticket"

    foreseen = act(planner, action="stop", q=wanted, dry_run=True).json
    assert (foreseen["done"], foreseen["undo"]) == (["T-1", "T-2"], [])
    assert planner.get("/tickets/T-1").json["state"] == "open"

    assert act(planner, action="stop", q=wanted).json["done"] == foreseen["done"]
    assert act(planner, action="reopen", q="is:closed").json["done"] == IDS


def test_the_same_request_is_carried_out_once(planner: Program) -> None:
    body = {"action": "hold", "ticket_ids": ["T-1"]}
    first = planner.post("/tickets/bulk/actions", body, Idempotency_Key="k")
    again = planner.post("/tickets/bulk/actions", body, Idempotency_Key="k")

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json == first.json
    assert again.json["done"] == ["T-1"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "hold"}, "ticket_ids"),
        ({"action": "hold", "ticket_ids": IDS, "q": "x"}, "ticket_ids"),
        ({"action": "hold", "ticket_ids": IDS, "priority": 1}, "priority"),
        ({"action": "priority", "ticket_ids": IDS}, "priority"),
        ({"action": "priority", "ticket_ids": IDS, "priority": None}, "priority"),
        ({"action": "parent", "ticket_ids": IDS}, "parent_id"),
        ({"action": "assignee", "ticket_ids": IDS}, "assignee"),
        ({"action": "plan", "ticket_ids": IDS}, "execution_plan"),
        ({"action": "add_labels", "ticket_ids": IDS, "labels": []}, "labels"),
        ({"action": "delete", "ticket_ids": IDS}, "action"),
        ({"action": "hold", "ticket_ids": ["T-1"] * 1_001}, "ticket_ids"),
        ({"action": "hold", "q": "colour:red"}, "q"),
    ],
)
def test_what_is_missing_or_too_much_is_named(planner: Program, body: dict, field: str) -> None:
    told = problem(act(planner, **body), 422, "invalid")
    assert fields(told) == [field]


def test_a_token_of_another_project_finds_nothing(program: Program_, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, project="acme/api")
    other = program("plan", project="acme/api")

    assert act(other, action="hold", ticket_ids=["T-1"]).json["refused"] == [
        {"ticket_id": "T-1", "reason": "There is no ticket T-1."}
    ]
    assert act(other, action="hold", q="is:open", dry_run=True).json["done"] == ["API-1"]
    assert act(other, action="hold", q="project:acme/web").json["done"] == []


def test_none_is_moved_to_a_project_that_one_may_not_see(
    planner: Program, board: OpenSession
) -> None:
    with board() as session:
        Project.lock(session, "acme/api").limit_to_members(ANN)
    for project in ("acme/api", "no/such"):
        found = act(planner, action="project", ticket_ids=IDS, project_id=project).json
        why = [{"ticket_id": it, "reason": f"There is no project {project}."} for it in IDS]
        assert (found["done"], found["refused"]) == ([], why)
    with board() as session:
        assert session.get_one(Ticket, "T-1").project_id == "acme/web"
