"""The `callboard` command."""

from __future__ import annotations

import sys

import click
from flask import Flask
from flask_migrate.cli import (  # type: ignore[import-not-found]  # its stubs leave it out
    db as database_group,
)

from app.cli.demo import demo
from app.cli.downgrading import downgrade
from app.cli.group import CallboardGroup
from app.cli.mcp_config import mcp_config
from app.cli.serve import serve
from app.cli.work import work
from app.settings.board import ConfigError, load_settings


def register(app: Flask) -> None:
    """Add Callboard's own commands to the application's."""
    from app.cli.backup import backup, restore
    from app.cli.board import expire_leases, seed
    from app.cli.copying import copy_database
    from app.cli.doctor import doctor
    from app.cli.importing import import_group
    from app.cli.pruning import prune
    from app.cli.tokens import token_group
    from app.cli.users import setup_link, user_group

    for command in (
        backup,
        copy_database,
        doctor,
        expire_leases,
        import_group,
        prune,
        restore,
        seed,
        setup_link,
        token_group,
        user_group,
    ):
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


# Settings come from the environment alone, as under gunicorn: no .env file, no choice of an app.
callboard = CallboardGroup(
    name="callboard",
    create_app=_create_app,
    help="Callboard: the board where a team sees what its crews of AI agents are doing.",
    add_version_option=False,
    load_dotenv=False,
)
callboard.params = [param for param in callboard.params if param.name not in ("app", "env_file")]
click.version_option(package_name="callboard", message="callboard %(version)s")(callboard)
# These need no application: a runner works on machines that have no board.
callboard.add_command(serve)
callboard.add_command(work)
callboard.add_command(demo)
callboard.add_command(mcp_config)
# Flask's own loading of extensions brings the group, and would win over another of its name.
database_group.add_command(downgrade)
