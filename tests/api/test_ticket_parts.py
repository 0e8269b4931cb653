"""What belongs to tickets: dependencies, timeline, comments; and the queues they stand in."""

from __future__ import annotations

import pytest

from tests.api.conftest import Program, Program_, fields, problem
from tests.conftest import OpenSession
from tests.factories import ANN, make_project, make_ticket, run_stage


@pytest.fixture(autouse=True)
def project(board: OpenSession) -> None:
    with board() as session:
        make_project(session)


def test_dependencies_are_added_and_removed_and_never_go_in_a_circle(
    planner: Program, board: OpenSession
) -> None:
    with board() as session:
        for ticket_id in "ABC":
            make_ticket(session, ticket_id=ticket_id, title=f"The {ticket_id}")
    for _ in range(2):
        added = planner.put("/tickets/A/dependencies/B")
        assert added.status_code == 200
        assert [t["ticket_id"] for t in added.json["blocked_by"]] == ["B"]
    planner.put("/tickets/B/dependencies/C")
    told = problem(planner.put("/tickets/C/dependencies/A"), 422, "invalid")
    assert fields(told) == ["blocked_by_id"]
    told = planner.get("/tickets/B/dependencies").json
    assert [t["title"] for t in told["blocked_by"]] == ["The C"]
    assert [t["title"] for t in told["blocks"]] == ["The A"]
    planner.post("/tickets/C/close")
    edges = planner.get("/dependencies", project="acme/web").json["items"]
    assert [(e["ticket_id"], e["blocked_by_id"], e["is_open"]) for e in edges] == [
        ("A", "B", True),
        ("B", "C", False),
    ]
    assert len(planner.get("/dependencies", open="true").json["items"]) == 1
    for _ in range(2):
        assert planner.delete("/tickets/A/dependencies/B").json["blocked_by"] == []
    problem(planner.delete("/tickets/A/dependencies/Z"), 404, "not_found")
    problem(planner.put("/tickets/A/dependencies/Z"), 404, "not_found")
    assert planner.get("/tickets/A").json["situation"] == "ready"


def test_the_timeline_tells_all_in_order_and_in_pages(planner: Program, board: OpenSession) -> None:
    with board() as session:
        ticket = make_ticket(session)
        ticket.say("First.", ANN)
        run_stage(session, ticket).complete("Done.")
    whole = planner.get("/tickets/WEB-1/timeline").json
    assert whole["next"] is None
    told = [(e["kind"], (e["comment"] or e["event"] or e["run"])) for e in whole["items"]]
    words = [entry.get("event_type") or entry.get("content") for _, entry in told]
    assert sorted(words[:2]) == ["First.", "ticket_created"]
    assert sorted(map(str, words[2:4])) == ["None", "ticket_stage_started"]
    assert sorted(words[4:]) == ["Done.", "ticket_stage_completed"]
    assert {kind for kind, _ in told} == {"comment", "event", "run"}
    pages, cursor = [], None
    while True:
        query: dict[str, str] = {"cursor": cursor} if cursor else {}
        page = planner.get("/tickets/WEB-1/timeline", limit=2, **query).json
        pages += page["items"]
        if not (cursor := page["next"]):
            break
    assert pages == whole["items"]


def test_a_comment_in_a_run_is_its_workers(worker: Program, board: OpenSession) -> None:
    with board() as session:
        run_id = run_stage(session, make_ticket(session)).run_id
        make_ticket(session)
    body = {"content": "Half done.", "run_id": run_id}
    said = worker.post("/tickets/WEB-1/comments", body).json
    assert said["worker_type"] == "implementation"
    assert said["stage_number"] == 1
    assert said["author"] == said["worker_id"]
    told = problem(worker.post("/tickets/WEB-2/comments", body), 422, "invalid")
    assert fields(told) == ["run_id"]
    worker.post(f"/runs/{run_id}/complete")
    problem(worker.post("/tickets/WEB-1/comments", body), 409, "run_not_current")


def test_queues_tell_depth_wait_and_workers(
    worker: Program, planner: Program, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)
        make_ticket(session)
        make_ticket(session, plan=["approval"])
        make_ticket(session).hold(ANN)
        blocked = make_ticket(session)
        blocked.block_by("WEB-1", ANN)
    worker.post(
        "/workers", {"worker_id": "w", "project_id": "acme/web", "worker_type": "implementation"}
    )
    worker.post("/claims", {"worker_id": "w"})
    found = {q["worker_type"]: q for q in planner.get("/queues").json["items"]}
    queue = found["implementation"]
    assert (queue["ready"], queue["running"], queue["on_hold"], queue["blocked"]) == (1, 1, 1, 1)
    assert (queue["workers_live"], queue["workers_idle"]) == (1, 0)
    assert 0 <= queue["oldest_wait_seconds"] < 60
    assert (found["approval"]["ready"], found["approval"]["performed_by"]) == (1, "person")
    assert (found["review"]["ready"], found["review"]["oldest_wait_seconds"]) == (0, None)


def test_tickets_are_related_and_no_longer(planner: Program, board: OpenSession) -> None:
    with board() as session:
        for ticket_id in "AB":
            make_ticket(session, ticket_id=ticket_id)
    for _ in range(2):
        linked = planner.put("/tickets/A/related/B")
        assert [other["ticket_id"] for other in linked.json["related"]] == ["B"]
    assert planner.get("/tickets/B/dependencies").json["related"][0]["ticket_id"] == "A"
    for _ in range(2):
        assert planner.delete("/tickets/B/related/A").json["related"] == []
    problem(planner.put("/tickets/A/related/Z"), 404, "not_found")
    problem(planner.put("/tickets/A/related/A"), 422, "invalid")


def test_a_token_corrects_what_it_said_and_takes_it_back(
    planner: Program, program: Program_, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, ticket_id="A")
    said = planner.post("/tickets/A/comments", {"content": "Frist"}).json
    path = f"/comments/{said['id']}"
    edited = planner.patch(path, {"content": "First"}).json
    assert (edited["content"], edited["edited_at"] is not None) == ("First", True)
    problem(program("plan").patch(path, {"content": "Mine"}), 403, "forbidden")
    gone = planner.delete(path).json
    assert (gone["content"], gone["withdrawn_at"] is not None) == ("", True)
    problem(planner.delete(path), 409, "conflict")
    problem(planner.patch("/comments/999", {"content": "x"}), 404, "not_found")
