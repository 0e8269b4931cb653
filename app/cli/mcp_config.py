"""`callboard mcp-config`: the configuration that lets an MCP client find the board."""

from __future__ import annotations

import os
import re

import click

from app.connecting import DEFAULT_URL, PROGRAMS, VARIABLE, mcp_endpoint

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


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
    endpoint = mcp_endpoint(url)
    if endpoint is None:
        raise click.BadParameter(f"{url!r} is no address such as {DEFAULT_URL}", param_hint="--url")
    return endpoint


def _token() -> str:
    # Not an option: ps shows options to everyone.
    token = os.environ.get(VARIABLE, "").strip()
    if not token:
        raise click.UsageError(
            f"There is no token: set {VARIABLE}. "
            "The board's operator makes one: callboard token create NAME --scope plan"
        )
    return token
