"""The tools as they are listed: who sees which, and what each tells of itself."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from app.errors import Conflict, DomainError, NotFound, RunNotCurrent
from app.mcp.calling import ADVICE, REPLACED
from app.mcp.methods import INSTRUCTIONS
from app.mcp.tools import tools
from app.models.api_token import IMPLIED_SCOPES, SCOPES
from app.operations.workers import NOTHING, STOP, TAKEN
from app.settings.board import ROOT
from tests.mcp.conftest import Agent, Agent_, answer_schema

READ = {
    "list_projects",
    "get_project",
    "list_worker_types",
    "get_worker_type",
    "list_tickets",
    "get_ticket",
    "list_events",
    "queue_status",
    "get_statistics",
}
OF_WORKERS = {"list_projects", "list_worker_types", "list_tickets", "get_ticket", "queue_status"}
"""What a worker reads; it may call the others that read, but isn't shown them."""
WORK = {
    "edit_comment",
    "withdraw_comment",
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
    "edit_comment",
    "withdraw_comment",
    "create_project",
    "update_project",
    "create_worker_type",
    "update_worker_type",
    "create_ticket",
    "create_tickets",
    "update_ticket",
    "add_ticket_comment",
    "hold_ticket",
    "move_ticket",
    "move_ticket_to_project",
    "resume_ticket",
    "close_ticket",
    "reopen_ticket",
    "amend_plan",
    "act_on_tickets",
    "add_dependency",
    "remove_dependency",
    "relate_tickets",
    "unrelate_tickets",
    "resolve_event",
}
OF_SCOPE = {"read": READ, "work": WORK, "plan": PLAN, "admin": set(), "metrics": set()}
DESTROYS = {
    "edit_comment",
    "withdraw_comment",
    "unrelate_tickets",
    "update_ticket",
    "update_project",
    "update_worker_type",
    "hold_ticket",
    "close_ticket",
    "act_on_tickets",
    "amend_plan",
    "remove_dependency",
}
NOT_REPEATABLE = {
    "withdraw_comment",
    "create_project",
    "create_worker_type",
    "create_ticket",
    "create_tickets",
    "add_ticket_comment",
    "hold_ticket",
    "move_ticket",
    "resume_ticket",
    "close_ticket",
    "act_on_tickets",
    "reopen_ticket",
}


WORKER_MAX, COORDINATOR_MAX = 25_000, 45_000
"""Bytes of the whole answer to tools/list: a model reads it before its first word."""

GONE = {
    "list_ready_tickets": ("list_tickets", '`state` "ready"'),
    "list_blocked_tickets": ("list_tickets", '`state` "blocked"'),
    "get_dependency_graph": ("get_ticket", "`blocked_by`"),
}

CONSTANTS = {"on_hold", "add_labels", "remove_labels", "move_to_top"}
"""Values that texts mention beside tools and fields."""


def allowed_for(*scopes: str) -> set[str]:
    implied = {each for scope in scopes for each in IMPLIED_SCOPES[scope]}
    return {name for scope in implied for name in OF_SCOPE[scope]}


def listed_for(*scopes: str) -> set[str]:
    return WORK | OF_WORKERS if scopes == ("work",) else allowed_for(*scopes)


@pytest.mark.parametrize("scopes", [*((scope,) for scope in SCOPES), ("work", "plan")])
def test_a_token_sees_the_tools_that_are_of_use_with_it(
    agent: Agent_, scopes: tuple[str, ...]
) -> None:
    assert agent(*scopes).tools().keys() == listed_for(*scopes)


@pytest.mark.parametrize("version", ["2025-03-26", "2025-11-25", "2026-07-28"])
@pytest.mark.parametrize(
    ("scopes", "most"),
    [
        (["work"], WORKER_MAX),
        (["plan"], COORDINATOR_MAX),
        (["work", "plan"], COORDINATOR_MAX),
        (["admin"], COORDINATOR_MAX),
    ],
)
def test_the_list_of_tools_is_short_enough_to_be_read_at_every_start(
    agent: Agent_, scopes: list[str], most: int, version: str
) -> None:
    answer = agent(*scopes, version=version).request("tools/list")
    assert "get_ticket" in answer.text
    assert len(answer.data) <= most


@pytest.mark.parametrize("scope", SCOPES)
def test_a_tool_beyond_the_tokens_scopes_cant_be_called(agent: Agent_, scope: str) -> None:
    caller = agent(scope)
    for name in tools().keys() - allowed_for(scope):
        assert "needs a token with the scope" in caller.refused(name)
    for name in allowed_for(scope):
        result = caller.ask("tools/call", {"name": name, "arguments": {"no": "such"}})
        assert "arguments aren't right" in result["content"][0]["text"]


def test_every_tool_is_in_the_table_and_only_those() -> None:
    assert tools().keys() == READ | WORK | PLAN


def test_the_docs_name_the_tools_of_each_scope() -> None:
    page = (ROOT / "docs" / "mcp.md").read_text("utf-8")
    rows = re.findall(r"^\| `(read|plan|work)`[^|]*\|[^|]+\| ([a-z_, ]+) \|$", page, re.MULTILINE)
    assert {scope: set(names.split(", ")) for scope, names in rows} == {
        "read": READ,
        "plan": READ | PLAN,
        "work": OF_WORKERS | WORK,
    }


def test_the_order_of_the_list_is_always_the_same(agent: Agent_) -> None:
    assert list(agent("admin").tools()) == list(tools())


def test_hints_say_what_a_tool_does_to_the_board(agent: Agent_) -> None:
    for name, tool in agent("admin").tools().items():
        hints = tool["annotations"]
        assert hints["readOnlyHint"] is (name in READ), name
        assert hints["openWorldHint"] is False
        if name in READ:  # The protocol gives the other hints no meaning there.
            assert hints.keys() == {"readOnlyHint", "openWorldHint"}, name
        else:
            assert hints["destructiveHint"] is (name in DESTROYS), name
            assert hints["idempotentHint"] is (name not in NOT_REPEATABLE), name


def test_tools_explain_themselves_to_a_model(agent: Agent_) -> None:
    for name, tool in agent("admin").tools().items():
        assert 60 < len(tool["description"]) < 700, name
        assert tool["inputSchema"]["type"] == "object"
        assert tool["inputSchema"]["additionalProperties"] is False
        for field, schema in tool["inputSchema"]["properties"].items():
            assert schema["description"], (name, field)
        Draft202012Validator.check_schema(tool["inputSchema"])
        assert "$ref" not in json.dumps(tool["inputSchema"])


@pytest.mark.parametrize(
    ("scopes", "prompts", "advice"),
    [
        (["work"], ["worker"], [RunNotCurrent, NotFound, Conflict]),
        (["plan"], ["coordinator"], [NotFound, Conflict]),
        (["work", "plan"], ["coordinator", "worker"], list(ADVICE)),
    ],
)
def test_texts_mention_only_tools_and_fields_that_there_are(
    agent: Agent_, scopes: list[str], prompts: list[str], advice: list[type[DomainError]]
) -> None:
    """A text that sends a model to a tool that it isn't shown would mislead it."""
    listed = agent(*scopes).tools()
    known = {*listed, *CONSTANTS}
    for name, tool in listed.items():
        for schema in (tool["inputSchema"], answer_schema(name)):
            known |= set(re.findall(r'"([a-z_]+)": [{]', json.dumps(schema)))
    texts = {}
    for name, tool in listed.items():
        fields = re.findall(r'"description": "([^"]+)"', json.dumps(tool["inputSchema"]))
        texts[name] = " ".join([tool["description"], *fields])
    texts |= {kind.__name__: ADVICE[kind] for kind in advice}
    if "work" in scopes:
        texts |= {"taken": TAKEN, "nothing": NOTHING, "stop": STOP}
    if {"work", "plan"} <= set(scopes):
        texts |= {"instructions": INSTRUCTIONS, **REPLACED}
    for name in prompts:
        texts[name] = files("app.mcp.prompts").joinpath(f"{name}.md").read_text("utf-8")
    for name, text in texts.items():
        mentioned = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text))
        assert mentioned <= known, (name, mentioned - known)


@pytest.mark.parametrize("name", GONE)
def test_a_tool_of_former_times_names_its_successor(planner: Agent, name: str) -> None:
    successor, how = GONE[name]
    text = planner.refused(name, project="acme/web")
    assert f"There is no tool {name} any more" in text
    assert successor in text
    assert how in text
    assert successor in planner.tools()
    assert name not in planner.tools()


def test_what_may_be_left_out_isnt_offered_as_null(planner: Agent) -> None:
    """Save where null takes a value away: there it is no default."""
    listed = planner.tools()
    fields = listed["list_tickets"]["inputSchema"]["properties"]
    assert fields["stage"]["type"] == "string"
    assert "default" not in fields["stage"]
    assert fields["limit"]["default"] == 50
    changed = listed["update_project"]["inputSchema"]["properties"]["short_description"]
    assert {"type": "null"} in changed["anyOf"]
    drafts = listed["create_tickets"]["inputSchema"]["properties"]["tickets"]["items"]
    assert drafts["required"] == ["key", "title"]
    assert drafts["properties"]["title"]["description"]


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
