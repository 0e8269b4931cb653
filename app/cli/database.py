"""What commands that work on whole databases share: plain errors, a progress bar, a table."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from app.cli.board_command import BoardCommand
from app.upkeep.tables import TableSum


class DatabaseCommand(BoardCommand):
    """A command that works on files and databases; what they refuse is one line, too."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; a full disk, say, is no traceback."""
        try:
            return super().invoke(ctx)
        except sqlite3.Error as error:
            raise click.ClickException(f"The database file can't be used: {error}") from None
        except BrokenPipeError:
            raise  # whoever read the output has gone: click knows what to do
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}") from None


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar for a person who waits; nothing where the output goes to a file or another program."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=1, label=label, file=sys.stderr, hidden=hidden) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield show


def print_sums(sums: Sequence[TableSum]) -> None:
    """Each table with its rows and, where they were read one by one, their checksum: what is the
    same there is the same here."""
    widest = max(len(table.table) for table in sums)
    click.echo(f"{'TABLE':<{widest}}  {'ROWS':>11}{'  CHECKSUM' if sums[0].checksum else ''}")
    for table in sums:
        click.echo(f"{table.table:<{widest}}  {table.rows:>11,}  {table.checksum}".rstrip())
    click.echo(f"{'in all':<{widest}}  {sum(table.rows for table in sums):>11,}")
