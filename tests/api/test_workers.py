"""Workers through the API: from registration to the closed ticket."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from app import clock
from app.models import Event, Ticket, Worker
from tests.api.conftest import Program, Program_, fields, problem
from tests.conftest import OpenSession
from tests.factories import make_project, make_ticket

W1 = {
    "worker_id": "w-1",
    "project_id": "acme/web",
    "worker_type": "implementation",
    "hostname": "build-01",
    "pid": 4711,
}


@pytest.fixture(autouse=True)
def ticket_id(board: OpenSession) -> str:
    with board() as session:
        make_project(session, rules="No secrets.", patterns="Small functions.")
        return make_ticket(session, description="Do it *well*.").ticket_id


def claim(worker: Program, worker_id: str = "w-1") -> dict:
    answer = worker.post("/claims", {"worker_id": worker_id})
    assert answer.status_code == 201, answer.text
    return answer.json


@pytest.mark.both_databases
def test_a_ticket_goes_from_claim_to_closed(worker: Program, ticket_id: str) -> None:
    for role, worker_id in (("implementation", "w-1"), ("review", "w-2")):
        made = worker.post("/workers", {**W1, "worker_type": role, "worker_id": worker_id})
        assert made.status_code == 201
        assert made.headers["Location"] == f"/api/v1/workers/{worker_id}"
        run_id = claim(worker, worker_id)["run"]["run_id"]
        done = worker.post(f"/runs/{run_id}/complete", {"comment": f"{role} done"})
        assert done.status_code == 200
        assert done.json["outcome"] == "completed"
    ticket = worker.get(f"/tickets/{ticket_id}").json
    assert (ticket["situation"], ticket["completed_stages"]) == ("completed", 2)
    comments = worker.get(f"/tickets/{ticket_id}/comments").json["items"]
    assert [(c["content"], c["worker_id"], c["stage_number"]) for c in comments] == [
        ("implementation done", "w-1", 1),
        ("review done", "w-2", 2),
    ]


@pytest.mark.both_databases
def test_a_claim_holds_all_that_the_worker_needs(worker: Program, board: OpenSession) -> None:
    with board() as session:
        blocker = make_ticket(session, title="Before")
        ticket = session.get_one(Ticket, "WEB-1")
        ticket.block_by(blocker.ticket_id, clock_actor())
        blocker.stop(clock_actor())
        ticket.say("Mind the cart.", clock_actor())
    worker.post("/workers", W1)
    got = claim(worker)
    assert got["run"]["attempt"] == 1
    assert got["run"]["worker_id"] == "w-1"
    assert 290 < got["lease_seconds"] <= 300
    assert got["ticket"]["description"] == "Do it *well*."
    assert got["ticket"]["situation"] == "running"
    assert got["project"]["path"] == "/src/acme/web"
    assert got["system_prompt"].startswith("You do implementation.")
    assert "# Rules of acme/web\n\nNo secrets." in got["system_prompt"]
    assert "# Patterns of acme/web\n\nSmall functions." in got["system_prompt"]
    assert [(s["number"], s["worker_type"], s["status"]) for s in got["stages"]] == [
        (1, "implementation", "yours"),
        (2, "review", "to_come"),
    ]
    assert [c["content"] for c in got["comments"]] == ["Mind the cart."]
    assert got["comments_left_out"] == 0
    assert [t["ticket_id"] for t in got["blocked_by"]] == ["WEB-2"]


def clock_actor():
    from tests.factories import ANN

    return ANN


@pytest.mark.both_databases
def test_a_claim_without_work_is_empty(worker: Program) -> None:
    worker.post("/workers", {**W1, "worker_type": "review"})
    answer = worker.post("/claims", {"worker_id": "w-1"})
    assert (answer.status_code, answer.data) == (204, b"")


@pytest.mark.both_databases
def test_a_claim_whose_answer_was_lost_is_answered_again(worker: Program) -> None:
    worker.post("/workers", W1)
    assert claim(worker)["run"] == claim(worker)["run"]


def test_a_claim_of_a_worker_that_never_registered_is_missing(worker: Program) -> None:
    told = problem(worker.post("/claims", {"worker_id": "w-9"}), 404, "not_found")
    assert "Register it first" in told["detail"]


@pytest.mark.both_databases
def test_the_same_process_may_register_again_but_no_other(worker: Program) -> None:
    first = worker.post("/workers", W1).json
    again = worker.post("/workers", W1)
    assert again.status_code == 201
    assert again.json["started_at"] == first["started_at"]
    told = problem(worker.post("/workers", {**W1, "pid": 4712}), 409, "conflict")
    assert fields(told) == ["worker_id"]
    told = problem(worker.post("/workers", {**W1, "hostname": "build-02"}), 409, "conflict")
    assert "build-01" in told["detail"]


def test_no_worker_can_take_the_stages_of_a_person(worker: Program) -> None:
    told = problem(worker.post("/workers", {**W1, "worker_type": "approval"}), 422, "invalid")
    assert fields(told) == ["worker_type"]


@pytest.mark.both_databases
def test_a_heartbeat_extends_the_lease_and_tells_in_seconds(worker: Program) -> None:
    worker.post("/workers", W1)
    run = claim(worker)["run"]
    with time_machine.travel(clock.now() + timedelta(seconds=200), tick=False):
        told = worker.post("/workers/w-1/heartbeat", {"run_id": run["run_id"]}).json
    assert told["instruction"] == "continue"
    assert told["lease_seconds"] == 300
    assert told["next_heartbeat_seconds"] == 300
    assert told["lease_expires_at"] > run["lease_expires_at"]


def test_a_heartbeat_of_an_idle_worker_needs_no_body(worker: Program) -> None:
    worker.post("/workers", W1)
    told = worker.post("/workers/w-1/heartbeat").json
    assert told["lease_expires_at"] is None
    assert told["lease_seconds"] is None


STRANGE = "a\x00b\x1b[1mc\x07\ud83d"
STORED = "a\ufffdb\ufffd[1mc\ufffd\ufffd"


@pytest.mark.both_databases
def test_output_of_any_kind_refuses_no_heartbeat(worker: Program, board: OpenSession) -> None:
    worker.post("/workers", W1)
    answer = worker.post("/workers/w-1/heartbeat", {"output_tail": STRANGE})
    assert answer.status_code == 200, answer.text
    with board() as session:
        assert Worker.get(session, "w-1").output_tail == STORED


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("report", "field"),
    [
        ("complete", "comment"),
        ("fail", "reason"),
        ("attention", "reason"),
        ("release", "reason"),
    ],
)
def test_output_that_a_report_quotes_refuses_no_report(
    worker: Program, ticket_id: str, report: str, field: str
) -> None:
    worker.post("/workers", W1)
    run_id = claim(worker)["run"]["run_id"]
    answer = worker.post(f"/runs/{run_id}/{report}", {field: STRANGE})
    assert answer.status_code == 200, answer.text
    told = worker.get(f"/tickets/{ticket_id}/comments").json["items"]
    assert STORED in [answer.json["reason"], *(each["content"] for each in told)]


@pytest.mark.both_databases
def test_nor_does_it_refuse_that_a_worker_stopped(worker: Program) -> None:
    worker.post("/workers", W1)
    answer = worker.post("/workers/w-1/stopped", {"reason": STRANGE})
    assert answer.json["stopped_reason"] == STORED


def test_a_heartbeat_with_anothers_run_is_refused(worker: Program) -> None:
    worker.post("/workers", W1)
    worker.post("/workers", {**W1, "worker_id": "w-2", "pid": 5})
    run_id = claim(worker)["run"]["run_id"]
    told = problem(worker.post("/workers/w-2/heartbeat", {"run_id": run_id}), 409, "conflict")
    assert fields(told) == ["run_id"]


def test_a_worker_that_is_asked_to_stop_hears_it_and_gets_no_more(
    worker: Program, planner: Program
) -> None:
    worker.post("/workers", W1)
    assert planner.post("/workers/w-1/ask-to-stop").json["stop_requested_at"]
    assert worker.post("/workers/w-1/heartbeat").json["instruction"] == "stop"
    assert worker.post("/claims", {"worker_id": "w-1"}).status_code == 204


@pytest.mark.both_databases
def test_a_worker_that_stops_gives_back_what_it_holds(worker: Program, ticket_id: str) -> None:
    worker.post("/workers", W1)
    run_id = claim(worker)["run"]["run_id"]
    for _ in range(2):
        stopped = worker.post("/workers/w-1/stopped", {"reason": "deploy"})
        assert stopped.status_code == 200
        assert stopped.json["status"] == "finished"
    assert worker.get(f"/runs/{run_id}").json["outcome"] == "released"
    assert worker.get(f"/tickets/{ticket_id}").json["situation"] == "ready"
    assert worker.get(f"/tickets/{ticket_id}").json["failed_attempts"] == 0
    problem(worker.post("/claims", {"worker_id": "w-1"}), 409, "conflict")


def test_a_worker_that_stops_may_ask_a_person_to_see_why(worker: Program, planner: Program) -> None:
    worker.post("/workers", W1)
    why = {"reason": "No quota is left.", "needs_attention": True}
    for _ in range(2):
        assert worker.post("/workers/w-1/stopped", why).status_code == 200
    events = planner.get("/events").json["items"]
    [stopped] = [event for event in events if event["event_type"] == "worker_stopped"]
    assert (stopped["reason"], stopped["needs_attention"]) == ("No quota is left.", True)


def test_a_worker_of_an_unknown_type_learns_which_there_are(worker: Program) -> None:
    answer = worker.post("/workers", {**W1, "worker_type": "codder"})
    detail = problem(answer, 404, "not_found")["detail"]
    assert detail == "acme/web has no worker type codder. It has implementation, review."


@pytest.mark.both_databases
def test_a_worker_declared_dead_loses_its_run(worker: Program, planner: Program) -> None:
    worker.post("/workers", W1)
    run_id = claim(worker)["run"]["run_id"]
    assert planner.post("/workers/w-1/declare-dead").json["status"] == "failed"
    told = problem(worker.post(f"/runs/{run_id}/complete", {}), 409, "run_not_current")
    assert told["outcome"] == "expired"
    problem(planner.post("/workers/w-1/declare-dead"), 409, "conflict")


@pytest.mark.both_databases
def test_workers_are_listed_with_what_they_hold(worker: Program) -> None:
    for number in range(3):
        worker.post("/workers", {**W1, "worker_id": f"w-{number}", "pid": number})
    run = claim(worker, "w-1")["run"]
    first = worker.get("/workers", limit=2).json
    assert [w["worker_id"] for w in first["items"]] == ["w-0", "w-1"]
    assert first["items"][1]["run_id"] == run["run_id"]
    assert first["items"][1]["is_silent"] is False
    rest = worker.get("/workers", limit=2, cursor=first["next"]).json
    assert [w["worker_id"] for w in rest["items"]] == ["w-2"]
    assert rest["next"] is None
    assert worker.get("/workers", status="failed").json["items"] == []
    assert len(worker.get("/workers", status="all", worker_type="review").json["items"]) == 0


@pytest.mark.both_databases
def test_a_silent_worker_is_live_in_no_list_and_no_count(
    app: Flask, worker: Program, board: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "callboard.next_sweep", float("inf"))
    for number in range(2):
        worker.post("/workers", {**W1, "worker_id": f"w-{number}", "pid": number})
    with board() as session:
        Worker.get(session, "w-1").expected_by = clock.now() - timedelta(seconds=1)

    def ids(**query: object) -> list[str]:
        return [w["worker_id"] for w in worker.get("/workers", **query).json["items"]]

    assert ids() == ids(status="live") == ids(status="idle") == ["w-0"]
    assert ids(status="silent") == ["w-1"]
    assert ids(status="all") == ["w-0", "w-1"]
    (queue,) = [
        q for q in worker.get("/queues").json["items"] if q["worker_type"] == "implementation"
    ]
    assert (queue["workers_live"], queue["workers_idle"]) == (1, 1)


def test_a_token_of_another_project_learns_nothing_of_a_worker(
    worker: Program, program: Program_, board: OpenSession
) -> None:
    worker.post("/workers", W1)
    with board() as session:
        make_project(session, "acme/api")
    other = program("work", project="acme/api")
    missing = problem(other.get("/workers/w-0"), 404, "not_found")
    hidden = problem(other.get("/workers/w-1"), 404, "not_found")
    assert hidden["detail"].replace("w-1", "w-0") == missing["detail"]
    problem(other.post("/claims", {"worker_id": "w-1"}), 404, "not_found")
    problem(other.post("/workers/w-1/heartbeat"), 404, "not_found")
    taken = problem(other.post("/workers", {**W1, "project_id": "acme/api"}), 409, "conflict")
    assert "build-01" not in taken["detail"]


def test_what_a_worker_does_stands_in_its_name(worker: Program, board: OpenSession) -> None:
    worker.post("/workers", W1)
    worker.post(f"/runs/{claim(worker)['run']['run_id']}/complete", {})
    with board() as session:
        done = session.query(Event).filter_by(event_type="ticket_stage_completed").one()
        assert (done.actor, done.worker_id) == ("w-1", "w-1")
        assert session.get_one(Worker, "w-1").status == "idle"
