"""`callboard backup` and `callboard restore`: the whole board in one file, and back."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy.engine import make_url

from app.cli.board_command import settings
from app.cli.database import DatabaseCommand, print_sums, progress
from app.upkeep.backup import back_up, is_filled
from app.upkeep.backup import restore as restore_backup
from app.upkeep.databases import shown

NEW_FILE = click.Path(dir_okay=False, path_type=Path)
OLD_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(cls=DatabaseCommand)
@click.argument("file", type=NEW_FILE)
@click.option("--force", is_flag=True, help="Overwrite FILE, if it is there.")
def backup(file: Path, force: bool) -> None:
    """Write the whole board to FILE, as it is at this moment. It may go on running.

    FILE is a SQLite database, also when the board is on PostgreSQL, and callboard restore takes it
    back into either. It is checked before it gets its name, and only its owner may read it: it
    holds all that the board holds. For example, every night:

    callboard backup /var/backups/callboard-$(date +%F).db
    """
    with progress("Backing up") as show:
        report = back_up(make_url(settings().url), file, overwrite=force, progress=show)
    print_sums(report.sums)
    click.echo(f"{file}: {report.size:,} bytes, schema {report.revision}.")


@click.command(cls=DatabaseCommand)
@click.argument("file", type=OLD_FILE)
@click.option("--force", is_flag=True, help="Replace what is on the board, after a question.")
@click.option("--yes", is_flag=True, help="With --force: don't ask.")
def restore(file: Path, force: bool, yes: bool) -> None:
    """Let the board be what the backup FILE holds. Stop the server first.

    The database must be empty or missing, unless --force is given. A backup of an older version is
    upgraded on the way. If anything goes wrong, what was there stays as it was.

    New runs and events get numbers far behind those of the backup, so that none is given twice to
    those who saw what came after it.
    """
    url = make_url(settings().url)
    if force and not yes and is_filled(url):
        click.confirm(
            f"All that is on the board in {shown(url)} will be lost, and replaced by {file}. "
            "Go on?",
            abort=True,
        )
    with progress("Restoring") as show:
        report = restore_backup(file, url, overwrite=force, progress=show)
    print_sums(report.sums)
    click.echo(f"{shown(url)} holds what {file} holds, at schema {report.revision}.")
