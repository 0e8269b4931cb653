"""`callboard demo`: a board with a crew at work, to look at for a while."""

from __future__ import annotations

import click


@click.command()
@click.option(
    "--port", default=8000, show_default=True, help="Where to serve it; another if it is taken."
)
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 20),
    default=1,
    show_default=True,
    help="How many times faster than usual agents work, and tickets come.",
)
def demo(port: int, speed: float) -> None:
    """Start a board on a scratch database with a few runners, and let you look.

    Tickets move, and new ones come; one fails and is tried again, one is sent back by review, a few
    wait for a person, and one loses its worker and is recovered. Everything stays on this machine,
    and Ctrl-C ends all of it.
    """
    from app.sample.demo.processes import DemoError
    from app.sample.demo.show import run_demo

    try:
        run_demo(port, speed, click.echo)
    except DemoError as error:
        raise click.ClickException(str(error)) from None
