"""`callboard seed`, a sample project, and `callboard expire-leases`."""

from __future__ import annotations

import click

from app import pipeline
from app.cli.board_command import BoardCommand, operator
from app.db.base import db
from app.errors import Conflict
from app.models import Project
from app.sample.content import load_sample
from app.sample.history import NAME, create_history


@click.command(cls=BoardCommand)
@click.option("--project", default=NAME, metavar="NAME", show_default=True, help="Its name.")
def seed(project: str) -> None:
    """Make a sample project: worker types, workers, and tickets in every situation."""
    session = db.session()
    if session.get(Project, project.strip()):
        raise Conflict(
            f"{project} is here already, and seed changes no project. Choose another name: "
            "callboard seed --project acme/shop"
        )
    tickets = create_history(session, project.strip(), load_sample(), operator())
    session.commit()
    click.echo(f"Project {project} has {tickets} tickets now. Look at it: callboard run")


@click.command("expire-leases", cls=BoardCommand)
def expire_leases() -> None:
    """End overdue leases, free their tickets, and mark silent workers failed.

    Requests to the board do the same every few seconds.
    """
    ended = pipeline.expire_leases(db.session())
    db.session.commit()
    click.echo(f"{ended} overdue lease{'' if ended == 1 else 's'} ended")
