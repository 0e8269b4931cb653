"""`callboard serve`: the board under gunicorn, as a service runs it, from a checkout or a wheel."""

from __future__ import annotations

import os
import sys

import click

from app.settings.board import ROOT, load_settings, secret_key

CONFIG = ROOT / "deploy" / "gunicorn.conf.py"


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def serve(options: tuple[str, ...]) -> None:
    """Serve the board with gunicorn, set up for it. OPTIONS are gunicorn's own, such as --bind.

    SIGHUP starts fresh workers, SIGTERM stops; neither loses a request that has arrived.
    """
    # Before gunicorn has bound its address: what is wrong is said once, and with exit code 2.
    secret_key(load_settings())
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", str(CONFIG)]
    # Instead of this process: its number stays, and what gunicorn's master loads of the board is
    # what its configuration names, anew with each reload.
    os.execv(sys.executable, [*gunicorn, *options, "app.wsgi:app"])  # noqa: S606 - no shell wanted
