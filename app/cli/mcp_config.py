"""`callboard mcp-config`: the configuration that lets an MCP client find the board.

Each agent program has a format of its own, and its own way to name an environment variable in it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import click

DEFAULT_URL = "http://127.0.0.1:8000"
VARIABLE = "CALLBOARD_TOKEN"
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Program:
    """An agent program. `configured` takes a name, the endpoint and a token (None: the program
    reads it from its own environment), and gives the text of the file."""

    file: str
    hint: str
    configured: Callable[[str, str, str | None], str]


def _claude(name: str, endpoint: str, token: str | None) -> str:
    server = {
        "type": "http",
        "url": endpoint,
        "headers": _headers(token, f"${{{VARIABLE}}}"),
    }
    return _json({"mcpServers": {name: server}})


def _codex(name: str, endpoint: str, token: str | None) -> str:
    if token is None:
        secret = f"bearer_token_env_var = {_toml(VARIABLE)}"
    else:
        secret = f"http_headers = {{ Authorization = {_toml(f'Bearer {token}')} }}"
    return f"[mcp_servers.{name}]\nurl = {_toml(endpoint)}\n{secret}"


def _gemini(name: str, endpoint: str, token: str | None) -> str:
    server = {"httpUrl": endpoint, "headers": _headers(token, f"${{{VARIABLE}}}")}
    return _json({"mcpServers": {name: server}})


def _opencode(name: str, endpoint: str, token: str | None) -> str:
    server = {
        "type": "remote",
        "url": endpoint,
        "headers": _headers(token, f"{{env:{VARIABLE}}}"),
        # A refused token would else send it looking for an authorization server: there is none.
        "oauth": False,
    }
    return _json({"$schema": "https://opencode.ai/config.json", "mcp": {name: server}})


def _headers(token: str | None, placeholder: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {placeholder if token is None else token}"}


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2)


def _toml(text: str) -> str:
    # A TOML string is written as a JSON string is, but knows no surrogate pairs.
    return json.dumps(text, ensure_ascii=False)


PROGRAMS: Mapping[str, Program] = {
    "claude": Program(
        ".mcp.json at the top of the repository",
        "Claude Code asks once whether you trust it; `claude -p` takes it with "
        "--mcp-config .mcp.json. To see whether it connects: claude mcp list",
        _claude,
    ),
    "codex": Program(
        "~/.codex/config.toml, below what is there",
        "To see it listed: codex mcp list",
        _codex,
    ),
    "gemini": Program(
        ".gemini/settings.json in the repository, or ~/.gemini/settings.json",
        "Gemini CLI uses it in folders that it was told to trust; `gemini -p` takes it with "
        "--allowed-mcp-server-names. To see whether it connects: gemini mcp list",
        _gemini,
    ),
    "opencode": Program(
        "opencode.json at the top of the repository, or ~/.config/opencode/opencode.json",
        "To see whether it connects: opencode mcp list",
        _opencode,
    ),
}


@click.command("mcp-config")
@click.option(
    "--for",
    "program",
    type=click.Choice(tuple(PROGRAMS)),
    default="claude",
    show_default=True,
    help="The agent program. Others mostly read the format of claude.",
)
@click.option(
    "--url",
    envvar="CALLBOARD_URL",
    default=DEFAULT_URL,
    show_default=True,
    help="The board's address. [env: CALLBOARD_URL]",
)
@click.option("--name", default="callboard", show_default=True, help="What the client calls it.")
@click.option(
    "--with-token",
    is_flag=True,
    help="Write the token from the environment (CALLBOARD_TOKEN) into it, for clients that don't "
    "fill in variables. Keep such a file out of the repository.",
)
def mcp_config(program: str, url: str, name: str, with_token: bool) -> None:
    """Print the configuration that an MCP client needs to find the board.

    The token isn't in it: the program reads CALLBOARD_TOKEN from its own environment. Where the
    text belongs is printed on standard error, so that it can be sent into a file:

    callboard mcp-config --for claude --url https://board.example.org > .mcp.json
    """
    if not NAME.fullmatch(name):
        raise click.BadParameter("letters, digits, _ and - only", param_hint="--name")
    client = PROGRAMS[program]
    click.echo(client.configured(name, _endpoint(url), _token() if with_token else None))
    click.echo(f"This belongs into {client.file}. {client.hint}", err=True)


def _endpoint(url: str) -> str:
    """The address of /mcp below the board's own, which may lie below a proxy's path."""
    parts = _split(url.strip())
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.BadParameter(f"{url!r} is no address such as {DEFAULT_URL}", param_hint="--url")
    path = parts.path.rstrip("/").removesuffix("/mcp")
    return f"{parts.scheme}://{parts.netloc}{path}/mcp"


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _token() -> str:
    # Not an option: ps shows options to everyone.
    token = os.environ.get(VARIABLE, "").strip()
    if not token:
        raise click.UsageError(
            f"There is no token: set {VARIABLE}. "
            "The board's operator makes one: callboard token create NAME --scope plan"
        )
    return token
