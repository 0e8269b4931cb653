"""What tools do to the board."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.models import Worker
from tests.conftest import OpenSession
from tests.factories import ANN, make_ticket
from tests.mcp.conftest import Agent, hold_a_stage
from tests.processes import PATIENCE


@pytest.fixture(autouse=True)
def ticket_id(board: OpenSession) -> str:
    with board() as session:
        return make_ticket(session).ticket_id


def test_projects_and_roles_are_made_and_changed(crew: Agent) -> None:
    crew.call("create_project", repository_name="acme/api", path="/src/api", rules="Be kind.")
    assert crew.call("get_project", project_id="acme/api")["rules"] == "Be kind."
    changed = crew.call("update_project", project_id="acme/api", patterns="Use httpx.")
    assert (changed["rules"], changed["patterns"]) == ("Be kind.", "Use httpx.")
    names = [each["repository_name"] for each in crew.call("list_projects")["items"]]
    assert names == ["acme/api", "acme/web"]
    crew.call("update_project", project_id="acme/api", archived=True)
    assert len(crew.call("list_projects")["items"]) == 1
    made = crew.call("create_worker_type", project_id="acme/web", worker_type="testing")
    assert made["lease_seconds"] == 300
    crew.call("update_worker_type", worker_type_id=made["id"], system_prompt="Test it.")
    role = crew.call("get_worker_type", worker_type_id=made["id"])
    assert (role["system_prompt"], role["prompt_version"]) == ("Test it.", 2)
    lines = crew.call("list_worker_types", project="acme/web")["items"]
    assert "testing" in [each["worker_type"] for each in lines]
    assert all("system_prompt" not in each for each in lines)


@pytest.mark.both_databases
def test_a_tickets_course_is_changed(crew: Agent, ticket_id: str) -> None:
    plan = ["implementation", "review", "implementation"]
    changed = crew.call("amend_plan", ticket_id=ticket_id, execution_plan=plan)
    assert changed["execution_plan"] == plan
    assert crew.call("hold_ticket", ticket_id=ticket_id)["situation"] == "on_hold"
    assert crew.call("resume_ticket", ticket_id=ticket_id, answer="Go.")["situation"] == "ready"
    assert crew.call("close_ticket", ticket_id=ticket_id)["situation"] == "stopped"
    assert crew.call("reopen_ticket", ticket_id=ticket_id, reason="More.")["situation"] == "ready"
    crew.call("add_ticket_comment", ticket_id=ticket_id, content="Mind the cart.")
    told = crew.call("get_ticket", ticket_id=ticket_id, comments=2)
    assert [each["content"] for each in told["comments"]] == ["More.", "Mind the cart."]
    assert told["comments_left_out"] == 1


@pytest.mark.both_databases
def test_lists_say_what_each_ticket_waits_for(crew: Agent, ticket_id: str) -> None:
    plan = {"project_id": "acme/web", "title": "Mail it", "execution_plan": ["review"]}
    middle = crew.call("create_ticket", **plan, blocked_by=[ticket_id])["ticket_id"]
    last = crew.call("create_ticket", **plan, blocked_by=[middle, ticket_id])["ticket_id"]
    everything = crew.call("list_tickets", project="acme/web")["items"]
    assert {each["ticket_id"]: each["waits_for"] for each in everything} == {
        ticket_id: [],
        middle: [ticket_id],
        last: sorted([ticket_id, middle]),
    }
    crew.call("close_ticket", ticket_id=ticket_id)
    blocked = crew.call("list_tickets", project="acme/web", state="blocked")["items"]
    assert [(each["ticket_id"], each["waits_for"]) for each in blocked] == [(last, [middle])]
    ready = crew.call("list_tickets", project="acme/web", state="ready", stage="review")["items"]
    assert [each["ticket_id"] for each in ready] == [middle]
    told = crew.call("get_ticket", ticket_id=middle)
    assert [each["ticket_id"] for each in told["blocked_by"]] == [ticket_id]
    assert [each["ticket_id"] for each in told["blocks"]] == [last]


def test_dependencies_are_drawn_and_removed(crew: Agent, ticket_id: str) -> None:
    other = crew.call(
        "create_ticket",
        project_id="acme/web",
        title="Mail it",
        execution_plan=["review"],
        blocked_by=[ticket_id],
    )["ticket_id"]
    assert crew.call("get_ticket", ticket_id=other)["ticket"]["waits_for"] == [ticket_id]
    assert "could ever start" in crew.refused(
        "add_dependency", ticket_id=ticket_id, blocked_by_id=other
    )
    for _ in range(2):
        told = crew.call("remove_dependency", ticket_id=other, blocked_by_id=ticket_id)
        assert told["blocked_by"] == []
    for _ in range(2):
        told = crew.call("add_dependency", ticket_id=other, blocked_by_id=ticket_id)
        assert [each["ticket_id"] for each in told["blocked_by"]] == [ticket_id]


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("verb", "arguments", "outcome"),
    [
        ("complete_stage", {"comment": "Done."}, "completed"),
        ("request_attention", {"reason": "Which one?"}, "attention"),
        ("fail_stage", {"reason": "No disk."}, "failed"),
        ("release_stage", {}, "released"),
    ],
)
def test_the_same_report_twice_gets_the_same_answer(
    crew: Agent, verb: str, arguments: dict[str, Any], outcome: str
) -> None:
    run_id = hold_a_stage(crew)
    first = crew.call(verb, run_id=run_id, **arguments)
    assert first["outcome"] == outcome
    assert crew.call(verb, run_id=run_id, **arguments) == first


def test_a_worker_with_nothing_to_do_is_told_to_wait(crew: Agent) -> None:
    hold_a_stage(crew)
    crew.call("register_worker", worker_id="w-2", project_id="acme/web", worker_type="review")
    claimed = crew.call("claim_stage", worker_id="w-2")
    assert claimed["assignment"] is None
    assert "Wait" in claimed["next_step"]


def test_a_worker_that_is_asked_to_stop_is_told_so(crew: Agent, board: OpenSession) -> None:
    run_id = hold_a_stage(crew)
    with board() as session:
        Worker.lock(session, "w-1").ask_to_stop(ANN)
    assert crew.call("heartbeat", worker_id="w-1", run_id=run_id)["instruction"] == "stop"
    crew.call("release_stage", run_id=run_id)
    assert "finish_worker" in crew.call("claim_stage", worker_id="w-1")["next_step"]
    assert crew.call("finish_worker", worker_id="w-1")["status"] == "finished"


@pytest.mark.both_databases
def test_reading_takes_no_lock(crew: Agent, board: OpenSession, ticket_id: str) -> None:
    """While another process writes, all tools that only read answer at once."""
    with board() as session:
        make_ticket(session)
        for name in ("list_tickets", "queue_status", "list_events", "list_projects"):
            assert "items" in ask_from_a_thread(crew, name)
        assert "ticket" in ask_from_a_thread(crew, "get_ticket", ticket_id=ticket_id)


def ask_from_a_thread(crew: Agent, name: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool from a thread of its own, as another request would come."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(crew.call, name, **arguments).result(timeout=PATIENCE)


def test_what_a_token_does_stands_on_the_board_under_its_name(crew: Agent, ticket_id: str) -> None:
    crew.call("hold_ticket", ticket_id=ticket_id, reason="later")
    held = crew.call("list_events", event_type="ticket_held")["items"]
    assert [(each["actor"], each["reason"]) for each in held] == [("token plan-1", "later")]


@pytest.mark.both_databases
def test_events_are_followed_and_resolved(crew: Agent, ticket_id: str) -> None:
    here = crew.call("list_events", after="latest")
    assert (here["items"], here["has_more"]) == ([], False)
    run_id = hold_a_stage(crew)
    crew.call("request_attention", run_id=run_id, reason="Which one?")
    news = crew.call("list_events", after=here["next_after"], needs_attention=True)
    (asked,) = news["items"]
    resolved = crew.call("resolve_event", event_id=asked["id"], note="Seen.")
    assert (resolved["processed"], resolved["resolution_summary"]) == (True, "Seen.")
    again = crew.call("resolve_event", event_id=asked["id"], note="Me too.")
    assert again["resolution_summary"] == "Seen."


def test_queues_show_what_waits_and_who_is_there(crew: Agent) -> None:
    hold_a_stage(crew)
    crew.call("register_worker", worker_id="w-2", project_id="acme/web", worker_type="review")
    queues = {q["worker_type"]: q for q in crew.call("queue_status")["items"]}
    assert queues["implementation"]["running"] == 1
    assert (queues["review"]["workers_live"], queues["review"]["workers_idle"]) == (1, 1)
