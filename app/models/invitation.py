"""Links that let someone in once: to set the board up, to join it, to choose a new password."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal, Self, get_args

from sqlalchemy import CheckConstraint, ForeignKey, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.actor import Actor
from app.db.base import Model
from app.db.columns import bigint, created, intpk
from app.errors import Conflict, NotFound
from app.models.audit import AuditEntry
from app.models.user import User, require_role
from app.secret import hash_of, new_secret
from app.text import optional_line

Purpose = Literal["setup", "invitation", "reset"]
PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)

LIFETIMES: Final[dict[Purpose, timedelta]] = {
    "setup": timedelta(days=7),
    "invitation": timedelta(days=7),
    "reset": timedelta(days=1),
}

GONE = "This link was used, taken back, or is too old. Ask whoever sent it for a new one."


class Invitation(Model):
    """A link. Its address holds a secret; only the hash is kept."""

    __tablename__ = "invitations"
    __table_args__ = (CheckConstraint(f"purpose IN {PURPOSES}", name="purpose"),)

    MISSING = "There is no such invitation."
    NOTE_MAX = 100

    id: Mapped[intpk]
    purpose: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str | None]
    user_id: Mapped[bigint | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    note: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[created]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    used_by: Mapped[str | None]

    @classmethod
    def for_setup(cls, session: Session, actor: Actor) -> str:
        """The secret of a new link that makes the first admin; older ones lead nowhere now.

        Raises `Conflict` when there are people already.
        """
        if User.exist(session):
            raise Conflict(
                "The board is set up already. An admin invites people; "
                "or run: callboard user create NAME --role admin"
            )
        session.execute(
            update(cls)
            .where(cls.purpose == "setup", cls.ended_at.is_(None))
            .values(ended_at=clock.now())
        )
        AuditEntry.record(session, "setup_link_made", actor)
        return cls._make(session, "setup", actor, role="admin")

    @classmethod
    def to_join(cls, session: Session, *, role: str, note: str | None, actor: Actor) -> str:
        """The secret of a new link with which someone joins in that role. `note`: for whom."""
        note = optional_line(note, "note", cls.NOTE_MAX)
        AuditEntry.record(session, "user_invited", actor, subject=note, role=require_role(role))
        return cls._make(session, "invitation", actor, role=role, note=note)

    @classmethod
    def to_reset(cls, session: Session, user: User, actor: Actor) -> str:
        """The secret of a new link with which someone chooses a new password.

        Older ones lead nowhere now. Raises `Conflict` for someone who is disabled.
        """
        if user.is_disabled:
            raise Conflict(f"{user.name} is disabled; enable them first.")
        cls.end_resets(session, user)
        AuditEntry.record(session, "reset_link_made", actor, subject=user.name)
        return cls._make(session, "reset", actor, user_id=user.id)

    @classmethod
    def end_resets(cls, session: Session, user: User) -> None:
        """Let no link that was made for someone's new password lead anywhere."""
        session.execute(
            update(cls)
            .where(cls.purpose == "reset", cls.user_id == user.id, cls.ended_at.is_(None))
            .values(ended_at=clock.now())
        )

    @classmethod
    def _make(
        cls,
        session: Session,
        purpose: Purpose,
        actor: Actor,
        *,
        role: str | None = None,
        user_id: int | None = None,
        note: str | None = None,
    ) -> str:
        secret = new_secret()
        link = cls(
            purpose=purpose,
            token_hash=hash_of(secret),
            role=role,
            user_id=user_id,
            note=note,
            created_by=actor.label,
            created_at=clock.now(),
            expires_at=clock.now() + LIFETIMES[purpose],
        )
        session.add(link)
        session.flush()
        return secret

    @classmethod
    def open(cls, session: Session, secret: str, *purposes: Purpose) -> Self:
        """The link with that secret, held until the transaction ends; raises `NotFound`."""
        link = session.scalar(
            select(cls).where(cls.token_hash == hash_of(secret)).with_for_update()
        )
        if link is None or link.purpose not in purposes or not link.is_good:
            raise NotFound(GONE)
        if link.purpose == "setup" and User.exist(session):
            raise NotFound(GONE)
        if link.user_id is not None and User.get(session, link.user_id).is_disabled:
            raise NotFound(GONE)
        return link

    @classmethod
    def pending(cls, session: Session) -> list[Self]:
        """Invitations that nobody has used yet, the newest first."""
        return list(
            session.scalars(
                select(cls)
                .where(
                    cls.purpose == "invitation",
                    cls.ended_at.is_(None),
                    cls.expires_at > clock.now(),
                )
                .order_by(cls.id.desc())
            )
        )

    @property
    def is_good(self) -> bool:
        """Whether it still leads somewhere."""
        return self.ended_at is None and self.expires_at > clock.now()

    def join(
        self,
        *,
        name: str,
        password: str | None,
        address: str | None,
        display_name: str | None = None,
    ) -> User:
        """Make the team member that this link is for, and use the link up."""
        actor = Actor.person(name.strip().lower(), address)
        user = User.create(
            self.session,
            name=name,
            role=self.role or "viewer",
            actor=actor,
            password=password,
            display_name=display_name,
        )
        self._use(user)
        return user

    def reset_password(self, password: str, address: str | None) -> User:
        """Give the person of this link a new password, and use the link up."""
        user = User.lock(self.session, self.user_id or 0)
        user.set_password(password, Actor.person(user.name, address))
        self.end_resets(self.session, user)
        self._use(user)
        return user

    def revoke(self, actor: Actor) -> None:
        """Let the link lead nowhere."""
        if self.ended_at is None:
            self.ended_at = clock.now()
            AuditEntry.record(self.session, "invitation_revoked", actor, subject=self.note)

    def _use(self, user: User) -> None:
        self.ended_at = clock.now()
        self.used_by = user.name
