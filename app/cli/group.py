"""The commands of `callboard`: where each is, and what it is for.

A command's module is imported when that command is asked for, and no other's: most bring all of the
application with them, which takes a second, and a runner has no use for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pkgutil import resolve_name
from typing import TYPE_CHECKING, NamedTuple, cast

import click

if TYPE_CHECKING:
    from flask import Flask


class Entry(NamedTuple):
    """A command that isn't imported yet: its module and name there, and its line in the help."""

    place: str
    short_help: str

    def load(self) -> click.Command:
        """The command itself."""
        return cast("click.Command", resolve_name(self.place))


SECTIONS: Mapping[str, Mapping[str, Entry]] = {
    "The board": {
        "seed": Entry("app.cli.board:seed", "Make a sample project to look around in."),
        "import": Entry("app.cli.importing:import_group", "Import tickets from another tracker."),
        "expire-leases": Entry(
            "app.cli.board:expire_leases", "End overdue leases and free their tickets."
        ),
    },
    "Agents": {
        "work": Entry("app.cli.work:work", "Take stages and let an agent's command do them."),
        "demo": Entry(
            "app.cli.demo:demo", "Show a board with a crew at work, on a scratch database."
        ),
        "mcp-config": Entry(
            "app.cli.mcp_config:mcp_config", "Print the configuration that an MCP client needs."
        ),
    },
    "People": {
        "setup-link": Entry("app.cli.users:setup_link", "A link that makes the first admin."),
        "user": Entry(
            "app.cli.users:user_group", "Accounts: who may sign in, and with which role."
        ),
        "token": Entry(
            "app.cli.tokens:token_group", "Keys with which agents and scripts use the API."
        ),
    },
    "Operation": {
        "serve": Entry("app.cli.serve:serve", "Serve the board with gunicorn, as a service does."),
        "run": Entry(
            "flask.cli:run_command",
            "Serve on this machine, for development; `callboard serve` serves a team.",
        ),
    },
    "The database": {
        "db": Entry("app.cli.migrations:db", "Upgrade the database, and look at its migrations."),
        "backup": Entry("app.cli.backup:backup", "Write the whole board to a file, while it runs."),
        "restore": Entry("app.cli.backup:restore", "Replace the board with a backup."),
        "copy-database": Entry(
            "app.cli.copying:copy_database", "Move the board to another database."
        ),
        "prune": Entry("app.cli.pruning:prune", "Delete old events that were dealt with."),
        "doctor": Entry("app.cli.doctor:doctor", "Look for what is wrong, and repair it."),
    },
    "Development": {
        "routes": Entry("flask.cli:routes_command", "Show the routes for the app."),
        "shell": Entry("flask.cli:shell_command", "Run a shell in the app context."),
    },
}

COMMANDS: Mapping[str, Entry] = {
    name: entry for section in SECTIONS.values() for name, entry in section.items()
}

WITHOUT_APPLICATION = frozenset({"demo", "mcp-config", "serve", "work"})


class CallboardGroup(click.Group):
    """All commands, listed by what they are for."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        if ctx.obj is None and name not in WITHOUT_APPLICATION:
            _let_flask_find_the_application(ctx)
        return COMMANDS[name].load()

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, entry.short_help) for name, entry in section.items()])


def _let_flask_find_the_application(ctx: click.Context) -> None:
    """Flask's commands and ours make the application by this when they need it."""
    from flask.cli import ScriptInfo

    # Settings come from the environment alone, as under gunicorn: no choice of an app.
    ctx.obj = ScriptInfo(create_app=_make_application, load_dotenv_defaults=False)


def _make_application() -> Flask:
    from app import create_app
    from app.db.base import db
    from app.db.engine import sort_in_files

    app = create_app()
    with app.app_context():
        sort_in_files(db.engine)
    return app


def set_debug(_ctx: click.Context, _param: click.Parameter, is_on: bool | None) -> None:
    """Tell Flask; without a word of the option the environment's counts."""
    if is_on is not None:
        os.environ["FLASK_DEBUG"] = "1" if is_on else "0"
