"""`callboard mcp-config`: what an MCP client must be told."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli.mcp_config import mcp_config
from app.connecting import PROGRAMS


def run(*arguments: str, **environment: str | None) -> Result:
    env = {"CALLBOARD_URL": None, "CALLBOARD_TOKEN": None, **environment}
    return CliRunner().invoke(mcp_config, list(arguments), env=env)


def server(result: Result, name: str = "callboard") -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)["mcpServers"][name]
    return found


def test_the_file_names_the_board_and_leaves_the_token_to_the_environment() -> None:
    assert server(run()) == {
        "type": "http",
        "url": "http://127.0.0.1:8000/mcp",
        "headers": {"Authorization": "Bearer ${CALLBOARD_TOKEN}"},
    }


ENDPOINT = "http://127.0.0.1:8000/mcp"
WRITTEN = {
    "claude": {
        "mcpServers": {
            "callboard": {
                "type": "http",
                "url": ENDPOINT,
                "headers": {"Authorization": "Bearer ${CALLBOARD_TOKEN}"},
            }
        }
    },
    "codex": {
        "mcp_servers": {
            "callboard": {"url": ENDPOINT, "bearer_token_env_var": "CALLBOARD_TOKEN"},
        }
    },
    "gemini": {
        "mcpServers": {
            "callboard": {
                "httpUrl": ENDPOINT,
                "headers": {"Authorization": "Bearer ${CALLBOARD_TOKEN}"},
            }
        }
    },
    "opencode": {
        "$schema": "https://opencode.ai/config.json",
        "mcp": {
            "callboard": {
                "type": "remote",
                "url": ENDPOINT,
                "headers": {"Authorization": "Bearer {env:CALLBOARD_TOKEN}"},
                "oauth": False,
            }
        },
    },
}
"""What each program reads. Its current release was seen to connect with this."""


def parsed(program: str, text: str) -> dict[str, Any]:
    return tomllib.loads(text) if program == "codex" else dict(json.loads(text))


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_gets_the_file_that_it_reads(program: str) -> None:
    result = run("--for", program)
    assert result.exit_code == 0, result.output
    assert parsed(program, result.stdout) == WRITTEN[program]
    assert PROGRAMS[program].file in result.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_gets_a_token_on_request(program: str) -> None:
    result = run("--for", program, "--with-token", "--name", "crew", CALLBOARD_TOKEN="cb_x")
    whole = parsed(program, result.stdout)
    (servers,) = (value for value in whole.values() if isinstance(value, dict))
    headers = servers["crew"].get("headers") or servers["crew"]["http_headers"]
    assert headers == {"Authorization": "Bearer cb_x"}
    assert "CALLBOARD_TOKEN" not in result.stdout


def test_a_program_that_nobody_knows_is_refused_with_those_known() -> None:
    result = run("--for", "emacs")
    assert result.exit_code == 2
    assert all(name in result.output for name in PROGRAMS)


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
