"""`callboard user …` and `callboard setup-link`: accounts, managed on the server itself."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from app import pipeline
from app.cli.board_command import BoardCommand, operator
from app.db.base import db
from app.links import LOCAL_URL, link_from, public_url
from app.models import Invitation, User
from app.models.user import ROLES
from app.queries.people.list import PersonRow, people

URL_HELP = "Address of the board in the link; CALLBOARD_PUBLIC_URL unless given."

url_option = click.option("--url", help=URL_HELP)


@click.command("setup-link", cls=BoardCommand)
@url_option
@click.option(
    "--if-needed", is_flag=True, help="Say nothing, and succeed, when there are people already."
)
def setup_link(url: str | None, if_needed: bool) -> None:
    """Print a one-time link that makes the first admin; older ones lead nowhere then."""
    if if_needed and User.exist(db.session()):
        return
    secret = Invitation.for_setup(db.session(), operator())
    db.session.commit()
    link = link_from(url or public_url() or LOCAL_URL, "accounts.join", secret=secret)
    if if_needed:
        click.echo(f"\n  Nobody can sign in yet. Make the first admin here:\n\n    {link}\n")
    else:
        click.echo(link)


@click.group("user")
def user_group() -> None:
    """Accounts: who may sign in, and with which role."""


@user_group.command("create", cls=BoardCommand)
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What they may do.")
@click.option("--full-name", help="How they are called in full.")
@click.option("--link", "by_link", is_flag=True, help="Print a link for choosing a password.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@url_option
def create(
    name: str,
    role: str,
    full_name: str | None,
    by_link: bool,
    password_stdin: bool,
    url: str | None,
) -> None:
    """Create an account. Asks for its password, unless an option says where it comes from."""
    session, actor = db.session(), operator()
    User.require_free_name(session, name)  # before anybody thinks of a password
    session.rollback()
    password = None if by_link else _password(password_stdin)
    user = User.create(
        session,
        name=name,
        role=role,
        password=password,
        display_name=full_name,
        actor=actor,
    )
    secret = Invitation.to_reset(session, user, actor) if by_link else None
    session.commit()
    click.echo(f"{user.name} can sign in as {user.role}.", err=True)
    if secret:
        _print_link(secret, url)


@user_group.command("reset", cls=BoardCommand)
@click.argument("name")
@url_option
def reset(name: str, url: str | None) -> None:
    """Print a one-time link with which someone chooses a new password."""
    session = db.session()
    secret = Invitation.to_reset(session, User.named(session, name), operator())
    session.commit()
    _print_link(secret, url)


@user_group.command("list", cls=BoardCommand, short_help="List everyone.")
def list_users() -> None:
    """List everyone: their role, how they sign in, when they were last seen."""
    lines = [_line(row) for row in people(db.session())]
    if not lines:
        click.echo("There is nobody yet. Make the first admin: callboard setup-link")
        return
    lines.insert(0, ("NAME", "FULL NAME", "ROLE", "SIGNS IN BY", "LAST SEEN", "STATE"))
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@user_group.command("role", cls=BoardCommand)
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
def change_role(name: str, role: str) -> None:
    """Let someone do more, or less, from now on."""
    _change(name, lambda user: user.change_role(role, operator()), f"is {role} now.")


@user_group.command("disable", cls=BoardCommand, short_help="Disable an account.")
@click.argument("name")
def disable(name: str) -> None:
    """Disable an account, and sign its person out everywhere; what they did stays."""

    def shut_out(user: User) -> None:
        pipeline.disable_person(db.session(), user, operator())

    _change(name, shut_out, "is signed out everywhere, and can't sign in any more.")


@user_group.command("enable", cls=BoardCommand)
@click.argument("name")
def enable(name: str) -> None:
    """Enable a disabled account."""
    _change(name, lambda user: user.enable(operator()), "can sign in again.")


def _change(name: str, change: Callable[[User], None], outcome: str) -> None:
    user = User.named(db.session(), name)
    change(user)
    db.session.commit()
    click.echo(f"{user.name} {outcome}")


def _password(from_stdin: bool) -> str:
    """As typed at the terminal, or one line of standard input."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.UsageError(
            "There is no terminal to ask for a password; give --password-stdin, or --link."
        )
    return str(click.prompt("Password", hide_input=True, confirmation_prompt="Once more"))


def _print_link(secret: str, url: str | None) -> None:
    # The link alone goes to standard output, for whoever sends it on.
    click.echo("It works once, within a day:", err=True)
    click.echo(link_from(url or public_url() or LOCAL_URL, "accounts.reset", secret=secret))


def _line(row: PersonRow) -> tuple[str, ...]:
    return (
        row.name,
        row.display_name or "",
        row.role,
        row.signs_in_by or "nothing yet",
        f"{row.last_seen_at:%Y-%m-%d %H:%M}" if row.last_seen_at else "never",
        f"disabled {row.disabled_at:%Y-%m-%d %H:%M} UTC" if row.disabled_at else "",
    )
