"""`callboard db`: Flask-Migrate's commands, with a `downgrade` of our own."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import ScriptInfo
from flask_migrate.cli import (  # type: ignore[import-not-found]  # its stubs leave it out
    db as flask_migrate,
)

from app.cli.board_command import errors_in_one_line
from app.cli.downgrading import downgrade
from app.upkeep.migrations import bind_migrations


class MigrationGroup(click.Group):
    """Commands of others, whose errors are one line, too."""

    def invoke(self, ctx: click.Context) -> Any:
        with errors_in_one_line():
            bind_migrations(ctx.ensure_object(ScriptInfo).load_app())
            return super().invoke(ctx)


db = MigrationGroup(
    "db",
    commands={**flask_migrate.commands, "downgrade": downgrade},
    params=flask_migrate.params,
    callback=flask_migrate.callback,
    help=flask_migrate.help,
)
