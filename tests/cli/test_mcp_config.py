"""`callboard mcp-config`: what an MCP client must be told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli.mcp_config import mcp_config


def run(*arguments: str, **environment: str | None) -> Result:
    env = {"CALLBOARD_URL": None, "CALLBOARD_TOKEN": None, **environment}
    return CliRunner().invoke(mcp_config, list(arguments), env=env)


def server(result: Result, name: str = "callboard") -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.output)["mcpServers"][name]
    return found


def test_the_file_names_the_board_and_leaves_the_token_to_the_environment() -> None:
    assert server(run()) == {
        "type": "http",
        "url": "http://127.0.0.1:8000/mcp",
        "headers": {"Authorization": "Bearer ${CALLBOARD_TOKEN}"},
    }


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://board.example.org", "https://board.example.org/mcp"),
        ("https://board.example.org/", "https://board.example.org/mcp"),
        ("https://board.example.org/mcp/", "https://board.example.org/mcp"),
        ("http://[::1]:9000/crew", "http://[::1]:9000/crew/mcp"),
    ],
)
def test_the_address_may_be_given_in_several_ways(url: str, endpoint: str) -> None:
    assert server(run("--url", url))["url"] == endpoint
    assert server(run(CALLBOARD_URL=url))["url"] == endpoint


@pytest.mark.parametrize("url", ["board", "ftp://x", "http://", "http://[", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    result = run("--url", url)
    assert (result.exit_code, "is no address" in result.output) == (2, True)


def test_the_token_is_written_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    told = server(run("--with-token", "--name", "crew", CALLBOARD_TOKEN="cb_x"), "crew")
    assert told["headers"]["Authorization"] == "Bearer cb_x"
    assert "token create" in run("--with-token").output


def test_a_name_that_clients_refuse_is_refused() -> None:
    assert run("--name", "a b").exit_code == 2
