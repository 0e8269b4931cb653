"""People and programs: who may come in, and what they keep for themselves."""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.actor import Actor
from app.columns import created, intpk, string_list, updated
from app.errors import Conflict, Invalid, NotAuthenticated, NotFound
from app.extensions import Model
from app.models.project import Project
from app.text import require_name

ROLES = ("viewer", "member", "lead", "admin")

SCOPES = ("read", "work", "plan", "admin")
IMPLIED_SCOPES = {
    "read": {"read"},
    "work": {"read", "work"},
    "plan": {"read", "plan"},
    "admin": {"read", "work", "plan", "admin"},
}
"""What each scope of a token allows. Who works needn't plan, and who plans needn't work."""


class User(Model):
    """A team member."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint(f"role IN {ROLES}", name="role"),)

    id: Mapped[intpk]
    name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str | None]
    password_hash: Mapped[str | None]
    role: Mapped[str] = mapped_column(server_default="member")
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[created]
    updated_at: Mapped[updated]


class ApiToken(Model):
    """A program's key. Only its hash is kept; `prefix` lets people recognise it."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        Index(
            "uq_api_tokens_live_name",
            "name",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    NAME_MAX = 64
    SECRET_BITS = 256
    SECRET_START = "cb_"  # noqa: S105 - what every secret starts with
    PREFIX_LENGTH = 10
    LIFETIME_MAX = timedelta(days=3_660)
    USE_NOTED_EVERY = timedelta(minutes=1)

    id: Mapped[intpk]
    name: Mapped[str]
    prefix: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[string_list]
    project_id: Mapped[str | None] = mapped_column(
        ForeignKey("projects.repository_name", ondelete="CASCADE")
    )
    created_by: Mapped[str | None]
    created_at: Mapped[created]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    @classmethod
    def issue(
        cls,
        session: Session,
        *,
        name: str,
        scopes: Sequence[str],
        actor: Actor,
        project_id: str | None = None,
        lifetime: timedelta | None = None,
    ) -> tuple[Self, str]:
        """A new token and its secret, which can't be had again. Or `Invalid`, `Conflict`."""
        name = require_name(name, "name", cls.NAME_MAX)
        if session.scalar(select(cls.id).where(cls.name == name, cls.revoked_at.is_(None))):
            raise Conflict(f"There is already a token {name}; revoke it first.", "name")
        if lifetime is not None and not timedelta(0) < lifetime <= cls.LIFETIME_MAX:
            raise Invalid("A token lives for up to ten years.", "expires")
        if project_id is not None:
            Project.get(session, project_id)
        secret = _new_secret()
        token = cls(
            name=name,
            prefix=secret[: cls.PREFIX_LENGTH],
            token_hash=_hash(secret),
            scopes=_require_scopes(scopes),
            project_id=project_id,
            created_by=actor.label,
            expires_at=clock.now() + lifetime if lifetime else None,
        )
        session.add(token)
        session.flush()
        return token, secret

    @classmethod
    def authenticate(cls, session: Session, secret: str) -> Self:
        """The live token with that secret; raises `NotAuthenticated`, and says what is wrong."""
        token = session.scalar(select(cls).where(cls.token_hash == _hash(secret)))
        if token is None:
            raise NotAuthenticated("This token isn't known here.")
        if token.revoked_at:
            raise NotAuthenticated(f"The token {token.name} was revoked.")
        if token.expires_at and token.expires_at <= clock.now():
            raise NotAuthenticated(f"The token {token.name} has expired.")
        return token

    @classmethod
    def named(cls, session: Session, name: str) -> Self:
        """The live token of that name; raises `NotFound`."""
        token = session.scalar(select(cls).where(cls.name == name, cls.revoked_at.is_(None)))
        if token is None:
            raise NotFound(f"There is no live token {name}.")
        return token

    @property
    def allowed(self) -> frozenset[str]:
        """Its scopes, and all that they imply."""
        return frozenset().union(*(IMPLIED_SCOPES[scope] for scope in self.scopes))

    @property
    def is_use_to_note(self) -> bool:
        """Whether the note of its last use is old enough to be written anew."""
        return not self.last_used_at or clock.now() - self.last_used_at >= self.USE_NOTED_EVERY

    @classmethod
    def note_use(cls, session: Session, token_id: int) -> None:
        """Remember that a token was used now, unless another process just did."""
        now = clock.now()
        is_old = or_(cls.last_used_at.is_(None), cls.last_used_at <= now - cls.USE_NOTED_EVERY)
        session.execute(
            update(cls)
            .where(cls.id == token_id, is_old)
            .values(last_used_at=now)
            .execution_options(synchronize_session=False)
        )

    def revoke(self) -> None:
        """Let nobody come in with it any more; its name is free again."""
        self.revoked_at = self.revoked_at or clock.now()


def _new_secret() -> str:
    """256 random bits, in letters and digits only: a double click selects all of it."""
    alphabet = string.digits + string.ascii_letters
    rest = secrets.randbits(ApiToken.SECRET_BITS)
    digits: list[str] = []
    while rest or len(digits) < 43:
        rest, digit = divmod(rest, len(alphabet))
        digits.append(alphabet[digit])
    return ApiToken.SECRET_START + "".join(digits)


def _hash(secret: str) -> str:
    # Nobody can guess 256 random bits: a fast hash without salt keeps them as well as a slow one.
    return hashlib.sha256(secret.encode()).hexdigest()


def _require_scopes(scopes: Sequence[str]) -> list[str]:
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise Invalid(f"There is no scope {unknown[0]}; choose from {', '.join(SCOPES)}.", "scopes")
    if not scopes:
        raise Invalid(f"A token needs a scope: {', '.join(SCOPES)}.", "scopes")
    return [scope for scope in SCOPES if scope in scopes]


class SavedView(Model):
    """A filter of the ticket list that someone keeps under a name; without a user, everyone's."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[intpk]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    query: Mapped[str]
    position: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[created]
