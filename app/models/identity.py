"""Who people are at a single sign-on: the account of a provider that belongs to a user."""

from __future__ import annotations

from typing import Self

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.actor import Actor
from app.db.base import Model
from app.db.columns import bigint, created, intpk
from app.errors import Conflict
from app.models.audit import AuditEntry
from app.models.user import User


class Identity(Model):
    """An account at a provider. Only its issuer and subject together name it for good: names and
    e-mail addresses may pass to someone else (OpenID Connect Core 1.0, section 5.7)."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[intpk]
    user_id: Mapped[bigint] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    label: Mapped[str | None]
    created_at: Mapped[created]

    @classmethod
    def user_of(cls, session: Session, issuer: str, subject: str) -> User | None:
        """The user that this account belongs to."""
        return session.scalar(
            select(User)
            .join(cls, cls.user_id == User.id)
            .where(cls.issuer == issuer, cls.subject == subject)
        )

    @classmethod
    def of_user(cls, session: Session, user_id: int) -> list[Self]:
        """The accounts with which someone can sign in."""
        return list(session.scalars(select(cls).where(cls.user_id == user_id).order_by(cls.id)))

    @classmethod
    def link(
        cls,
        session: Session,
        user: User,
        *,
        issuer: str,
        subject: str,
        label: str | None,
        actor: Actor,
    ) -> None:
        """Let someone sign in with this account; raises `Conflict` if it is another's."""
        owner = cls.user_of(session, issuer, subject)
        if owner is not None and owner.id != user.id:
            raise Conflict("That account belongs to someone else here.")
        if owner is None:
            session.add(cls(user_id=user.id, issuer=issuer, subject=subject, label=label))
            AuditEntry.record(
                session, "identity_linked", actor, subject=user.name, issuer=issuer, account=label
            )

    @classmethod
    def unlink(cls, session: Session, user: User, identity_id: int, actor: Actor) -> None:
        """Its user can't sign in with it any more. `Conflict` if they have no other way."""
        found = session.scalar(select(cls).where(cls.id == identity_id, cls.user_id == user.id))
        if found is None:
            return
        if user.password_hash is None and len(cls.of_user(session, user.id)) == 1:
            raise Conflict("Set a password first, or you couldn't sign in any more.")
        session.delete(found)
        AuditEntry.record(
            session, "identity_unlinked", actor, subject=user.name, issuer=found.issuer
        )
