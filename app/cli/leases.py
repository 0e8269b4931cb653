"""`callboard expire-leases`: the sweep that passing requests do, on demand."""

from __future__ import annotations

import click

from app import pipeline
from app.cli.group import BoardCommand
from app.db.base import db


@click.command(
    "expire-leases", cls=BoardCommand, short_help="End overdue leases and free their tickets."
)
def expire_leases() -> None:
    """End overdue leases, free their tickets and give silent workers up."""
    ended = pipeline.expire_leases(db.session())
    db.session.commit()
    click.echo(f"{ended} overdue lease{'' if ended == 1 else 's'} ended")
