"""The revisions of the protocol: the handshake of the old ones, and the one without."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.conftest import OpenSession
from tests.factories import make_ticket
from tests.mcp.conftest import LEGACY, META, MODERN, Agent, Agent_

HANDSHAKEN = ("2025-03-26", "2025-06-18", "2025-11-25")
SPOKEN = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"]


def initialize(agent: Agent, version: str) -> dict[str, Any]:
    params = {
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    answer = agent.post(message, Mcp_Protocol_Version=None)
    assert answer.status_code == 200
    assert "Mcp-Session-Id" not in answer.headers
    return dict(answer.json["result"])


@pytest.mark.parametrize("version", HANDSHAKEN)
def test_a_handshake_agrees_on_the_revision_that_was_asked_for(worker: Agent, version: str) -> None:
    result = initialize(worker, version)
    assert result["protocolVersion"] == version
    assert result["serverInfo"]["name"] == "callboard"
    assert result["capabilities"].keys() == {"tools", "prompts", "resources"}
    assert "claim_stage" in result["instructions"]
    done = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert worker.post(done, Mcp_Protocol_Version=version).status_code == 202
    worker.version = version
    assert "claim_stage" in worker.tools()


@pytest.mark.parametrize("version", ["1900-01-01", "2024-11-05", "2026-07-28", "2027-01-01", ""])
def test_a_handshake_offers_the_newest_of_its_revisions_instead(
    worker: Agent, version: str
) -> None:
    assert initialize(worker, version)["protocolVersion"] == "2025-11-25"


def test_a_handshake_without_parameters_is_refused(worker: Agent) -> None:
    status, error = worker.fault("initialize", {})
    assert (status, error["code"]) == (200, -32602)
    assert "protocolVersion" in error["message"]


def test_no_handshake_is_remembered(agent: Agent_) -> None:
    assert "list_tickets" in agent("read", version="2025-06-18").tools()


@pytest.mark.parametrize("version", ["1900-01-01", "2024-11-05", "2027-01-01", "x" * 500])
def test_a_revision_that_nobody_speaks_is_refused_with_those_spoken(
    worker: Agent, version: str
) -> None:
    for message in (
        {"jsonrpc": "2.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
    ):
        answer = worker.post(message, Mcp_Protocol_Version=version)
        assert answer.status_code == 400
        error = answer.json["error"]
        assert error["code"] == -32022
        assert error["data"] == {"supported": SPOKEN, "requested": version[:100]}


def test_an_unknown_method_is_no_lost_session_to_older_clients(agent: Agent_) -> None:
    old, new = agent("read"), agent("read", version=MODERN)
    for method in ("no/such", "completion/complete", "logging/setLevel", "subscriptions/listen"):
        assert [old.fault(method)[0], old.fault(method)[1]["code"]] == [200, -32601]
        assert [new.fault(method)[0], new.fault(method)[1]["code"]] == [404, -32601]


def test_methods_belong_to_their_revisions(agent: Agent_) -> None:
    old, new = agent("read"), agent("read", version=MODERN)
    assert old.ask("ping") == {}
    assert old.fault("server/discover")[1]["code"] == -32601
    assert new.fault("ping")[1]["code"] == -32601
    assert new.fault("initialize")[1]["code"] == -32601


LISTS = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")


CURSORS = ("nonsense", "", "eyJvZmZzZXQiOjB9", "x" * 5000)


@pytest.mark.parametrize(("version", "status"), [("2025-03-26", 200), (LEGACY, 200), (MODERN, 400)])
def test_a_cursor_that_no_list_gave_is_refused(agent: Agent_, version: str, status: int) -> None:
    """Each list is whole: none ever gives one."""
    caller = agent("admin", version=version)
    for method in LISTS:
        assert "nextCursor" not in caller.ask(method)
        for cursor in CURSORS:
            told, error = caller.fault(method, {"cursor": cursor})
            assert (told, error["code"]) == (status, -32602), (method, cursor)
            assert "cursor" in error["message"]


def test_the_current_revision_is_discovered_in_one_request(agent: Agent_) -> None:
    result = agent("read", version=MODERN).ask("server/discover")
    assert result["supportedVersions"] == SPOKEN
    assert result["resultType"] == "complete"
    assert result["cacheScope"] == "private"
    assert result["_meta"][f"{META}serverInfo"]["name"] == "callboard"


def test_answers_are_shaped_as_their_revision_has_them(agent: Agent_) -> None:
    old, new = agent("read").ask("tools/list"), agent("read", version=MODERN).ask("tools/list")
    assert old.keys() == {"tools"}
    assert new.keys() == {"tools", "resultType", "ttlMs", "cacheScope", "_meta"}
    assert old["tools"] == new["tools"]


MESSAGE: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {
        "name": "list_projects",
        "_meta": {f"{META}protocolVersion": MODERN, f"{META}clientCapabilities": {}},
    },
}
HEADERS: dict[str, Any] = {
    "Mcp_Protocol_Version": MODERN,
    "Mcp_Method": "tools/call",
    "Mcp_Name": "list_projects",
}


def test_headers_repeat_what_the_body_says(worker: Agent) -> None:
    assert worker.post(MESSAGE, **HEADERS).status_code == 200
    for name, right in HEADERS.items():
        for wrong in (None, "x", "", LEGACY, f"{right}, {right}"):
            answer = worker.post(MESSAGE, **{**HEADERS, name: wrong})
            assert answer.status_code == 400, (name, wrong)
            assert answer.json["error"]["code"] == -32020
            assert answer.json["id"] == 1


def test_a_name_that_no_header_can_hold_is_encoded(agent: Agent_, board: OpenSession) -> None:
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    new = agent("read", version=MODERN)
    uri = f"callboard://tickets/{ticket_id}"
    message = {
        **MESSAGE,
        "method": "resources/read",
        "params": {**MESSAGE["params"], "uri": uri, "name": None},
    }
    del message["params"]["name"]
    encoded = base64.b64encode(uri.encode()).decode()
    for name, status in (
        (uri, 200),
        (f"=?base64?{encoded}?=", 200),
        (f"=?base64?{encoded}", 400),
        ("=?base64?%%%?=", 400),
        ("=?base64?/w==?=", 400),
    ):
        headers = {**HEADERS, "Mcp_Method": "resources/read", "Mcp_Name": name}
        assert new.post(message, **headers).status_code == status, name


@pytest.mark.parametrize("missing", ["protocolVersion", "clientCapabilities", None])
def test_a_request_says_who_asks(worker: Agent, missing: str | None) -> None:
    meta = {k: v for k, v in MESSAGE["params"]["_meta"].items() if k != f"{META}{missing}"}
    params = {"name": "list_projects", "_meta": meta if missing else "x"}
    answer = worker.post({**MESSAGE, "params": params}, **HEADERS)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, -32602)
    assert answer.json["id"] == 1


def test_a_request_of_a_later_revision_is_told_which_are_spoken(worker: Agent) -> None:
    meta = {f"{META}protocolVersion": "2027-01-01", f"{META}clientCapabilities": {}}
    message = {**MESSAGE, "params": {"name": "list_projects", "_meta": meta}}
    answer = worker.post(message, **{**HEADERS, "Mcp_Protocol_Version": "2027-01-01"})
    assert (answer.status_code, answer.json["error"]["code"]) == (400, -32022)
    assert answer.json["error"]["data"]["supported"] == SPOKEN
