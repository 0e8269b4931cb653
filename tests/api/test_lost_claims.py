"""What becomes of reports on runs that are over: nothing is done twice, and nothing is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from app import clock
from tests.api.conftest import Program, problem
from tests.conftest import OpenSession
from tests.factories import make_project, make_ticket


@pytest.fixture(autouse=True)
def board_with_workers(board: OpenSession, worker: Program) -> None:
    with board() as session:
        make_project(session)
        make_ticket(session, ticket_id="T")
    for worker_id, pid in (("w-1", 1), ("w-2", 2)):
        worker.post(
            "/workers",
            {
                "worker_id": worker_id,
                "project_id": "acme/web",
                "worker_type": "implementation",
                "hostname": "h",
                "pid": pid,
            },
        )


def claim(worker: Program, worker_id: str = "w-1") -> int:
    answer = worker.post("/claims", {"worker_id": worker_id})
    assert answer.status_code == 201, answer.text
    return answer.json["run"]["run_id"]


REPORTS = {
    "complete": {"comment": "Done."},
    "attention": {"reason": "Which?"},
    "fail": {"reason": "Broke."},
    "release": {"reason": "Must go."},
}


@pytest.mark.both_databases
@pytest.mark.parametrize("verb", REPORTS)
def test_the_same_report_twice_gets_the_same_answer(worker: Program, verb: str) -> None:
    run_id = claim(worker)
    first = worker.post(f"/runs/{run_id}/{verb}", REPORTS[verb])
    again = worker.post(f"/runs/{run_id}/{verb}", REPORTS[verb])
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json == first.json
    events = worker.get("/events", ticket_id="T", limit=200).json["items"]
    words = [each["event_type"] for each in events]
    assert len(words) == len(set(words)), words


def test_sending_back_twice_gets_the_same_answer(worker: Program, board: OpenSession) -> None:
    worker.post(f"/runs/{claim(worker)}/complete")
    worker.post("/workers", {"worker_id": "r", "project_id": "acme/web", "worker_type": "review"})
    run_id = claim(worker, "r")
    back = {"to_stage": 1, "reason": "No tests."}
    first = worker.post(f"/runs/{run_id}/return", back)
    assert first.status_code == 200
    assert worker.post(f"/runs/{run_id}/return", back).json == first.json
    ticket = worker.get("/tickets/T").json
    assert (ticket["current_stage"], ticket["completed_stages"]) == ("implementation", 0)
    comments = worker.get("/tickets/T/comments").json["items"]
    assert [comment["content"] for comment in comments] == ["No tests."]


def test_sending_back_to_no_earlier_stage_is_refused(worker: Program) -> None:
    told = worker.post(f"/runs/{claim(worker)}/return", {"to_stage": 1, "reason": "x"})
    assert problem(told, 422, "invalid")["errors"][0]["field"] == "to_stage"


@pytest.mark.both_databases
@pytest.mark.parametrize("verb", ["complete", "fail", "release", "attention"])
def test_another_report_on_a_run_that_is_over_tells_what_happened(
    worker: Program, verb: str
) -> None:
    run_id = claim(worker)
    done = "complete" if verb != "complete" else "fail"
    worker.post(f"/runs/{run_id}/{done}", REPORTS[done])
    told = problem(worker.post(f"/runs/{run_id}/{verb}", REPORTS[verb]), 409, "run_not_current")
    assert told["run_id"] == run_id
    assert told["ticket_id"] == "T"
    assert told["outcome"] == {"complete": "completed", "fail": "failed"}[done]
    assert told["finished_at"]
    refused = worker.get("/events", event_type="ticket_report_refused").json["items"]
    assert len(refused) == 1
    assert refused[0]["actor"] == "w-1"


@pytest.mark.both_databases
def test_a_stale_worker_cannot_report_when_another_has_the_ticket(worker: Program) -> None:
    stale = claim(worker, "w-1")
    with time_machine.travel(clock.now() + timedelta(seconds=301), tick=False):
        fresh = claim(worker, "w-2")
        assert fresh > stale
        for verb, body in REPORTS.items():
            told = problem(worker.post(f"/runs/{stale}/{verb}", body), 409, "run_not_current")
            assert told["outcome"] == "expired"
            assert "claim again" in told["detail"]
        beat = worker.post("/workers/w-1/heartbeat", {"run_id": stale})
        problem(beat, 409, "run_not_current")
        ticket = worker.get("/tickets/T").json
        assert (ticket["claimed_by"], ticket["current_run_id"]) == ("w-2", fresh)
        assert worker.post(f"/runs/{fresh}/complete").status_code == 200
        # The sign of life counted: the stale worker is itself again.
        assert worker.get("/workers/w-1").json["status"] == "idle"


@pytest.mark.both_databases
def test_a_completion_after_expiry_is_refused_even_if_nobody_took_over(worker: Program) -> None:
    run_id = claim(worker)
    with time_machine.travel(clock.now() + timedelta(seconds=301), tick=False):
        problem(worker.post(f"/runs/{run_id}/complete"), 409, "run_not_current")
        ticket = worker.get("/tickets/T").json
        assert (ticket["situation"], ticket["failed_attempts"]) == ("ready", 1)


def test_a_clients_clock_never_matters(worker: Program) -> None:
    past, future = "Thu, 01 Jan 1998 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
    run_id = claim(worker)
    for date in (past, future):
        beat = worker.post("/workers/w-1/heartbeat", {"run_id": run_id}, Date=date).json
        assert 299 < beat["lease_seconds"] <= 300
    done = worker.post(f"/runs/{run_id}/complete", {"comment": "x"}, Date=past).json
    run = worker.get(f"/runs/{run_id}").json
    assert run["started_at"] <= done["finished_at"] <= clock.now().isoformat()


def test_no_request_takes_a_time_from_the_client() -> None:
    from app.api.openapi import document

    schemas = document()["components"]["schemas"]
    sent = [schema for schema in schemas.values() if schema.get("additionalProperties") is False]
    assert len(sent) > 15
    assert not [schema["title"] for schema in sent if "date-time" in str(schema)]


@pytest.mark.both_databases
def test_a_held_ticket_takes_its_run_back(worker: Program, planner: Program) -> None:
    run_id = claim(worker)
    planner.post("/tickets/T/hold")
    told = problem(worker.post(f"/runs/{run_id}/complete"), 409, "run_not_current")
    assert told["outcome"] == "released"
    assert "put on hold by token plan-" in told["reason"]


def test_runs_are_listed_newest_first(worker: Program) -> None:
    first = claim(worker)
    worker.post(f"/runs/{first}/release")
    second = claim(worker, "w-2")
    assert [r["run_id"] for r in worker.get("/runs").json["items"]] == [second, first]
    assert [r["run_id"] for r in worker.get("/runs", finished="false").json["items"]] == [second]
    assert [r["run_id"] for r in worker.get("/runs", worker_id="w-1").json["items"]] == [first]
    assert len(worker.get("/runs", ticket_id="T", project="acme/web").json["items"]) == 2
    page = worker.get("/runs", limit=1).json
    assert worker.get("/runs", limit=1, cursor=page["next"]).json["items"][0]["run_id"] == first
