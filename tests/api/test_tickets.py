"""Tickets through the API: made, listed, changed, and steered."""

from __future__ import annotations

import pytest
from flask import Flask

from app.models import User
from tests.api.conftest import Program, fields, problem
from tests.conftest import OpenSession
from tests.factories import ANN, make_project, make_ticket, run_stage
from tests.statements import counting_queries

NEW = {"project_id": "acme/web", "title": "Keep the cart", "execution_plan": ["implementation"]}


@pytest.fixture(autouse=True)
def project(board: OpenSession) -> None:
    with board() as session:
        make_project(session)


@pytest.mark.both_databases
def test_a_new_ticket_is_answered_in_full(planner: Program) -> None:
    made = planner.post(
        "/tickets",
        {
            **NEW,
            "description": "It empties itself.",
            "priority": 0,
            "labels": ["cart", "bug"],
            "execution_plan": ["implementation", "review", "implementation", "review"],
        },
    )
    assert made.status_code == 201
    assert made.headers["Location"] == "/api/v1/tickets/WEB-1"
    assert made.headers["ETag"] == '"1"'
    ticket = made.json
    assert ticket["situation"] == "ready"
    assert ticket["labels"] == ["bug", "cart"]
    assert ticket["current_stage"] == "implementation"
    assert ticket["created_by"] == "token plan-1"
    assert planner.get("/tickets/WEB-1").json == ticket


def test_a_new_ticket_may_wait_for_others_and_be_part_of_one(planner: Program) -> None:
    for ticket_id in ("EPIC", "FIRST"):
        planner.post("/tickets", {**NEW, "ticket_id": ticket_id})
    made = planner.post(
        "/tickets", {**NEW, "blocked_by": ["FIRST", "FIRST"], "parent_id": "EPIC"}
    ).json
    assert (made["situation"], made["open_blockers"], made["parent_id"]) == ("blocked", 1, "EPIC")
    planner.post("/tickets/FIRST/close")
    assert planner.get("/tickets/WEB-1").json["situation"] == "ready"


WRONG_TICKETS: tuple[tuple[dict[str, object], str], ...] = (
    ({"title": ""}, "title"),
    ({"title": "x" * 201}, "title"),
    ({"title": " \n "}, "title"),
    ({"execution_plan": []}, "execution_plan"),
    ({"execution_plan": ["nobody"]}, "execution_plan"),
    ({"execution_plan": ["review"] * 51}, "execution_plan"),
    ({"execution_plan": ["a b"]}, "execution_plan[0]"),
    ({"priority": 4}, "priority"),
    ({"labels": ["a,b"]}, "labels[0]"),
    ({"labels": ["x"] * 21}, "labels"),
    ({"parent_id": "NO-1"}, "parent_id"),
    ({"blocked_by": ["NO-1"]}, "blocked_by"),
    ({"ticket_id": "SELF", "blocked_by": ["SELF"]}, "blocked_by"),
    ({"ticket_id": "a/b"}, "ticket_id"),
    ({"ticket_id": "new"}, "ticket_id"),
    ({"state": "closed"}, "state"),
)


def test_a_wrong_new_ticket_is_refused_at_its_field(planner: Program) -> None:
    for change, field in WRONG_TICKETS:
        told = problem(planner.post("/tickets", {**NEW, **change}), 422, "invalid")
        assert fields(told) == [field], change
        assert planner.get("/tickets").json["items"] == []


@pytest.mark.both_databases
def test_a_ticket_of_no_project_or_a_taken_id_is_refused(planner: Program) -> None:
    problem(planner.post("/tickets", {**NEW, "project_id": "no/such"}), 404, "not_found")
    planner.post("/tickets", {**NEW, "ticket_id": "A"})
    told = problem(planner.post("/tickets", {**NEW, "ticket_id": "A"}), 409, "conflict")
    assert fields(told) == ["ticket_id"]


@pytest.mark.both_databases
def test_the_list_is_filtered(planner: Program, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, ticket_id="A", title="Cart of 100%", labels=["cart"], priority=0)
        make_ticket(session, ticket_id="B", plan=["approval"])
        make_ticket(session, ticket_id="C", description="Keep Größe.").hold(ANN)
        make_ticket(session, ticket_id="D", parent_id="A").stop(ANN)
        make_project(session, "acme/api")
        make_ticket(session, project="acme/api", ticket_id="E")

    def ids(**query: object) -> str:
        return "".join(t["ticket_id"] for t in planner.get("/tickets", **query).json["items"])

    assert ids() == "ABCE"
    assert ids(sort="-created") == "ECBA"
    assert ids(state="all") == "ABCDE"
    assert ids(state="closed") == ids(state="stopped") == ids(parent_id="A", state="all") == "D"
    assert ids(state="waiting") == ids(stage="approval") == "B"
    assert ids(state="on_hold") == "C"
    assert ids(project="acme/api") == "E"
    assert ids(label="cart") == ids(priority=0) == ids(q="100%") == ids(q="cart OF") == "A"
    assert ids(q="keep größe") == "C", "descriptions are searched as on the page"
    assert ids(q="1%0") == ids(q="_") == ""
    assert ids(q="id:a") == ids(q="label:cart is:all") == "A", "fields and words in one text"
    assert ids(q="label:cart is:closed") == ids(q="-label:cart id:a") == ""


@pytest.mark.both_databases
@pytest.mark.parametrize("sort", ["created", "-created", "updated", "-updated"])
def test_pages_follow_each_other_without_gap_or_overlap(
    planner: Program, board: OpenSession, sort: str
) -> None:
    with board() as session:
        for number in range(7):
            make_ticket(session, ticket_id=f"T-{number}")
    path, seen = f"/tickets?limit=3&sort={sort}", []
    while path:
        answer = planner.get(path)
        seen += [ticket["ticket_id"] for ticket in answer.json["items"]]
        link = answer.headers.get("Link")
        assert (link is None) == (answer.json["next"] is None)
        path = link.split(">")[0].removeprefix("</api/v1") if link else ""
    expected = [f"T-{number}" for number in range(7)]
    assert seen == (expected if not sort.startswith("-") else expected[::-1])


def test_a_cursor_of_another_order_is_refused(planner: Program, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session)
        make_ticket(session)
    cursor = planner.get("/tickets", limit=1).json["next"]
    told = problem(planner.get("/tickets", sort="updated", cursor=cursor), 422, "invalid")
    assert fields(told) == ["cursor"]


def test_a_change_leaves_alone_what_it_does_not_name(planner: Program, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, title="Old", description="Text", labels=["a"], priority=1)
    changed = planner.patch("/tickets/WEB-1", {"title": "New"})
    assert changed.status_code == 200
    assert changed.headers["ETag"] == '"2"'
    ticket = changed.json
    assert (ticket["title"], ticket["description"]) == ("New", "Text")
    assert (ticket["labels"], ticket["priority"]) == (["a"], 1)
    emptied = planner.patch("/tickets/WEB-1", {"description": "", "labels": []}).json
    assert (emptied["title"], emptied["description"], emptied["labels"]) == ("New", "", [])


@pytest.mark.both_databases
def test_a_change_of_an_older_version_is_refused(planner: Program, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, title="Old")
    assert planner.patch("/tickets/WEB-1", {"title": "A"}, If_Match='"1"').status_code == 200
    told = problem(planner.patch("/tickets/WEB-1", {"title": "B"}, If_Match='"1"'), 412, "stale")
    assert "version 2" in told["detail"]
    problem(planner.patch("/tickets/WEB-1", {"title": "B"}, If_Match='"x"'), 412, "stale")
    problem(planner.patch("/tickets/WEB-1", {"title": "B"}, If_Match='W/"2"'), 412, "stale")
    plan = {"execution_plan": ["review"]}
    problem(planner.put("/tickets/WEB-1/plan", plan, If_Match='"1"'), 412, "stale")
    assert planner.get("/tickets/WEB-1").json["title"] == "A"
    assert planner.patch("/tickets/WEB-1", {"title": "B"}, If_Match="*").status_code == 200


@pytest.mark.both_databases
def test_a_coordinator_steers_a_ticket(planner: Program, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session)

    def steer(verb: str, **body: str) -> str:
        answer = planner.post(f"/tickets/WEB-1/{verb}", body)
        assert answer.status_code == 200, answer.text
        return answer.json["situation"]

    assert steer("hold", reason="Wait for design") == "on_hold"
    problem(planner.post("/tickets/WEB-1/hold"), 409, "conflict")
    assert steer("resume", answer="Use the blue one.") == "ready"
    problem(planner.post("/tickets/WEB-1/resume"), 409, "conflict")
    assert steer("close", reason="Not needed") == "stopped"
    problem(planner.post("/tickets/WEB-1/close"), 409, "conflict")
    problem(planner.patch("/tickets/WEB-1/plan", {}), 405, "method_not_allowed")
    assert steer("reopen", reason="Needed after all") == "ready"
    comments = planner.get("/tickets/WEB-1/comments").json["items"]
    assert [c["content"] for c in comments] == ["Use the blue one.", "Needed after all"]


def test_a_pause_between_attempts_can_be_ended(planner: Program, board: OpenSession) -> None:
    with board() as session:
        run_stage(session, make_ticket(session)).fail("The tests broke.")
    assert planner.get("/tickets/WEB-1").json["situation"] == "backoff"
    assert planner.post("/tickets/WEB-1/retry").json["situation"] == "ready"


def test_only_stages_to_come_can_change(planner: Program, board: OpenSession) -> None:
    with board() as session:
        run_stage(session, make_ticket(session)).complete()
    path = "/tickets/WEB-1/plan"
    amended = planner.put(path, {"execution_plan": ["implementation", "approval", "review"]})
    assert amended.json["current_stage"] == "approval"
    told = problem(planner.put(path, {"execution_plan": ["review"]}), 409, "conflict")
    assert fields(told) == ["execution_plan"]


def test_a_list_costs_the_same_number_of_queries_however_long(
    planner: Program, board: OpenSession, app: Flask
) -> None:
    counts = []
    for _ in range(3):
        with board() as session:
            for _ in range(5):
                make_ticket(session, labels=["x"])
        with counting_queries(app) as sent:
            planner.get("/tickets")
        counts.append(len(sent))
    # The first request also notes that the token was used.
    assert counts[1] == counts[2]


def test_a_person_is_assigned_and_no_longer(planner: Program, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session)
        User.create(session, name="bob", role="member", actor=ANN)
    assigned = planner.patch("/tickets/WEB-1", {"assignee": "bob"}).json
    assert (assigned["assignee"], assigned["version"]) == ("bob", 2)
    assert planner.patch("/tickets/WEB-1", {"title": "Other"}).json["assignee"] == "bob"
    assert planner.get("/tickets").json["items"][0]["assignee"] == "bob"
    assert planner.patch("/tickets/WEB-1", {"assignee": None}).json["assignee"] is None
    refused = planner.patch("/tickets/WEB-1", {"assignee": "eve"})
    assert refused.status_code == 422
    assert "nobody named eve" in refused.text


@pytest.mark.both_databases
def test_a_ticket_moves_into_another_project(planner: Program, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session)
        make_project(session, "acme/api")
        make_project(session, "acme/docs", roles=["writing"], gates=[])
    for _ in range(2):
        moved = planner.put("/tickets/WEB-1/project", {"project_id": "acme/api"})
        assert (moved.json["project_id"], moved.json["version"]) == ("acme/api", 2)
    refused = planner.put("/tickets/WEB-1/project", {"project_id": "acme/docs"})
    assert fields(problem(refused, 422, "invalid")) == ["execution_plan"]
    problem(planner.put("/tickets/WEB-1/project", {"project_id": "no/such"}), 404, "not_found")
