"""What commands that work on the board share: errors in a line, durations, the operator."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import click
from flask import current_app
from flask.cli import ScriptInfo
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.actor import Actor
from app.db.errors import failure_of
from app.errors import DomainError
from app.settings.board import Settings

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

MISSING_TABLE = ("no such table", "no such column", "UndefinedTable", "UndefinedColumn")


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
