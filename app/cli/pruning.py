"""`callboard prune`: old history is given up."""

from __future__ import annotations

import time
from datetime import timedelta

import click

from app import clock
from app.cli.board_command import Lifetime, operator
from app.cli.database import DatabaseCommand, progress
from app.db.base import db
from app.db.transactions import reading
from app.models import AuditEntry
from app.upkeep.pruning import EventPruning

PAUSE_SECONDS = 0.01
"""Between two batches, so that those who wait for the database get their turn."""


@click.command(cls=DatabaseCommand)
@click.option(
    "--events-older-than",
    "events_age",
    type=Lifetime(),
    metavar="TIME",
    help="Delete processed events of before that: 90d, 12w.",
)
@click.option("--dry-run", is_flag=True, help="Only say how many there are.")
def prune(events_age: timedelta | None, dry_run: bool) -> None:
    """Delete what is old and was dealt with. The board may go on running.

    Events are what timelines and the activity of projects are made of: of a ticket, its comments
    and stages stay for ever, but not who put it on hold two years ago. Events that still wait for
    someone stay, however old they are. For example, every week:

    callboard prune --events-older-than 365d
    """
    if events_age is None:
        raise click.UsageError("Say what to delete: --events-older-than 90d.")
    _prune_events(events_age, dry_run)


def _prune_events(age: timedelta, dry_run: bool) -> None:
    pruning = EventPruning(clock.now() - age)
    with reading() as session:
        total = pruning.count(session)
    when = f"of before {pruning.before:%Y-%m-%d %H:%M} UTC"
    if dry_run:
        click.echo(f"{_events(total)} {when} would be deleted.")
        return
    deleted = 0
    with progress("Deleting") as show:
        while number := pruning.delete_batch(db.session()):
            deleted += number
            db.session.commit()
            show(deleted, total)
            time.sleep(PAUSE_SECONDS)
    if deleted:
        AuditEntry.record(db.session(), "events_pruned", operator(), subject=when, number=deleted)
    db.session.commit()
    click.echo(f"{_events(deleted)} {when} deleted.")


def _events(number: int) -> str:
    return f"{number:,} processed event{'' if number == 1 else 's'}"
