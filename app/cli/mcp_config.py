"""`callboard mcp-config`: what an MCP client must be told to find the board."""

from __future__ import annotations

import json
import os
import re
from urllib.parse import SplitResult, urlsplit

import click

DEFAULT_URL = "http://127.0.0.1:8000"
PLACEHOLDER = "${CALLBOARD_TOKEN}"
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@click.command("mcp-config", short_help="Print the .mcp.json that an MCP client needs.")
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
def mcp_config(url: str, name: str, with_token: bool) -> None:
    """Print the .mcp.json that an MCP client needs.

    The token isn't in it: clients such as Claude Code fill in CALLBOARD_TOKEN from their own
    environment. Put the file at the top of the repository in which agents work:

    callboard mcp-config --url https://board.example.org > .mcp.json
    """
    if not NAME.fullmatch(name):
        raise click.BadParameter("letters, digits, _ and - only", param_hint="--name")
    server = {
        "type": "http",
        "url": _endpoint(url),
        "headers": {"Authorization": f"Bearer {_token() if with_token else PLACEHOLDER}"},
    }
    click.echo(json.dumps({"mcpServers": {name: server}}, indent=2))


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
    token = os.environ.get("CALLBOARD_TOKEN", "").strip()
    if not token:
        raise click.UsageError(
            "There is no token: set CALLBOARD_TOKEN. "
            "The board's operator makes one: callboard token create NAME --scope plan"
        )
    return token
