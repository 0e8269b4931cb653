"""An operation is written once, and is then in the JSON API, in its document, and in MCP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from pydantic import Field
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import create_app
from app.actor import Actor
from app.api.openapi import document
from app.callers import Caller
from app.db.transactions import current
from app.mcp import methods
from app.mcp.tools import tools
from app.models import ApiToken
from app.operations import Operation, Tool, operation, operations, routes
from app.schemas.base import RequestBody, ResponseBody, TicketParam
from tests.api.conftest import Program, problem
from tests.conftest import OpenSession
from tests.mcp.conftest import Agent

OFFERED = [each for each in operations if each.tool]


class SampleNew(RequestBody):
    word: str = Field(min_length=2, description="A word.")


class SampleResponse(ResponseBody):
    said: str = Field(description="What was said.")
    is_locked: bool = Field(description="Whether the write lock was held as this was read.")


class SampleLine(ResponseBody):
    said: str = Field(description="What was said.")


@pytest.fixture(scope="module")
def migrated_app(new_database: Any, make_app: Any) -> Flask:
    """One database is enough: both interfaces find the same operations on any."""
    app: Flask = make_app(new_database("sqlite"), sweep_seconds=3600)
    return app


@pytest.fixture
def sample() -> Iterator[Operation]:
    """An operation that is defined here and nowhere else."""

    def sample_shown(_session: Session, said: str) -> SampleResponse:
        return SampleResponse(said=said, is_locked=not current().is_reading)

    def sample_line(_session: Session, said: str) -> SampleLine:
        return SampleLine(said=said)

    @operation(
        "POST",
        "/samples/<ticket:ticket_id>",
        tag="Samples",
        scope="plan",
        status=201,
        once=True,
        tool=Tool(
            "say_sample", hint="Then rest.", names={"ticket_id": "ticket"}, answer=sample_line
        ),
        answer=sample_shown,
    )
    def make_sample(
        session: Session, caller: Caller, ticket_id: TicketParam, body: SampleNew
    ) -> str:
        """Say a word about a ticket."""
        assert session.scalar(text("SELECT 1")) == 1
        assert not current().is_reading
        return f"{caller.name}: {body.word} of {ticket_id}"

    forget()
    yield operations[-1]
    operations.pop()
    forget()


def forget() -> None:
    """Let what is made from the operations be made anew."""
    document.cache_clear()
    tools.cache_clear()
    methods._tools_for.cache_clear()


@pytest.fixture
def sampled(app: Flask, sample: Operation) -> Flask:
    """The application, with the sample among its operations."""
    return create_app(app.extensions["callboard.settings"])


@pytest.fixture
def secret(board: OpenSession) -> Callable[..., str]:
    """`secret("plan")`: that of a new token with these scopes."""

    def make(*scopes: str) -> str:
        with board() as session:
            _, secret = ApiToken.issue(
                session, name=scopes[0], scopes=scopes, actor=Actor.person("ann")
            )
        return secret

    return make


@pytest.mark.parametrize("each", routes(), ids=lambda each: each.name)
def test_every_operation_with_a_route_is_in_the_document(each: Operation) -> None:
    found = [
        (path, method, described)
        for path, methods_ in document()["paths"].items()
        for method, described in methods_.items()
        if described["operationId"] == each.name
    ]
    ((path, method, described),) = found
    assert (path.count("{"), method.upper()) == (each.rule.count("<"), each.method)
    assert described["x-scopes"] == list(each.scopes)
    places: dict[str, list[str]] = {}
    for parameter in described["parameters"]:
        places.setdefault(parameter["in"], []).append(parameter["name"])
    assert places.get("path", []) == list(each.arguments)
    assert places.get("query", []) == (list(each.query.model_fields) if each.query else [])
    assert ("Idempotency-Key" in places.get("header", [])) is each.is_once
    assert ("If-Match" in places.get("header", [])) is each.takes_version
    assert ("requestBody" in described) is (each.body is not None)
    assert ("204" in described["responses"]) is each.is_optional


@pytest.mark.parametrize("each", OFFERED, ids=lambda each: each.name)
def test_every_operation_with_a_tool_is_listed_with_the_same_checks(each: Operation) -> None:
    assert each.tool is not None
    tool = tools()[each.tool.name]
    described = tool.described()
    sent = each.body or each.query
    fields = dict(sent.model_fields) if sent else {}
    assert set(described.input_schema["properties"]) == {*tool.ids, *fields}
    required = {name for name, field in fields.items() if field.is_required()}
    assert set(described.input_schema.get("required", [])) == {*tool.ids, *required}
    assert sent is None or issubclass(tool.arguments, sent)
    assert list(tool.ids.values()) == list(each.arguments)
    assert (described.description or "").startswith(each.about)
    allowed = frozenset(each.scopes)
    assert tool.is_listed(allowed | {"plan"})


def test_names_are_unique() -> None:
    assert len({each.name for each in operations}) == len(operations)
    assert len(tools()) == len(OFFERED)


def test_what_is_written_once_is_a_route_and_a_tool(
    sampled: Flask, secret: Callable[..., str]
) -> None:
    program = Program(sampled.test_client(), secret("plan"))
    path = "/samples/WEB-1"
    said = program.post(path, {"word": "hello"}, Idempotency_Key="k")
    assert (said.status_code, said.get_json()["said"]) == (201, "plan: hello of WEB-1")
    again = program.post(path, {"word": "hello"}, Idempotency_Key="k")
    assert (again.json, again.headers["Idempotency-Replayed"]) == (said.json, "true")
    problem(program.post(path, {"word": "x"}), 422, "invalid")
    described = sampled.test_client().get("/api/v1/openapi.json").get_json()
    assert described["paths"]["/samples/{ticket_id}"]["post"]["operationId"] == "make_sample"
    assert "SampleNew" in described["components"]["schemas"]

    agent = Agent(sampled.test_client(), program.secret)
    tool = agent.tools()["say_sample"]
    assert tool["description"] == "Say a word about a ticket. Then rest."
    assert set(tool["inputSchema"]["required"]) == {"ticket", "word"}
    told = agent.call("say_sample", ticket="WEB-1", word="hello")
    assert told == {"said": "plan: hello of WEB-1"}
    assert "word" in agent.refused("say_sample", ticket="WEB-1", word="x")


def test_both_interfaces_ask_for_the_same_scope(sampled: Flask, secret: Callable[..., str]) -> None:
    worker = secret("work")
    program, agent = Program(sampled.test_client(), worker), Agent(sampled.test_client(), worker)
    problem(program.post("/samples/WEB-1", {"word": "hello"}), 403, "forbidden")
    assert "say_sample" not in agent.tools()
    refused = agent.refused("say_sample", ticket="WEB-1", word="hello")
    assert "needs a token with the scope plan" in refused


def test_an_answer_is_read_when_the_lock_is_free_again(
    sampled: Flask, secret: Callable[..., str]
) -> None:
    """Save when it is kept together with the change."""
    program = Program(sampled.test_client(), secret("plan"))
    path = "/samples/WEB-1"
    assert program.post(path, {"word": "hello"}).get_json()["is_locked"] is False
    kept = program.post(path, {"word": "hello"}, Idempotency_Key="k")
    assert kept.get_json()["is_locked"] is True
