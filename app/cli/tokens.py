"""`callboard token …`: keys for programs. A key is shown once; only its hash is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import click
from sqlalchemy import select

from app import clock
from app.cli.board_command import BoardCommand, Lifetime, operator
from app.db.base import db
from app.models import ApiToken
from app.models.api_token import SCOPES


@click.group("token")
def token_group() -> None:
    """Keys with which agents and scripts use the API."""


@token_group.command("create", cls=BoardCommand)
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(SCOPES),
    help="What it allows; may be given more than once. Each allows to read; admin allows all.",
)
@click.option("--project", "project_id", help="The only project that it can see.")
@click.option("--expires", "lifetime", type=Lifetime(), help="When it ends: 12h, 90d, 4w.")
def create(
    name: str, scopes: tuple[str, ...], project_id: str | None, lifetime: timedelta | None
) -> None:
    """Make a token and print it: the only time that it can be read."""
    token, secret = ApiToken.issue(
        db.session(),
        name=name,
        scopes=scopes,
        project_id=project_id,
        lifetime=lifetime,
        actor=operator(),
    )
    db.session.commit()
    until = f", until {_day(token.expires_at)}" if token.expires_at else ""
    where = f" in {project_id}" if project_id else ""
    # The key alone goes to standard output: TOKEN=$(callboard token create …)
    click.echo(f"Token {name}: {', '.join(token.scopes)}{where}{until}.", err=True)
    click.echo("Keep it well; it isn't shown again.", err=True)
    click.echo(secret)


@token_group.command("list", cls=BoardCommand)
@click.option("--all", "with_dead", is_flag=True, help="Those revoked, too.")
def list_tokens(with_dead: bool) -> None:
    """List the tokens: how each begins, what it allows, and when it was last used."""
    rows = select(ApiToken).order_by(ApiToken.name, ApiToken.id)
    if not with_dead:
        rows = rows.where(ApiToken.revoked_at.is_(None))
    lines = [_line(token) for token in db.session.scalars(rows)]
    if not lines:
        click.echo("There are no tokens. Make one: callboard token create NAME --scope work")
        return
    lines.insert(0, ("NAME", "BEGINS", "SCOPES", "PROJECT", "LAST USED", "STATE"))
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@token_group.command("revoke", cls=BoardCommand)
@click.argument("name")
def revoke(name: str) -> None:
    """Revoke a token: from this moment on it is refused."""
    ApiToken.named(db.session(), name).revoke(operator())
    db.session.commit()
    click.echo(f"The token {name} is revoked.")


def _line(token: ApiToken) -> tuple[str, ...]:
    return (
        token.name,
        f"{token.prefix}…",
        ", ".join(token.scopes),
        token.project_id or "all",
        f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never",
        _state(token),
    )


def _state(token: ApiToken) -> str:
    if token.revoked_at:
        return f"revoked {_day(token.revoked_at)}"
    if token.expires_at is None:
        return "for ever"
    word = "expired" if token.expires_at <= clock.now() else "until"
    return f"{word} {_day(token.expires_at)}"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
