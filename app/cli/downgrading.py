"""`callboard db downgrade`: Flask-Migrate's, which would destroy rows without a question."""

from __future__ import annotations

import click

from app.cli.board_command import BoardCommand, settings


@click.command(
    "downgrade",
    cls=BoardCommand,
    short_help="Go back to an older schema.",
    context_settings={"ignore_unknown_options": True},  # -2 is a revision
)
@click.argument("revision", default="-1")
@click.option("--sql", is_flag=True, help="Print the SQL statements, and change nothing.")
@click.option("--yes", is_flag=True, help="Don't ask before something is destroyed.")
def downgrade(revision: str, sql: bool, yes: bool) -> None:
    """Go back to an older schema: a REVISION, so many steps (-2), or base. [default: -1]

    What the older schema has no place for is destroyed: it is shown, with how many rows there are,
    and you are asked. Stop the server first, and make a backup: an older version of Callboard takes
    no backup of a newer one.
    """
    import flask_migrate

    if not sql:
        _show_losses(revision, ask=not yes)
    flask_migrate.downgrade(revision=revision, sql=sql)


def _show_losses(wanted: str, *, ask: bool) -> None:
    from sqlalchemy.engine import make_url

    from app.upkeep import revisions
    from app.upkeep.databases import shown, snapshot
    from app.upkeep.losses import losses

    url = make_url(settings().url)
    with snapshot(url) as connection:
        current = revisions.revision_of(connection)
        revisions.require_not_newer(current)
        target = revisions.below(current, wanted)
        lost = losses(connection, target)
    if not lost:
        return
    click.echo(f"Going from revision {current} to {target or 'base'} destroys in {shown(url)}:")
    for loss in lost:
        click.echo(f"  {loss}")
    if ask:
        click.confirm("Go on?", abort=True)
