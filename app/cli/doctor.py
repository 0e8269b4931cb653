"""`callboard doctor`: is all well?"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from app.cli.board_command import settings
from app.cli.database import DatabaseCommand
from app.db.base import db
from app.upkeep.doctor import Finding, examine

COLOURS = {"ok": "green", "warning": "yellow", "problem": "red", "fixed": "cyan"}


@click.command(cls=DatabaseCommand)
@click.option("--fix", is_flag=True, help="Repair what needs no person; it says what it did.")
def doctor(fix: bool) -> None:
    """Look for what is wrong with the settings, the database and the board.

    Each line is ok, a warning, or a problem with what helps. The exit code is 1 when a problem
    stays. The board may go on running; where something is to be repaired, --fix does so in one
    transaction.
    """
    levels = []
    for finding in examine(settings(), db.session(), fix=fix):
        _print(finding)
        levels.append(finding.level)
    db.session.commit()
    click.echo(_summary(levels))
    sys.exit(1 if "problem" in levels else 0)


def _print(finding: Finding) -> None:
    level = click.style(f"{finding.level:<7}", fg=COLOURS[finding.level])
    click.echo(f"{level}  {finding.subject}: {finding.text}")


def _summary(levels: Sequence[str]) -> str:
    counts = [
        f"{number} {word}{'s' if number > 1 and word in ('problem', 'warning') else ''}"
        for word in ("problem", "warning", "fixed")
        if (number := levels.count(word))
    ]
    return f"In all: {', '.join(counts)}." if counts else "All is well."
