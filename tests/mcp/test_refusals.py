"""What tools say when they may not, or can't, do what was asked."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from app import pipeline
from app.actor import Actor
from app.db.base import db
from tests.conftest import OpenSession
from tests.factories import make_project, make_role, make_ticket
from tests.mcp.conftest import Agent, Agent_, hold_a_stage


@pytest.fixture(autouse=True)
def ticket_id(board: OpenSession) -> str:
    with board() as session:
        return make_ticket(session).ticket_id


@pytest.mark.both_databases
def test_a_lost_claim_is_told_and_stays_on_record(
    crew: Agent, board: OpenSession, ticket_id: str
) -> None:
    run_id = hold_a_stage(crew)
    with board() as session:
        pipeline.declare_dead(session, "w-1", Actor.person("ann"))
    for verb, arguments in (
        ("complete_stage", {"comment": "Too late."}),
        ("heartbeat", {"worker_id": "w-1"}),
        ("add_ticket_comment", {"ticket_id": ticket_id, "content": "x"}),
    ):
        text = crew.refused(verb, run_id=run_id, **arguments)
        assert "ended as expired" in text
        assert "call claim_stage" in text
    refused = crew.call("list_events", event_type="ticket_report_refused")["items"]
    assert [each["details"]["report"] for each in refused] == ["completed", "comment"]
    assert [each["reason"] for each in refused] == ["Too late.", "x"]
    ticket = crew.call("get_ticket", ticket_id=ticket_id)
    assert (ticket["ticket"]["completed_stages"], ticket["comments"]) == (0, [])


def test_no_other_token_speaks_for_a_worker(crew: Agent, agent: Agent_, ticket_id: str) -> None:
    run_id = hold_a_stage(crew)
    other, admin = agent("work"), agent("admin")
    for name, arguments in (
        ("complete_stage", {"run_id": run_id}),
        ("return_stage", {"run_id": run_id, "to_stage": 1, "reason": "x"}),
        ("request_attention", {"run_id": run_id, "reason": "x"}),
        ("fail_stage", {"run_id": run_id, "reason": "x"}),
        ("release_stage", {"run_id": run_id}),
        ("heartbeat", {"worker_id": "w-1", "run_id": run_id}),
        ("claim_stage", {"worker_id": "w-1"}),
        ("finish_worker", {"worker_id": "w-1"}),
        ("add_ticket_comment", {"ticket_id": ticket_id, "run_id": run_id, "content": "x"}),
    ):
        assert "another token" in other.refused(name, **arguments)
    assert crew.call("heartbeat", worker_id="w-1", run_id=run_id)["instruction"] == "continue"

    assert admin.call("fail_stage", run_id=run_id, reason="It hangs.")["outcome"] == "failed"

    (event,) = crew.call("list_events", event_type="ticket_stage_failed")["items"]
    assert event["actor"].startswith("token admin")
    assert event["worker_id"] == "w-1"


@pytest.mark.both_databases
def test_a_report_in_other_words_is_told_and_kept(crew: Agent) -> None:
    run_id = hold_a_stage(crew)
    crew.call("complete_stage", run_id=run_id, comment="Done.")
    assert crew.call("complete_stage", run_id=run_id, comment="Done.")["outcome"] == "completed"

    assert "in other words" in crew.refused("complete_stage", run_id=run_id, comment="Well done.")

    (event,) = crew.call("list_events", event_type="ticket_report_refused")["items"]
    assert event["reason"] == "Well done."


@pytest.mark.both_databases
def test_a_plan_is_made_whole_or_not_at_all(crew: Agent) -> None:
    plan = {"project_id": "acme/web", "execution_plan": ["review"]}
    text = crew.refused(
        "create_tickets",
        **plan,
        tickets=[
            {"key": "a", "title": "A"},
            {"key": "b", "title": "B", "execution_plan": ["nobody"]},
            {"key": "c", "title": "C", "parent": "z"},
        ],
    )
    assert "- tickets[2].parent: z is neither" in text
    assert len(crew.call("list_tickets")["items"]) == 1


WRONG_ARGUMENTS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("get_ticket", {}, "ticket_id"),
    ("get_ticket", {"ticket_id": 5}, "ticket_id"),
    ("get_ticket", {"ticket_id": "../../etc/passwd"}, "ticket_id"),
    ("get_ticket", {"ticket_id": "' OR 1=1 --"}, "ticket_id"),
    ("get_ticket", {"ticket_id": "WEB-1", "comments": 1000}, "comments"),
    ("complete_stage", {"run_id": "1"}, "run_id"),
    ("complete_stage", {"run_id": 10**30}, "run_id"),
    ("complete_stage", {"run_id": 1, "comment": "x" * 140_000}, "comment"),
    ("complete_stage", {"run_id": 1, "commment": "x"}, "commment"),
    ("list_tickets", {"state": "lost"}, "state"),
    ("list_tickets", {"cursor": "!"}, "cursor"),
    ("create_project", {"repository_name": "a b", "path": "/x"}, "repository_name"),
    ("create_ticket", {"project_id": "acme/web", "title": "\x07"}, "execution_plan"),
)


def test_wrong_arguments_are_named_and_change_nothing(crew: Agent) -> None:
    for name, arguments, field in WRONG_ARGUMENTS:
        text = crew.refused(name, **arguments)
        assert f"\n- {field}: " in text, (name, arguments)
        assert "othing was changed" in text


def test_refusals_say_what_to_do_next(crew: Agent, ticket_id: str) -> None:
    assert "list_tickets" in crew.refused("get_ticket", ticket_id="NO-1")
    assert "decide anew" in crew.refused("resume_ticket", ticket_id=ticket_id)
    assert "Correct the arguments" in crew.refused(
        "add_dependency", ticket_id=ticket_id, blocked_by_id=ticket_id
    )


def test_another_project_is_out_of_reach(agent: Agent_, board: OpenSession, ticket_id: str) -> None:
    with board() as session:
        make_project(session, "acme/api")
        role = make_role(session, "testing")
        session.flush()
        role_id = role.id
    other = agent("plan", "work", project="acme/api")
    for name, arguments in (
        ("get_ticket", {"ticket_id": ticket_id}),
        ("hold_ticket", {"ticket_id": ticket_id}),
        ("add_ticket_comment", {"ticket_id": ticket_id, "content": "x"}),
        ("add_dependency", {"ticket_id": ticket_id, "blocked_by_id": ticket_id}),
        ("get_project", {"project_id": "acme/web"}),
        ("update_project", {"project_id": "acme/web", "path": "/x"}),
        ("get_worker_type", {"worker_type_id": role_id}),
        ("update_worker_type", {"worker_type_id": role_id, "system_prompt": "x"}),
    ):
        assert "There is no" in other.refused(name, **arguments), name
    for name, arguments in (
        ("list_tickets", {"project": "acme/web"}),
        ("queue_status", {"project": "acme/web"}),
        ("create_project", {"repository_name": "x", "path": "/x"}),
        ("register_worker", {"worker_id": "w", "project_id": "acme/web", "worker_type": "review"}),
    ):
        assert "acme/api only" in other.refused(name, **arguments), name
    for name in ("list_tickets", "list_events"):
        assert other.call(name)["items"] == [], name


def test_a_database_that_is_away_is_told_as_such(
    crew: Agent, monkeypatch: pytest.MonkeyPatch, ticket_id: str
) -> None:
    def locked(*args: Any) -> Any:
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    monkeypatch.setattr("app.models.Ticket.hold", locked)
    assert "wait two seconds" in crew.refused("hold_ticket", ticket_id=ticket_id)


@pytest.mark.both_databases
def test_a_tool_that_breaks_changes_nothing(
    crew: Agent, monkeypatch: pytest.MonkeyPatch, ticket_id: str
) -> None:
    def broken(*args: Any) -> Any:
        db.session.execute(db.text("UPDATE tickets SET title = 'broken'"))
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("app.models.Ticket.hold", broken)
    params = {"name": "hold_ticket", "arguments": {"ticket_id": ticket_id}}
    status, error = crew.fault("tools/call", params)
    assert (status, error["code"]) == (200, -32603)
    assert "secret" not in error["message"]
    assert crew.call("get_ticket", ticket_id=ticket_id)["ticket"]["title"] != "broken"
