"""What goes on around people's accounts: more rows change than their own."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.actor import Actor
from app.models import Invitation, User, UserSession


def change_password(
    session: Session, user: User, password: str, actor: Actor, *, keep: int | None = None
) -> int:
    """Give someone a new password; returns at how many places that signed them out.

    Whoever knew the old one is out: every session ends, but for the one to keep, and links that
    were made for a new password lead nowhere. Raises `Invalid`.
    """
    user.set_password(password, actor)
    Invitation.end_resets(session, user)
    return UserSession.end_all(session, user, actor, but=keep)


def disable_person(session: Session, user: User, actor: Actor) -> None:
    """Disable the account, and sign its user out everywhere. `Conflict` for the last admin."""
    user.disable(actor)
    Invitation.end_resets(session, user)
    UserSession.end_all(session, user, actor)


def reset_password(session: Session, link: Invitation, password: str, address: str | None) -> User:
    """Give the person of a link a new password, and sign them out everywhere. Raises `Invalid`."""
    user = link.reset_password(password, address)
    UserSession.end_all(session, user, Actor.person(user.name, address))
    return user
