"""Team members: their names, roles and passwords."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal, Self, get_args
from zoneinfo import available_timezones

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import CheckConstraint, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.actor import Actor
from app.db.base import Model
from app.db.columns import created, intpk, string_list, updated
from app.errors import Conflict, Invalid, NotFound
from app.models.audit import AuditEntry
from app.text import optional_line

Role = Literal["viewer", "member", "lead", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""What people may do; each role may do all that those before it may."""

Theme = Literal["system", "light", "dark"]
THEMES: Final[tuple[Theme, ...]] = get_args(Theme)

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]*")
UNKNOWN = "unknown"
"""Whoever couldn't say a password; nobody is called that."""

_RESERVED = {"callboard", UNKNOWN}
"""Names under which events without a person are recorded."""

# argon2id, with RFC 9106's second recommended set of parameters: 64 MiB, three passes.
_hasher = PasswordHasher()


DENSITIES = ("comfortable", "compact")
LIST_SIZES = (25, 50, 100, 200)
"""How many tickets a page of a list may have."""
LIST_COLUMNS = (
    "project",
    "stage",
    "state",
    "priority",
    "assignee",
    "author",
    "created",
    "updated",
    "closed",
)
"""Columns that a list of tickets may have behind the ticket itself, in this order."""
LIST_COLUMNS_DEFAULT = ("stage", "state", "priority", "updated")


class User(Model):
    """Someone who can sign in."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(f"role IN {ROLES}", name="role"),
        CheckConstraint(f"theme IN {THEMES}", name="theme"),
        CheckConstraint(f"list_density IN {DENSITIES}", name="list_density"),
        CheckConstraint(f"list_size IN {LIST_SIZES}", name="list_size"),
    )

    MISSING = "There is no such person."
    # No session begins while a new password ends all others.
    IS_KEY_LOCKED = True
    NAME_MAX = 64
    DISPLAY_NAME_MAX = 100
    PASSWORD_MIN = 12
    PASSWORD_MAX = 256

    id: Mapped[intpk]
    name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str | None]
    password_hash: Mapped[str | None]
    role: Mapped[str] = mapped_column(server_default="member")
    theme: Mapped[str] = mapped_column(server_default="system")
    time_zone: Mapped[str | None]
    first_steps_hidden_at: Mapped[datetime | None]
    """Since when the dashboard shows them no list of the board's first steps."""
    list_density: Mapped[str] = mapped_column(server_default="comfortable")
    list_columns: Mapped[string_list] = mapped_column(server_default="[]")
    """Columns of their lists of tickets; empty: `LIST_COLUMNS_DEFAULT`."""
    list_size: Mapped[int] = mapped_column(server_default="50")
    disabled_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    created_at: Mapped[created]
    updated_at: Mapped[updated]

    @classmethod
    def find(cls, session: Session, name: str) -> Self | None:
        """The user of that name, however its letters are written."""
        return session.scalar(select(cls).where(cls.name == name.strip().lower()))

    @classmethod
    def named(cls, session: Session, name: str) -> Self:
        """The same; raises `NotFound`."""
        user = cls.find(session, name)
        if user is None:
            raise NotFound(f"There is nobody named {name}.")
        return user

    @classmethod
    def exist(cls, session: Session) -> bool:
        """Whether anybody was made yet; before that, the board waits to be set up."""
        return session.scalar(select(cls.id).limit(1)) is not None

    @classmethod
    def is_only_admin(cls, session: Session, user_id: int) -> bool:
        """Whether that is the board's only admin, who must stay one."""
        admins = select(cls.id).where(cls.role == "admin", cls.disabled_at.is_(None)).limit(2)
        return session.scalars(admins).all() == [user_id]

    @classmethod
    def create(
        cls,
        session: Session,
        *,
        name: str,
        role: str,
        actor: Actor,
        password: str | None = None,
        display_name: str | None = None,
    ) -> Self:
        """A new team member. Without a password they need a link, or single sign-on, to sign in."""
        user = cls(name=cls.require_free_name(session, name), role=require_role(role))
        user.display_name = optional_line(display_name, "display_name", cls.DISPLAY_NAME_MAX)
        if password is not None:
            user.password_hash = _hash(password, user.name)
        session.add(user)
        session.flush()
        AuditEntry.record(session, "user_created", actor, subject=user.name, role=user.role)
        return user

    @classmethod
    def require_free_name(cls, session: Session, name: str) -> str:
        """The name in small letters, if someone new may have it; raises `Invalid`, `Conflict`."""
        name = name.strip().lower()
        if not name:
            raise Invalid("This can't be empty.", "name")
        if len(name) > cls.NAME_MAX:
            raise Invalid(f"At most {cls.NAME_MAX} characters; this has {len(name)}.", "name")
        if not _NAME.fullmatch(name):
            raise Invalid("Letters, digits and . _ @ + -, starting with a letter or digit.", "name")
        if name in _RESERVED or cls.find(session, name):
            raise Conflict(f"The name {name} is taken; choose another.", "name")
        return name

    @property
    def is_disabled(self) -> bool:
        """Whether they may not sign in any more."""
        return self.disabled_at is not None

    def has_password(self, password: str) -> bool:
        """Whether that is their password. Slow on purpose: call it outside of any transaction."""
        return is_password_of(self.password_hash, password)

    def set_password(self, password: str, actor: Actor) -> None:
        """Let them sign in with this password from now on; raises `Invalid`."""
        self.password_hash = _hash(password, self.name)
        AuditEntry.record(self.session, "password_changed", actor, subject=self.name)

    def change_role(self, role: str, actor: Actor) -> None:
        """Let them do more, or less. `Conflict` for the last admin."""
        after = require_role(role)
        admins = self._hold_with_admins()
        before = self.role
        if after == before:
            return
        self._require_another(admins)
        self.role = after
        AuditEntry.record(
            self.session, "user_role_changed", actor, subject=self.name, before=before, after=after
        )

    def disable(self, actor: Actor) -> None:
        """Disable the account; what its user did stays. `Conflict` for the last admin."""
        admins = self._hold_with_admins()
        if self.is_disabled:
            return
        self._require_another(admins)
        self.disabled_at = clock.now()
        AuditEntry.record(self.session, "user_disabled", actor, subject=self.name)

    def enable(self, actor: Actor) -> None:
        """Enable the account again."""
        if not self.is_disabled:
            return
        self.disabled_at = None
        AuditEntry.record(self.session, "user_enabled", actor, subject=self.name)

    def choose(self, *, theme: str, time_zone: str | None, display_name: str | None) -> None:
        """How the board looks to them, and how they are called in full."""
        if theme not in THEMES:
            raise Invalid(f"Choose one of {', '.join(THEMES)}.", "theme")
        if time_zone and time_zone not in available_timezones():
            raise Invalid(
                "There is no such time zone; choose one such as Europe/Paris.", "time_zone"
            )
        self.theme, self.time_zone = theme, time_zone or None
        self.display_name = optional_line(display_name, "display_name", self.DISPLAY_NAME_MAX)

    def hide_first_steps(self) -> None:
        """Show them the list of the board's first steps no more."""
        if self.first_steps_hidden_at is None:
            self.first_steps_hidden_at = clock.now()

    def arrange_lists(self, *, density: str, size: int, columns: Sequence[str] | None) -> None:
        """How lists of tickets look to them. Without columns those that they have stay."""
        if density not in DENSITIES:
            raise Invalid(f"Choose one of {', '.join(DENSITIES)}.", "density")
        if size not in LIST_SIZES:
            raise Invalid(f"Choose one of {', '.join(map(str, LIST_SIZES))}.", "size")
        self.list_density, self.list_size = density, size
        if columns is not None:
            chosen = require_columns(columns)
            self.list_columns = [] if tuple(chosen) == LIST_COLUMNS_DEFAULT else chosen

    def _hold_with_admins(self) -> set[int]:
        """The admins who can sign in. They and this user are held until the transaction ends: two
        admins can't remove each other. Always in one order, or the two would wait for ever."""
        rows = self.session.scalars(
            select(User)
            .where(or_(User.id == self.id, User.role == "admin"))
            .order_by(User.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        return {user.id for user in rows if user.role == "admin" and not user.is_disabled}

    def _require_another(self, admins: set[int]) -> None:
        if admins == {self.id}:
            raise Conflict(f"{self.name} is the only admin; make another one first.")


def require_columns(names: Iterable[str]) -> list[str]:
    """These columns in the order of `LIST_COLUMNS`; raises `Invalid`."""
    wanted = set(names)
    if unknown := sorted(wanted.difference(LIST_COLUMNS)):
        raise Invalid(f"Lists have no column {unknown[0][:64]}.", "columns")
    return [name for name in LIST_COLUMNS if name in wanted]


def require_role(role: str) -> str:
    """The role, if it is one; raises `Invalid`."""
    if role not in ROLES:
        raise Invalid(f"There is no role {role}; choose from {', '.join(ROLES)}.", "role")
    return role


def may(role: str, needed: str) -> bool:
    """Whether people of a role may do what another role may."""
    ranks: tuple[str, ...] = ROLES
    return ranks.index(role) >= ranks.index(needed)


def is_password_of(password_hash: str | None, password: str) -> bool:
    """Whether a password fits its hash. Without a hash it takes as long, and fits never: the time
    must not tell a stranger who has an account here."""
    try:
        _hasher.verify(password_hash or _NOBODYS_HASH, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def _hash(password: str, name: str) -> str:
    if len(password) < User.PASSWORD_MIN:
        raise Invalid(f"At least {User.PASSWORD_MIN} characters; a few words do well.", "password")
    if len(password) > User.PASSWORD_MAX:
        raise Invalid(f"At most {User.PASSWORD_MAX} characters.", "password")
    if password.lower() == name.lower() or len(set(password)) < 5:
        raise Invalid("That is too easy to guess; a few words do well.", "password")
    return _hasher.hash(password)


# Written down, because to make it takes as long as to check one; made as all others are.
_NOBODYS_HASH = (
    "$argon2id$v=19$m=65536,t=3,p=4"
    "$a6ojYYPNGJxoIcblRjOiYw$/fUzOMcbA4p8KG6o2bZLmyY47tP4vrGJPwQQpNNr7nQ"
)
