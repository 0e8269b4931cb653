"""What connects agents to the board: configuration and commands, for the command line and the page.

Each agent program has a format of its own, and its own way to name an environment variable in it.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from app.values import immutable

DEFAULT_URL = "http://127.0.0.1:8000"
VARIABLE = "CALLBOARD_TOKEN"


@immutable
class Program:
    """An agent program. `command`: for the runner, one that may change files and commit. `file`:
    where its MCP configuration belongs. `configured` takes a name, the endpoint and a token (None:
    the program reads it from its own environment), and gives the text of that file."""

    label: str
    command: tuple[str, ...]
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
        "Claude Code",
        (
            "claude",
            "-p",
            "--permission-mode",
            "acceptEdits",
            "--allowedTools",
            "Bash(git *)",
        ),
        ".mcp.json at the top of the repository",
        "Claude Code asks once whether you trust it; `claude -p` takes it with "
        "`--mcp-config .mcp.json`. To see whether it connects: `claude mcp list`",
        _claude,
    ),
    "codex": Program(
        "Codex",
        (
            "codex",
            "exec",
            "--sandbox",
            "workspace-write",
            "-c",
            'sandbox_workspace_write.writable_roots=[".git"]',
            "-",
        ),
        "~/.codex/config.toml, below what is there",
        "To see it listed: `codex mcp list`",
        _codex,
    ),
    "gemini": Program(
        "Gemini CLI",
        (
            "gemini",
            "--skip-trust",
            "--approval-mode",
            "auto_edit",
            "--allowed-tools",
            "run_shell_command(git)",
        ),
        ".gemini/settings.json in the repository, or ~/.gemini/settings.json",
        "Gemini CLI uses it in folders that it was told to trust; `gemini -p` takes it with "
        "`--allowed-mcp-server-names`. To see whether it connects: `gemini mcp list`",
        _gemini,
    ),
    "opencode": Program(
        "OpenCode",
        ("opencode", "run"),
        "opencode.json at the top of the repository, or ~/.config/opencode/opencode.json",
        "To see whether it connects: `opencode mcp list`",
        _opencode,
    ),
}


def mcp_endpoint(url: str) -> str | None:
    """The address of /mcp below the board's own, which may lie below a proxy's path; None if that
    is no address."""
    parts = _split(url.strip())
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    path = parts.path.rstrip("/").removesuffix("/mcp")
    return f"{parts.scheme}://{parts.netloc}{path}/mcp"


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def token_command(secret: str | None = None) -> str:
    """Puts the token into the environment of a shell."""
    return f"export {VARIABLE}={secret or 'cb_…'}"


def runner_command(url: str, project: str, worker_type: str, program: Program) -> str:
    """Starts the runner in the repository."""
    options = ("--url", url, "--cwd", ".", "--project", project, "--type", worker_type)
    return shlex.join(("callboard", "work", *options, "--", *program.command))


def api_command(url: str, project: str) -> str:
    """Asks the API how deep the queues of a project are, or those of all."""
    query = f"?{urlencode({'project': project}, safe='/')}" if project else ""
    address = shlex.quote(f"{url}/api/v1/queues{query}")
    return f'curl -sS --fail-with-body {address} -H "Authorization: Bearer ${VARIABLE}"'
