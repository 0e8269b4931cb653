"""The `callboard` command."""

from __future__ import annotations

import sys

import click

from app.cli.group import CallboardGroup, set_debug
from app.settings import ConfigError


@click.group(cls=CallboardGroup, context_settings={"auto_envvar_prefix": "FLASK"})
@click.option(
    "--debug/--no-debug",
    default=None,
    expose_value=False,
    callback=set_debug,
    help="Set debug mode.",
)
@click.version_option(package_name="callboard", message="callboard %(version)s")
def callboard() -> None:
    """Callboard: the board where a team sees what its crews of AI agents are doing."""


def main() -> None:
    """Run the command line. A wrong setting is one line and exit code 2."""
    try:
        callboard()
    except ConfigError as error:
        click.echo(f"callboard: {error}", err=True)
        sys.exit(2)
