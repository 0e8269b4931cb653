"""Answers kept for a while, so that a request that is sent twice is carried out once."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

from sqlalchemy import JSON, ForeignKey, Index, delete, select, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.db.base import Model
from app.db.columns import bigint, created


class IdempotencyKey(Model):
    """The answer that a token's request got. It is there without an answer only inside the
    transaction that is still at work on one."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "created_at"),)

    KEY_MAX = 255
    KEPT_FOR = timedelta(days=1)
    FORGOTTEN_AT_ONCE = 200

    token_id: Mapped[bigint] = mapped_column(
        ForeignKey("api_tokens.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    status: Mapped[int | None]
    headers: Mapped[dict[str, str] | None] = mapped_column(JSON)
    response: Mapped[str | None]
    created_at: Mapped[created]

    @classmethod
    def take(cls, session: Session, token_id: int, key: str, request_hash: str) -> bool:
        """Take the key for this transaction. False: it was used before.

        Of two requests at once the second waits here until the first one's transaction ends.
        """
        # A statement of the database's own kind: to load the other one takes long.
        dialect = import_module(f"sqlalchemy.dialects.{session.get_bind().dialect.name}")
        values = {"token_id": token_id, "key": key, "request_hash": request_hash}
        taken = session.execute(
            dialect.insert(cls)
            .values(**values, created_at=clock.now())
            .on_conflict_do_nothing()
            .returning(cls.key)
        )
        return taken.first() is not None

    def keep(self, status: int, headers: dict[str, str], response: str) -> None:
        """Keep the answer for whoever asks again."""
        self.status = status
        self.headers = headers
        self.response = response

    @classmethod
    def forget_old(cls, session: Session) -> None:
        """Delete some of the answers that were kept long enough."""
        old = (
            select(cls.token_id, cls.key)
            .where(cls.created_at < clock.now() - cls.KEPT_FOR)
            .order_by(cls.created_at)
            .limit(cls.FORGOTTEN_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        found = [tuple(row) for row in session.execute(old)]
        if found:
            session.execute(
                delete(cls)
                .where(tuple_(cls.token_id, cls.key).in_(found))
                .execution_options(synchronize_session=False)
            )
