"""`callboard import`: tickets from elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from app.cli.board_command import settings
from app.cli.database import DatabaseCommand
from app.cli.tally import print_tally
from app.db.base import db
from app.db.plans import count_values
from app.exchange.beads.destination import Destination
from app.exchange.beads.importing import import_records
from app.exchange.beads.staging import Staging
from app.exchange.beads.tally import Tally

BEADS_FOLDER = ".beads"
"""Where a repository keeps its Beads file."""


@click.group("import")
def import_group() -> None:
    """Import tickets from another tracker."""


@import_group.command("beads", cls=DatabaseCommand, short_help="Issues of the Beads tracker.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--project", required=True, metavar="NAME", help="Where to, such as acme/web.")
@click.option(
    "--plan",
    default="implementation,review",
    metavar="TYPE,TYPE…",
    show_default=True,
    help="The worker types of every ticket's stages, in order.",
)
@click.option("--dry-run", is_flag=True, help="Do all of it, show the counts, and keep nothing.")
def beads(file: str, project: str, plan: str, dry_run: bool) -> None:
    """Import the issues of a Beads file, one JSON object a line ("-" reads standard input).

    The project and the plan's worker types are made when they are missing. A closed issue becomes a
    closed ticket with its plan done. Run again with the same file, it changes nothing.
    """
    tally = Tally()
    destination = Destination(
        project_id=project.strip(),
        plan=tuple(stage.strip() for stage in plan.split(",") if stage.strip()),
        path=_repository_path(file, project),
        lease_seconds=settings().lease_seconds,
    )
    with Staging() as staging:
        with click.open_file(file, "rb") as stream, _progress(stream, "Reading") as source:
            staging.read(source, tally)
        with _progress(length=tally.records, label="Writing") as bar:
            import_records(db.session(), staging, destination, tally, progress=bar.update)
            if dry_run:
                db.session.rollback()
            else:
                db.session.commit()
                count_values(db.session.connection())
                db.session.commit()
    print_tally(tally, destination, dry_run)
    sys.exit(1 if tally.bad_lines else 0)


def _progress(items: Any = None, label: str = "", length: int | None = None) -> Any:
    """A bar for a person who waits; nothing where the output goes to a file or another program."""
    hidden = not sys.stderr.isatty()
    return click.progressbar(items, length, label, file=sys.stderr, hidden=hidden)


def _repository_path(file: str, project: str) -> str:
    """The repository that the file lies in, if it lies where Beads keeps it; else the name."""
    folder = Path(file).resolve().parent
    return str(folder.parent) if folder.name == BEADS_FOLDER else project.strip()
