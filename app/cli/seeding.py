"""`callboard seed`: a sample project to look around in."""

from __future__ import annotations

import click

from app.cli.group import BoardCommand
from app.db.base import db
from app.errors import Conflict
from app.models import Project
from app.sample.content import load_sample
from app.sample.history import create_history


@click.command(cls=BoardCommand, short_help="Make a sample project to look around in.")
@click.option("--project", default="acme/web", metavar="NAME", show_default=True, help="Its name.")
def seed(project: str) -> None:
    """Make a sample project: worker types, workers, and tickets in every situation."""
    session = db.session()
    if session.get(Project, project.strip()):
        raise Conflict(
            f"{project} is here already, and seed changes no project. Choose another name: "
            "callboard seed --project acme/shop"
        )
    tickets = create_history(session, project.strip(), load_sample())
    session.commit()
    click.echo(f"Project {project} has {tickets} tickets now. Look at it: callboard run")
