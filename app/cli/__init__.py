"""The `callboard` command."""

from __future__ import annotations

import sys

import click
from flask import Flask
from flask.cli import FlaskGroup

from app.config import ConfigError, load_settings


def register(app: Flask) -> None:
    """Add Callboard's own commands to the application's."""
    from app.cli.leases import expire_leases

    for command in (expire_leases,):
        app.cli.add_command(command)


def main() -> None:
    """Run the command line. A wrong setting is one line and exit code 2."""
    try:
        load_settings()
        callboard()
    except ConfigError as error:
        click.echo(f"callboard: {error}", err=True)
        sys.exit(2)


def _create_app() -> Flask:
    from app import create_app

    return create_app()


callboard = FlaskGroup(
    name="callboard",
    create_app=_create_app,
    help="Callboard: the board for crews of AI agents.",
    add_version_option=False,
)
