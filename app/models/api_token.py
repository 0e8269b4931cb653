"""Keys for programs: agents, scripts, monitoring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import ColumnElement, ForeignKey, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.actor import Actor
from app.db.base import Model
from app.db.columns import created, intpk, now_when_sent, string_list
from app.db.indexes import partial_index
from app.errors import Conflict, Invalid, NotFound
from app.models.audit import AuditEntry
from app.models.project import Project
from app.secret import hash_of, new_secret
from app.text import require_name

SCOPES = ("read", "work", "plan", "admin", "metrics")
IMPLIED_SCOPES = {
    "read": {"read"},
    "work": {"read", "work"},
    "plan": {"read", "plan"},
    "admin": {"read", "work", "plan", "admin", "metrics"},
    "metrics": {"metrics"},
}
"""What each scope of a token allows. Who works needn't plan, and who plans needn't work."""


class ApiToken(Model):
    """A program's key. Only its hash is kept; `prefix` lets people recognise it."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        partial_index("uq_api_tokens_live_name", text("revoked_at IS NULL"), "name", unique=True),
    )

    MISSING = "There is no such token."
    NAME_MAX = 64
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
        secret = new_secret(cls.SECRET_START)
        token = cls(
            name=name,
            prefix=secret[: cls.PREFIX_LENGTH],
            token_hash=hash_of(secret),
            scopes=_require_scopes(scopes),
            project_id=project_id,
            created_by=actor.label,
            expires_at=clock.now() + lifetime if lifetime else None,
        )
        session.add(token)
        session.flush()
        AuditEntry.record(
            session,
            "token_created",
            actor,
            subject=name,
            project_id=project_id,
            scopes=token.scopes,
        )
        return token, secret

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
        return allowed_by(self.scopes)

    @property
    def is_good(self) -> bool:
        """Whether it can still be used."""
        return not self.revoked_at and not (self.expires_at and self.expires_at <= clock.now())

    @classmethod
    def is_use_to_note(cls) -> ColumnElement[bool]:
        """The condition for a token whose note of its last use is old enough to be written anew."""
        is_old = cls.last_used_at <= now_when_sent(-cls.USE_NOTED_EVERY)
        return or_(cls.last_used_at.is_(None), is_old)

    @classmethod
    def note_use(cls, session: Session, token_id: int) -> None:
        """Remember that a token was used now, unless another process just did."""
        session.execute(
            update(cls)
            .where(cls.id == token_id, cls.is_use_to_note())
            .values(last_used_at=clock.now())
            .execution_options(synchronize_session=False)
        )

    def revoke(self, actor: Actor) -> None:
        """It can't be used any more; its name is free again."""
        if self.revoked_at is None:
            self.revoked_at = clock.now()
            AuditEntry.record(
                self.session, "token_revoked", actor, subject=self.name, project_id=self.project_id
            )


def allowed_by(scopes: Iterable[str]) -> frozenset[str]:
    """These scopes of a token, and all that they imply."""
    return frozenset().union(*(IMPLIED_SCOPES[scope] for scope in scopes))


def _require_scopes(scopes: Sequence[str]) -> list[str]:
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise Invalid(f"There is no scope {unknown[0]}; choose from {', '.join(SCOPES)}.", "scopes")
    if not scopes:
        raise Invalid(f"A token needs a scope: {', '.join(SCOPES)}.", "scopes")
    return [scope for scope in SCOPES if scope in scopes]
