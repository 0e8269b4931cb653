"""The interface itself: which requests come in at all, and how they are answered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.mcp.origin import is_own_origin
from tests.conftest import OpenSession
from tests.factories import make_project
from tests.mcp.conftest import Agent, Agent_

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD"])
def test_only_post_is_taken(client: FlaskClient, method: str) -> None:
    answer = client.open("/mcp", method=method)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert method == "HEAD" or answer.json["error"]["code"] == -32600


def test_a_slash_at_the_end_does_no_harm(worker: Agent) -> None:
    worker.client.post("/mcp/")
    answer = worker.client.post(
        "/mcp/", json=PING, headers={"Authorization": f"Bearer {worker.secret}"}
    )
    assert answer.json["result"] == {}


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic YTpi", "Bearer cb_wrong"])
def test_nobody_comes_in_without_a_token(worker: Agent, header: str | None) -> None:
    bodies: tuple[Any, ...] = (PING, {"jsonrpc": "2.0", "method": "notifications/initialized"}, [])
    for body in bodies:
        answer = worker.post(body, Authorization=header)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="callboard"')
        assert answer.json["id"] is None


ORIGINS = (
    (None, 200),
    ("http://localhost", 200),
    ("http://localhost:80", 200),
    ("http://LOCALHOST", 200),
    ("http://localhost:8080", 403),
    ("https://localhost", 200),
    ("http://evil.example", 403),
    ("http://localhost.evil.example", 403),
    ("null", 403),
    ("", 403),
    ("http://[", 403),
    ("file://localhost", 403),
)


def test_pages_of_other_sites_stay_outside(worker: Agent) -> None:
    for origin, status in ORIGINS:
        assert worker.post(PING, Origin=origin).status_code == status, origin


@pytest.mark.parametrize(
    ("origin", "host", "trusted", "is_own"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", [], True),
        ("http://[::1]:8000", "[::1]:8000", [], True),
        ("http://10.0.0.5:8000", "10.0.0.5:8000", [], True),
        ("http://127.0.0.1:9000", "127.0.0.1:8000", [], False),
        # A name that anybody may point at this machine: Host and Origin agree all the same.
        ("http://rebound.example:8000", "rebound.example:8000", [], False),
        ("https://board.example.org", "board.example.org", ["board.example.org"], True),
        ("https://board.example.org", "127.0.0.1:8000", ["board.example.org"], True),
        ("https://a.example.org", "board.example.org", [".example.org"], True),
        ("https://evil.example", "board.example.org", ["board.example.org"], False),
    ],
)
def test_a_name_counts_if_nobody_else_can_point_it_here(
    origin: str, host: str, trusted: list[str], is_own: bool
) -> None:
    assert is_own_origin(origin, host, trusted) is is_own


def test_only_json_is_taken_and_given(worker: Agent) -> None:
    assert worker.post(PING, Content_Type="text/plain").status_code == 415
    assert worker.post(PING, Accept="text/event-stream").status_code == 406
    for accept in ("application/json, text/event-stream", "*/*", None):
        assert worker.post(PING, Accept=accept).status_code == 200


NO_MESSAGES = (
    (b"", -32700),
    (b"{", -32700),
    (b'{"jsonrpc": "2.0", "id": 1, "id": 2, "method": "ping"}', -32700),
    (b'{"jsonrpc": "2.0", "id": NaN, "method": "ping"}', -32700),
    (b"\xff\xfe", -32700),
    (b"[" * 100_000, -32700),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"a": "\\ud800"}}', -32602),
    (b"1", -32600),
    (b"null", -32600),
    (b'"ping"', -32600),
    (b"{}", -32600),
    (b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}', -32600),
    (b'{"jsonrpc": "2.0", "id": 1}', -32600),
    (b'{"jsonrpc": "2.0", "id": 1, "method": 5}', -32600),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}', -32600),
    (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}', -32600),
    (b'{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}', -32600),
    (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}', -32600),
    (b'{"jsonrpc": "2.0", "id": {}, "method": "ping"}', -32600),
)


def test_what_is_no_message_is_refused(worker: Agent) -> None:
    for data, code in NO_MESSAGES:
        answer = worker.post(None, data=data)
        assert answer.status_code == 400, data
        assert answer.json["error"]["code"] == code, data
        assert answer.json["jsonrpc"] == "2.0"


def test_ids_come_back_as_they_were(worker: Agent) -> None:
    for request_id in (0, -1, 2**70, "", "a", "7"):
        answer = worker.post({**PING, "id": request_id})
        assert answer.json["id"] == request_id
        assert type(answer.json["id"]) is type(request_id)


OWED_NO_ANSWER = (
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}},
    {"jsonrpc": "2.0", "method": "notifications/no_such_thing"},
    {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "list_projects"}},
    {"jsonrpc": "2.0", "id": 1, "result": {}},
    {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "x"}},
)


def test_what_is_owed_no_answer_gets_none(worker: Agent) -> None:
    for message in OWED_NO_ANSWER:
        answer = worker.post(message)
        assert (answer.status_code, answer.data) == (202, b""), message


def test_a_notification_changes_nothing(agent: Agent_, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
    planner = agent("plan")
    arguments = {"project_id": "acme/web", "title": "x", "execution_plan": ["review"]}
    params = {"name": "create_ticket", "arguments": arguments}
    planner.post({"jsonrpc": "2.0", "method": "tools/call", "params": params})
    assert planner.call("list_tickets")["items"] == []


def test_batches_belong_to_the_oldest_revision(worker: Agent) -> None:
    batch = [PING, {"jsonrpc": "2.0", "method": "notifications/initialized"}, 5, {**PING, "id": 2}]
    for version in ("2025-03-26", None):
        answer = worker.post(batch, Mcp_Protocol_Version=version)
        assert answer.status_code == 200
        assert [(each["id"], "result" in each) for each in answer.json] == [
            (1, True),
            (None, False),
            (2, True),
        ]
    for version in ("2025-06-18", "2025-11-25", "2026-07-28"):
        answer = worker.post(batch, Mcp_Protocol_Version=version)
        assert (answer.status_code, answer.json["error"]["code"]) == (400, -32600)


def test_batches_have_their_limits(worker: Agent) -> None:
    initialize = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}
    for batch in ([], [PING] * 51, [PING, initialize]):
        answer = worker.post(batch, Mcp_Protocol_Version=None)
        assert (answer.status_code, answer.json["error"]["code"]) == (400, -32600)
    notes = [{"jsonrpc": "2.0", "method": "notifications/initialized"}] * 2
    assert worker.post(notes, Mcp_Protocol_Version=None).status_code == 202


def test_a_body_that_is_too_large_is_refused_with_the_limit(worker: Agent) -> None:
    answer = worker.post(None, data=json.dumps({**PING, "params": {"x": "y" * 2_000_000}}).encode())
    assert answer.status_code == 413
    assert "2,000,000 bytes" in answer.json["error"]["message"]


def test_a_crash_is_told_with_the_id_but_without_its_cause(
    worker: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.mcp import methods

    def crash(*args: Any) -> Any:
        raise ZeroDivisionError("a secret")

    monkeypatch.setitem(methods.HANDLERS, "ping", crash)
    answer = worker.post(PING)
    assert (answer.status_code, answer.json["id"]) == (500, 1)
    assert answer.json["error"]["code"] == -32603
    assert "secret" not in answer.text
