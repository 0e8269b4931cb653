"""An agent that uses MCP, speaking JSON-RPC by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from app.actor import Actor
from app.db.base import db
from app.mcp.tools import tools
from app.models import ApiToken
from tests.conftest import OpenSession
from tests.serving import BoardServer

LEGACY, MODERN = "2025-11-25", "2026-07-28"
META = "io.modelcontextprotocol/"
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


class Agent:
    """Sends messages, with a token, in one revision of the protocol."""

    def __init__(self, client: FlaskClient, secret: str, version: str = LEGACY) -> None:
        self.client, self.secret, self.version = client, secret, version

    def post(self, body: Any, *, data: bytes | None = None, **headers: Any) -> TestResponse:
        """Send a body; header names are written with underscores, and None leaves one out."""
        given: dict[str, str | None] = {
            "Authorization": f"Bearer {self.secret}",
            "Mcp-Protocol-Version": self.version,
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        sent = {name: value for name, value in given.items() if value is not None}
        content = {"json": body} if data is None else {"data": data}
        return self.client.post("/mcp", headers=sent, **content)

    def request(self, method: str, params: dict[str, Any] | None = None) -> TestResponse:
        """Send a request as the revision has it."""
        message: dict[str, Any] = {"jsonrpc": "2.0", "id": 7, "method": method}
        if self.version != MODERN:
            return self.post(message if params is None else {**message, "params": params})
        meta = {f"{META}protocolVersion": MODERN, f"{META}clientCapabilities": {}}
        whole = {**(params or {}), "_meta": meta}
        name = whole.get(NAMED_BY.get(method, ""))
        return self.post({**message, "params": whole}, Mcp_Method=method, Mcp_Name=name)

    def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """The result of a request; the test fails if there is none."""
        answer = self.request(method, params)
        assert answer.status_code == 200, answer.text
        assert answer.content_type == "application/json"
        assert answer.json["id"] == 7
        return dict(answer.json["result"])

    def fault(
        self, method: str, params: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """The status and the JSON-RPC error of a request."""
        answer = self.request(method, params)
        assert answer.json["id"] == 7
        return answer.status_code, answer.json["error"]

    def tools(self) -> dict[str, dict[str, Any]]:
        """The tools that are listed, by name."""
        return {tool["name"]: tool for tool in self.ask("tools/list")["tools"]}

    def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """What a tool answers; the test fails if it refuses, or says something else than its
        signature promises."""
        result = self.ask("tools/call", {"name": name, "arguments": arguments})
        assert not result.get("isError"), result["content"]
        Draft202012Validator(answer_schema(name)).validate(result["structuredContent"])
        return dict(result["structuredContent"])

    def refused(self, name: str, **arguments: Any) -> str:
        """Why a tool refuses, and what it says to do."""
        result = self.ask("tools/call", {"name": name, "arguments": arguments})
        assert result["isError"] is True, result
        assert "structuredContent" not in result
        text: str = result["content"][0]["text"]
        assert "\n\nWhat to do: " in text
        return text


@cache
def answer_schema(name: str) -> dict[str, Any]:
    """What a tool's signature says that it answers."""
    answer = tools()[name].response
    assert answer is not None
    return dict(answer.model_json_schema(mode="serialization"))


Agent_ = Callable[..., Agent]


@pytest.fixture
def agent(stranger: FlaskClient, board: OpenSession) -> Agent_:
    """`agent("work", project="acme/web")`: one with a token of these scopes."""
    made = 0

    def make(*scopes: str, version: str = LEGACY, project: str | None = None) -> Agent:
        nonlocal made
        made += 1
        with board() as session:
            _, secret = ApiToken.issue(
                session,
                name=f"{scopes[0]}-{made}",
                scopes=scopes,
                project_id=project,
                actor=Actor.person("ann"),
            )
        return Agent(stranger, secret, version)

    return make


@pytest.fixture
def worker(agent: Agent_) -> Agent:
    """An agent that works."""
    return agent("work")


@pytest.fixture
def planner(agent: Agent_) -> Agent:
    """An agent that plans."""
    return agent("plan")


@pytest.fixture
def crew(agent: Agent_) -> Agent:
    """An agent that plans and works."""
    return agent("plan", "work")


@pytest.fixture(scope="session")
def address(
    new_database: Callable[[str], str],
    make_app: Callable[..., Flask],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, str]]:
    """The endpoint of a running server that official clients use, and a token for it."""
    app = make_app(new_database("sqlite"))
    with app.app_context():
        _, secret = ApiToken.issue(
            db.session(), name="crew", scopes=["plan", "work"], actor=Actor.person("ann")
        )
        db.session.commit()
    with BoardServer(app, tmp_path_factory.mktemp("server")) as server:
        yield f"{server.url}/mcp", secret


def hold_a_stage(agent: Agent, worker_id: str = "w-1", role: str = "implementation") -> int:
    """Register a worker and claim; gives the run."""
    agent.call("register_worker", worker_id=worker_id, project_id="acme/web", worker_type=role)
    return int(agent.call("claim_stage", worker_id=worker_id)["assignment"]["run"]["run_id"])
