"""What an import tells at its end."""

from __future__ import annotations

from collections.abc import Iterator

import click

from app.exchange.beads.destination import Destination
from app.exchange.beads.tally import Tally

Row = tuple[str, int]


def print_tally(tally: Tally, destination: Destination, dry_run: bool) -> None:
    """Bad lines and warnings to stderr, the counts to stdout, and what it comes to."""
    for remark in tally.warnings + tally.bad_lines:
        click.echo(f"line {remark.line}: {remark.text}", err=True)
    rows = list(_rows(tally))
    widest = max(len(label) for label, _ in rows)
    for label, number in rows:
        click.echo(f"{label:<{widest}}  {number:>9,}")
    click.echo()
    for sentence in _sentences(tally, destination):
        click.echo(sentence)
    if dry_run:
        click.echo("This was a dry run: nothing was kept.")


def _rows(tally: Tally) -> Iterator[Row]:
    for heading, number, parts in tally.sections():
        yield heading, number
        for label, count in parts:
            yield f"  {label}", count


def _sentences(tally: Tally, destination: Destination) -> Iterator[str]:
    project = destination.project_id
    if tally.project_made:
        yield f"Project {project} was made, with the path {destination.path} (see its settings)."
    if tally.worker_types_made:
        yield f"Worker types made: {', '.join(tally.worker_types_made)}."
    if bad := len(tally.bad_lines):
        lines = "1 bad line was" if bad == 1 else f"{bad:,} bad lines were"
        yield f"{lines} left out; the others are not affected."
    if tally.has_changed_nothing:
        yield "Nothing was changed: all there is to import is on the board already."
