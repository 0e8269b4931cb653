"""The team as admins see it: who is here, how they sign in, when they were last seen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import Identity, User, UserSession
from app.values import immutable


@immutable
class PersonRow:
    """A team member. `places`: where they are signed in now."""

    id: int
    name: str
    display_name: str | None
    role: str
    created_at: datetime
    disabled_at: datetime | None
    last_seen_at: datetime | None
    has_password: bool
    identities: int
    places: int

    @property
    def signs_in_by(self) -> str:
        """How they can sign in."""
        ways = [
            way
            for way, has in (
                ("password", self.has_password),
                ("single sign-on", self.identities),
            )
            if has
        ]
        return ", ".join(ways)


def people(session: Session) -> list[PersonRow]:
    """Everyone by name, those who are disabled last."""
    rows = _rows().order_by(User.disabled_at.is_not(None), User.name)
    return [PersonRow(*row) for row in session.execute(rows)]


def person_row(session: Session, user_id: int) -> PersonRow:
    """One of them; raises `NotFound`."""
    row = session.execute(_rows().where(User.id == user_id)).first()
    if row is None:
        raise NotFound("There is no such person.")
    return PersonRow(*row)


def _rows() -> Select[*tuple[Any, ...]]:
    return select(
        User.id,
        User.name,
        User.display_name,
        User.role,
        User.created_at,
        User.disabled_at,
        User.last_seen_at,
        User.password_hash.is_not(None),
        select(func.count())
        .select_from(Identity)
        .where(Identity.user_id == User.id)
        .scalar_subquery(),
        select(func.count())
        .select_from(UserSession)
        .where(UserSession.user_id == User.id, UserSession.is_alive())
        .scalar_subquery(),
    )
