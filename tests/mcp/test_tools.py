"""The tools as they are listed: who sees which, and what each tells of itself."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from app.config import ROOT
from app.mcp.calling import ADVICE
from app.mcp.instructions import INSTRUCTIONS
from app.mcp.tools import tools
from app.mcp.tools.workers import NOTHING, STOP, TAKEN
from app.models.api_token import IMPLIED_SCOPES, SCOPES
from tests.mcp.conftest import Agent, Agent_

READ = {
    "list_projects",
    "get_project",
    "list_worker_types",
    "get_worker_type",
    "list_tickets",
    "get_ticket",
    "get_dependency_graph",
    "list_ready_tickets",
    "list_blocked_tickets",
    "list_events",
    "queue_status",
}
WORK = {
    "add_ticket_comment",
    "register_worker",
    "claim_stage",
    "heartbeat",
    "complete_stage",
    "return_stage",
    "request_attention",
    "fail_stage",
    "release_stage",
    "finish_worker",
}
PLAN = {
    "create_project",
    "update_project",
    "create_worker_type",
    "update_worker_type",
    "create_ticket",
    "create_tickets",
    "add_ticket_comment",
    "hold_ticket",
    "resume_ticket",
    "close_ticket",
    "reopen_ticket",
    "amend_plan",
    "add_dependency",
    "remove_dependency",
    "resolve_event",
}
OF_SCOPE = {"read": READ, "work": WORK, "plan": PLAN, "admin": set(), "metrics": set()}
DESTROYS = {
    "update_project",
    "update_worker_type",
    "hold_ticket",
    "close_ticket",
    "amend_plan",
    "remove_dependency",
}
NOT_REPEATABLE = {
    "create_project",
    "create_worker_type",
    "create_ticket",
    "create_tickets",
    "add_ticket_comment",
    "hold_ticket",
    "resume_ticket",
    "close_ticket",
    "reopen_ticket",
}


CONSTANTS = {"on_hold"}
"""Values that texts mention beside tools and fields."""


def listed_for(*scopes: str) -> set[str]:
    implied = {each for scope in scopes for each in IMPLIED_SCOPES[scope]}
    return {name for scope in implied for name in OF_SCOPE[scope]}


@pytest.mark.parametrize("scopes", [*((scope,) for scope in SCOPES), ("work", "plan")])
def test_a_token_sees_the_tools_that_its_scopes_allow(
    agent: Agent_, scopes: tuple[str, ...]
) -> None:
    assert agent(*scopes).tools().keys() == listed_for(*scopes)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_tool_that_isnt_listed_cant_be_called(agent: Agent_, scope: str) -> None:
    caller = agent(scope)
    for name in tools.keys() - listed_for(scope):
        assert "needs a token with the scope" in caller.refused(name)
    for name in listed_for(scope):
        result = caller.ask("tools/call", {"name": name, "arguments": {"no": "such"}})
        assert "arguments aren't right" in result["content"][0]["text"]


def test_every_tool_is_in_the_table_and_only_those() -> None:
    assert tools.keys() == READ | WORK | PLAN


def test_the_docs_name_the_tools_of_each_scope() -> None:
    page = (ROOT / "docs" / "mcp.md").read_text("utf-8")
    rows = re.findall(r"^\| `(read|plan|work)`[^|]*\|[^|]+\| ([a-z_, ]+) \|$", page, re.MULTILINE)
    assert {scope: set(names.split(", ")) for scope, names in rows} == {
        "read": READ,
        "plan": PLAN,
        "work": WORK,
    }


def test_the_order_of_the_list_is_always_the_same(agent: Agent_) -> None:
    assert list(agent("admin").tools()) == list(tools)


def test_hints_say_what_a_tool_does_to_the_board(agent: Agent_) -> None:
    for name, tool in agent("admin").tools().items():
        hints = tool["annotations"]
        assert hints["readOnlyHint"] is (name in READ), name
        assert hints["destructiveHint"] is (name in DESTROYS), name
        assert hints["idempotentHint"] is (name not in NOT_REPEATABLE), name
        assert hints["openWorldHint"] is False
        assert hints["title"]


def test_tools_explain_themselves_to_a_model(agent: Agent_) -> None:
    for name, tool in agent("admin").tools().items():
        assert 60 < len(tool["description"]) < 700, name
        assert tool["inputSchema"]["type"] == "object"
        assert tool["inputSchema"]["additionalProperties"] is False
        for field, schema in tool["inputSchema"]["properties"].items():
            assert schema["description"], (name, field)
        for schema in (tool["inputSchema"], tool["outputSchema"]):
            Draft202012Validator.check_schema(schema)
            assert '"$ref": "http' not in json.dumps(schema)


def test_texts_mention_only_tools_and_fields_that_there_are(agent: Agent_) -> None:
    """A text that sends a model to a tool that isn't there would mislead it."""
    listed = agent("admin").tools()
    known = {*listed, *CONSTANTS}
    for tool in listed.values():
        for schema in (tool["inputSchema"], tool["outputSchema"]):
            known |= set(re.findall(r'"([a-z_]+)": [{]', json.dumps(schema)))
    texts = {name: tool["description"] for name, tool in listed.items()}
    texts |= {"instructions": INSTRUCTIONS, "taken": TAKEN, "nothing": NOTHING, "stop": STOP}
    texts |= {kind.__name__: advice for kind, advice in ADVICE.items()}
    for name in ("coordinator", "worker"):
        texts[name] = files("app.mcp.prompts").joinpath(f"{name}.md").read_text("utf-8")
    for name, text in texts.items():
        mentioned = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text))
        assert mentioned <= known, (name, mentioned - known)


def test_an_unknown_tool_is_an_error_of_the_protocol(agent: Agent_) -> None:
    status, error = agent("read").fault("tools/call", {"name": "no_such_tool"})
    assert (status, error["code"]) == (200, -32602)
    assert "Unknown tool: no_such_tool" in error["message"]
    new = agent("read", version="2026-07-28")
    assert new.fault("tools/call", {"name": "x" * 5000})[0] == 400


@pytest.mark.parametrize(
    "params", [None, {}, {"name": 5}, {"name": "list_projects", "arguments": []}]
)
def test_a_call_that_is_no_call_is_an_error_of_the_protocol(
    worker: Agent, params: dict | None
) -> None:
    _, error = worker.fault("tools/call", params)
    assert error["code"] == -32602
