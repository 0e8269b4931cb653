"""`callboard copy-database`: from SQLite to PostgreSQL, or back."""

from __future__ import annotations

import click

from app.cli.database import DatabaseCommand, print_sums, progress
from app.errors import Invalid
from app.upkeep.copying import copy_database as copy
from app.upkeep.databases import read_url, shown

SOURCE, TARGET = "CALLBOARD_COPY_FROM", "CALLBOARD_COPY_TO"


@click.command("copy-database", cls=DatabaseCommand)
@click.argument("source", metavar="FROM", envvar=SOURCE)
@click.argument("target", metavar="TO", envvar=TARGET)
def copy_database(source: str, target: str) -> None:
    """Copy the whole board from one database to another, which must be empty.

    FROM and TO are URLs as in CALLBOARD_DATABASE_URL. TO gets its tables if it has none. Every
    table is counted and compared at the end; if anything differs, TO stays as it was. Stop the
    server first: what is written to FROM meanwhile isn't copied. For example:

    callboard copy-database sqlite:////var/lib/callboard/callboard.db postgresql:///callboard

    A URL with a password is better put into the environment, since ps shows arguments to everyone:
    CALLBOARD_COPY_FROM and CALLBOARD_COPY_TO stand for missing arguments.
    """
    old, new = read_url(source), read_url(target)
    if old == new:
        raise Invalid("FROM and TO are the same database.")
    with progress("Copying") as show:
        sums = copy(old, new, show)
    print_sums(sums)
    click.echo(f"{shown(new)} holds what {shown(old)} holds; every table was compared.")
