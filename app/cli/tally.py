"""What an import tells at its end: every line of the file is in one of the counts."""

from __future__ import annotations

from collections import Counter
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
    yield "Records read", tally.records
    yield from _section("Tickets made", tally.tickets)
    yield from _section("Records skipped", tally.records_skipped)
    yield from _section("Links made", tally.links)
    yield from _section("Links skipped", tally.links_skipped)
    yield "Comments made", tally.comments
    if tally.comments_skipped.total():
        yield from _section("Comments skipped", tally.comments_skipped)
    if tally.changed.total():
        yield from _section("Texts changed to fit", tally.changed)
    if tally.fields_left_out:
        yield from _section("Fields left out", tally.fields_left_out)
    if tally.warnings:
        yield "Warnings", len(tally.warnings)
    yield "Bad lines", len(tally.bad_lines)


def _section(title: str, counts: Counter[str]) -> Iterator[Row]:
    yield title, counts.total()
    for label, number in counts.most_common():
        if number:
            yield f"  {label}", number


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
