"""The prompts: what an agent is told that coordinates, or works."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mcp.conftest import Agent, Agent_


@pytest.mark.parametrize(
    ("scopes", "names"),
    [
        (["read"], []),
        (["work"], ["worker"]),
        (["plan"], ["coordinator"]),
        (["admin"], ["coordinator", "worker"]),
    ],
)
def test_a_token_sees_the_prompts_that_are_of_use_with_it(
    agent: Agent_, scopes: list[str], names: list[str]
) -> None:
    reader = agent(*scopes)
    assert [each["name"] for each in reader.ask("prompts/list")["prompts"]] == names
    for name in {"coordinator", "worker"} - set(names):
        arguments = {"project": "acme/web", "worker_type": "review"}
        _, error = reader.fault("prompts/get", {"name": name, "arguments": arguments})
        assert error["code"] == -32602


def test_a_prompt_is_filled_in(worker: Agent) -> None:
    arguments = {"project": "acme/web", "worker_type": "review", "worker_id": "rev-7"}
    result = worker.ask("prompts/get", {"name": "worker", "arguments": arguments})
    (message,) = result["messages"]
    text = message["content"]["text"]
    assert message["role"] == "user"
    assert 'worker_type "review"' in text
    assert "rev-7" in text
    assert "$" not in text


def test_what_may_be_left_out_has_a_text_of_its_own(planner: Agent) -> None:
    params: dict[str, Any] = {"name": "coordinator", "arguments": {"project": "acme/web"}}
    text = planner.ask("prompts/get", params)["messages"][0]["content"]["text"]
    assert "The goal: Find out" in text
    params["arguments"]["goal"] = "Sell $project things: ${worker_type} $$ \\1"
    text = planner.ask("prompts/get", params)["messages"][0]["content"]["text"]
    assert "The goal: Sell $project things: ${worker_type} $$ \\1\n" in text


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("no_such", {}, "Unknown prompt"),
        ("worker", {"project": "acme/web"}, "worker_type is missing"),
        ("worker", {"project": "a b", "worker_type": "review"}, "project isn't right"),
        ("worker", {"project": "a", "worker_type": "x\ny"}, "worker_type isn't right"),
        ("worker", {"project": "a", "worker_type": "b", "colour": "red"}, "no argument colour"),
        ("worker", {"project": 5, "worker_type": "b"}, "parameters aren't right"),
    ],
)
def test_a_prompt_that_cant_be_filled_says_why(
    worker: Agent, name: str, arguments: dict, told: str
) -> None:
    _, error = worker.fault("prompts/get", {"name": name, "arguments": arguments})
    assert error["code"] == -32602
    assert told in error["message"]
