"""Tries to sign in with a password, counted so that nobody can guess for long.

The counts are in the database: they hold for all processes together. Two limits work at once. One
address may fail only so often, whomever it tries. One account may fail only so often, too, but for
addresses that it was signed in from before: so a stranger who fails on purpose doesn't lock its
owner out, and nobody is locked out for longer than the window.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Any, Self

from sqlalchemy import Index, delete, exists, func, select, text
from sqlalchemy.orm import Mapped, Session, aliased

from app import clock
from app.db.base import Model
from app.db.columns import created, intpk
from app.errors import TooMany


class SignInAttempt(Model):
    """One try. Names are kept as hashes: people type passwords into the wrong field."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        Index(None, "name_hash", "created_at"),
        Index(None, "address", "created_at"),
        Index(None, "created_at"),
    )

    WINDOW = timedelta(minutes=15)
    KNOWN_FOR = timedelta(days=30)
    """How long an address is known to an account after a sign-in."""
    PER_ADDRESS = 30
    PER_ACCOUNT = 10
    """Failures within the window: of one address; of one account, or of it at a known address."""

    id: Mapped[intpk]
    name_hash: Mapped[str]
    address: Mapped[str]
    succeeded: Mapped[bool]
    created_at: Mapped[created]

    @classmethod
    def begin(cls, session: Session, name: str, address: str | None) -> Self:
        """Note a try, as a failure for now; raises `TooMany` when there were too many."""
        name_hash, place = _hash(name), _network(address)
        cls._hold_table(session)
        now = clock.now()
        cls._forget_old(session, now)
        failed = select(func.count(), func.min(cls.created_at)).where(
            ~cls.succeeded, cls.created_at > now - cls.WINDOW
        )
        cls._require_below(session, failed.where(cls.address == place), cls.PER_ADDRESS)
        at_account = failed.where(cls.name_hash == name_hash)
        if cls._is_known(session, name_hash, place, now):
            at_account = at_account.where(cls.address == place)
        else:
            at_account = at_account.where(cls._is_strange(now))
        cls._require_below(session, at_account, cls.PER_ACCOUNT)
        attempt = cls(name_hash=name_hash, address=place, succeeded=False, created_at=now)
        session.add(attempt)
        session.flush()
        return attempt

    def succeed(self) -> None:
        """It was the right password."""
        self.succeeded = True

    @classmethod
    def _hold_table(cls, session: Session) -> None:
        # Tries sent at the same moment must see each other: one after the other they count, and are
        # counted. On SQLite every transaction that writes is alone anyway.
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text(f"LOCK TABLE {cls.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))

    @classmethod
    def _require_below(cls, session: Session, rows: Any, limit: int) -> None:
        count, first = session.execute(rows).one()
        if count >= limit:
            wait = max(1, ceil((first + cls.WINDOW - clock.now()).total_seconds()))
            minutes = -(-wait // 60)
            raise TooMany(
                f"Too many tries. Wait {minutes} minute{'s' if minutes > 1 else ''}, "
                "then try again.",
                retry_after=wait,
            )

    @classmethod
    def _is_known(cls, session: Session, name_hash: str, place: str, now: datetime) -> bool:
        found = select(cls.id).where(
            cls.name_hash == name_hash,
            cls.address == place,
            cls.succeeded,
            cls.created_at > now - cls.KNOWN_FOR,
        )
        return session.scalar(found.limit(1)) is not None

    @classmethod
    def _is_strange(cls, now: datetime) -> Any:
        """Whether a try came from an address that the account was never signed in from."""
        before = aliased(cls)
        return ~exists().where(
            before.name_hash == cls.name_hash,
            before.address == cls.address,
            before.succeeded,
            before.created_at > now - cls.KNOWN_FOR,
        )

    @classmethod
    def _forget_old(cls, session: Session, now: datetime) -> None:
        session.execute(delete(cls).where(cls.created_at < now - cls.KNOWN_FOR))
        session.execute(delete(cls).where(~cls.succeeded, cls.created_at < now - cls.WINDOW))


def _hash(name: str) -> str:
    return hashlib.sha256(name.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()


def _network(address: str | None) -> str:
    """The address, or for IPv6 the /64 it is in: one customer has all of it."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return f"{IPv6Address(int(found) >> 64 << 64)}/64"
    return str(found)
