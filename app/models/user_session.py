"""Where people are signed in: one row a browser, so that each can be signed out from anywhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import ColumnElement, ForeignKey, Index, and_, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.actor import Actor
from app.db.base import Model
from app.db.columns import bigint, created, intpk, now_when_sent
from app.models.audit import AuditEntry
from app.models.user import User
from app.secret import hash_of, new_secret


class UserSession(Model):
    """A browser that someone signed in with. Its cookie holds a secret; only the hash is kept."""

    __tablename__ = "user_sessions"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    LIFETIME = timedelta(days=30)
    IDLE = timedelta(days=7)
    """Unused for so long, it ends by itself."""
    SEEN_NOTED_EVERY = timedelta(minutes=5)
    AGENT_MAX = 200

    id: Mapped[intpk]
    user_id: Mapped[bigint] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    method: Mapped[str]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    created_at: Mapped[created]
    last_seen_at: Mapped[created]
    expires_at: Mapped[datetime]

    @classmethod
    def begin(
        cls, session: Session, user: User, *, method: str, address: str | None, user_agent: str
    ) -> str:
        """Sign someone in; returns the secret for their cookie. `method`: how they proved who they
        are: password, link, oidc or header."""
        secret = new_secret()
        now = clock.now()
        session.execute(delete(cls).where(cls.expires_at <= now))
        user.last_seen_at = now
        session.add(
            cls(
                user_id=user.id,
                token_hash=hash_of(secret),
                method=method,
                address=address,
                user_agent=user_agent[: cls.AGENT_MAX] or None,
                created_at=now,
                last_seen_at=now,
                expires_at=now + cls.LIFETIME,
            )
        )
        return secret

    @classmethod
    def is_alive(cls) -> ColumnElement[bool]:
        """The condition for a session that is neither too old nor unused for too long."""
        used_lately = cls.last_seen_at > now_when_sent(-cls.IDLE)
        return and_(cls.expires_at > now_when_sent(), used_lately)

    @classmethod
    def of_user(cls, session: Session, user_id: int) -> list[Self]:
        """Where someone is signed in, the newest use first."""
        return list(
            session.scalars(
                select(cls)
                .where(cls.user_id == user_id, cls.is_alive())
                .order_by(cls.last_seen_at.desc(), cls.id.desc())
            )
        )

    @classmethod
    def end(cls, session: Session, user: User, session_id: int, actor: Actor) -> bool:
        """Sign someone out at one place. False: it was over already."""
        ended = session.execute(
            delete(cls).where(cls.user_id == user.id, cls.id == session_id).returning(cls.id)
        )
        if ended.first() is None:
            return False
        AuditEntry.record(session, "signed_out", actor, subject=user.name)
        return True

    @classmethod
    def end_all(cls, session: Session, user: User, actor: Actor, *, but: int | None = None) -> int:
        """Sign someone out everywhere, perhaps but for one session; returns at how many places."""
        rows = delete(cls).where(cls.user_id == user.id)
        if but is not None:
            rows = rows.where(cls.id != but)
        places = len(session.execute(rows.returning(cls.id)).all())
        if places:
            AuditEntry.record(
                session, "signed_out_everywhere", actor, subject=user.name, places=places
            )
        return places

    @classmethod
    def forget_oldest(cls, session: Session, user: User, method: str, *, keep: int) -> None:
        """Keep only so many of someone's sessions that began by one method."""
        rows = select(cls.id).where(cls.user_id == user.id, cls.method == method)
        oldest = session.scalars(rows.order_by(cls.id.desc()).offset(keep)).all()
        if oldest:
            session.execute(delete(cls).where(cls.id.in_(oldest)))

    @classmethod
    def is_use_to_note(cls) -> ColumnElement[bool]:
        """The condition for a session whose note of its last use is old enough to be written
        anew."""
        return cls.last_seen_at <= now_when_sent(-cls.SEEN_NOTED_EVERY)

    @classmethod
    def note_use(cls, session: Session, session_id: int) -> None:
        """Remember that it was used now, unless another process just did."""
        now = clock.now()
        noted = session.execute(
            update(cls)
            .where(cls.id == session_id, cls.is_use_to_note())
            .values(last_seen_at=now)
            .returning(cls.user_id)
            .execution_options(synchronize_session=False)
        ).first()
        if noted:
            session.execute(
                update(User)
                .where(User.id == noted.user_id)
                .values(last_seen_at=now, updated_at=User.updated_at)
                .execution_options(synchronize_session=False)
            )

    @classmethod
    def count_by_user(cls, session: Session) -> dict[int, tuple[int, datetime]]:
        """At how many places each is signed in, and when they were last here."""
        rows = session.execute(
            select(cls.user_id, func.count(), func.max(cls.last_seen_at))
            .where(cls.is_alive())
            .group_by(cls.user_id)
        )
        return {user_id: (count, last) for user_id, count, last in rows}
