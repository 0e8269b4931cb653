"""What `callboard` commands share: sections of help, errors in a line, durations, the operator."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import click
from flask import current_app
from flask.cli import FlaskGroup, ScriptInfo
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.actor import Actor
from app.db.errors import failure_of
from app.errors import DomainError
from app.settings.board import Settings

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "The board": ("seed", "import", "expire-leases"),
    "Agents": ("work", "demo", "mcp-config"),
    "People": ("setup-link", "user", "token"),
    "Operation": ("serve", "run"),
    "The database": ("db", "backup", "restore", "copy-database", "prune", "doctor"),
    "Development": ("routes", "shell"),
}

SHORT_HELP: Mapping[str, str] = {
    "db": "Upgrade the database, and look at its migrations.",
    "run": "Serve on this machine, for development; `callboard serve` serves a team.",
}
"""For commands that Flask and its extensions bring."""

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

MISSING_TABLE = ("no such table", "no such column", "UndefinedTable", "UndefinedColumn")


class CallboardGroup(FlaskGroup):
    """Flask's commands and ours, listed by what they are for."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; also those that others brought fail in one line."""
        with errors_in_one_line():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections; a command that no section names comes last."""
        names = [name for name in self.list_commands(ctx) if self.get_command(ctx, name)]
        placed = {name for section in SECTIONS.values() for name in section}
        sections = {**SECTIONS, "Others": tuple(name for name in names if name not in placed)}
        for title, section in sections.items():
            rows = [(name, self._line(ctx, name)) for name in section if name in names]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def _line(self, ctx: click.Context, name: str) -> str:
        command = self.get_command(ctx, name)
        own = command.get_short_help_str(limit=100) if command else ""
        return SHORT_HELP.get(name, own)


class BoardCommand(click.Command):
    """A command that works on the board, in an application context."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; a refusal becomes one line on stderr and exit code 1."""
        with ctx.ensure_object(ScriptInfo).load_app().app_context(), errors_in_one_line():
            return super().invoke(ctx)


class Lifetime(click.ParamType[timedelta]):
    """How long something lasts: 12h, 90d, 4w."""

    name = "time"

    def convert(
        self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Read it, or explain."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"([0-9]{1,5})([hdw])", value)
        if not found:
            self.fail(f"{value} isn't a time such as 12h, 90d or 4w.", param, ctx)
        return int(found[1]) * UNITS[found[2]]


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """No traceback for what the person at the terminal can put right."""
    try:
        yield
    except DomainError as error:
        where = f"{error.field}: " if error.field else ""
        raise click.ClickException(where + error.message) from None
    except DBAPIError as error:
        raise click.ClickException(_explain(error)) from None


def operator() -> Actor:
    """Whoever runs the command, by the name of their login where there is one."""
    try:
        return Actor.operator(getpass.getuser())
    except (KeyError, OSError):
        return Actor.operator("unknown")


def settings() -> Settings:
    """The settings of the application that the command runs in."""
    found: Settings = current_app.extensions["callboard.settings"]
    return found


def _explain(error: DBAPIError) -> str:
    text = f"{type(error.orig).__name__}: {error.orig}"
    if any(sign in text for sign in MISSING_TABLE):
        return "The database has not the tables of this version. Run: callboard db upgrade"
    failure = failure_of(error)
    if isinstance(error, IntegrityError) or (failure and failure.kind == "busy"):
        return "Others changed the board at the same moment. Nothing was changed; run it again."
    first_line = str(error.orig).strip().splitlines()[0]
    return f"The database can't be used: {first_line}"
