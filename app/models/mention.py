"""Mentions: a person is named in what a ticket says, or in what is said about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, delete, insert, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.db.base import Model
from app.db.columns import bigint, created, intpk
from app.db.indexes import partial_index
from app.markdown.references import NAMES_MAX, names_in, people_mentioned
from app.values import immutable

UNSEEN = text("seen_at IS NULL")


@immutable
class Said:
    """A text of a ticket in which people may be named: its description, or a comment. `before`:
    what stood there; whom that named was told already."""

    ticket_id: str
    content: str
    comment_id: int | None = None
    before: str = ""

    @property
    def people(self) -> set[str]:
        """The names of those who are named only now."""
        return people_mentioned(self.content) - people_mentioned(self.before)


class Mention(Model):
    """A person who is named, until they have seen it: it waits in their inbox, and in no other."""

    __tablename__ = "mentions"
    __table_args__ = (
        partial_index("ix_mentions_unseen", UNSEEN, "user_id", "id"),
        Index(None, "ticket_id"),
        Index(None, "comment_id"),
    )

    NAMED_MAX = NAMES_MAX
    """People that one text can tell."""

    id: Mapped[intpk]
    user_id: Mapped[bigint] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.ticket_id", ondelete="CASCADE"))
    comment_id: Mapped[bigint | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    """Where; null: in the description."""
    author: Mapped[str | None]
    created_at: Mapped[created]
    seen_at: Mapped[datetime | None]

    @classmethod
    def names_in(cls, texts: Sequence[Said]) -> set[str]:
        """What may be names in them, before any text is looked at closely."""
        return {name for said in texts for name in names_in(said.content)}

    @classmethod
    def add_all(
        cls, session: Session, texts: Sequence[Said], people: dict[str, int], author: str
    ) -> None:
        """Tell each of these people, by their names, in which texts they are named."""
        now = clock.now()
        rows: list[dict[str, Any]] = [
            {
                "user_id": people[name],
                "ticket_id": said.ticket_id,
                "comment_id": said.comment_id,
                "author": author,
                "created_at": now,
            }
            for said in texts
            for name in sorted(said.people & people.keys())
        ]
        if rows:
            session.execute(insert(cls), rows)

    @classmethod
    def forget(cls, session: Session, comment_id: int) -> None:
        """What is withdrawn names nobody."""
        session.execute(delete(cls).filter_by(comment_id=comment_id))

    @classmethod
    def see(
        cls,
        session: Session,
        user_id: int,
        *,
        ticket_id: str | None = None,
        ids: Collection[int] = (),
    ) -> None:
        """A person has seen where they are named: at a ticket, or these; else everywhere."""
        unseen = update(cls).where(cls.user_id == user_id, UNSEEN)
        if ticket_id is not None:
            unseen = unseen.where(cls.ticket_id == ticket_id)
        if ids:
            unseen = unseen.where(cls.id.in_(ids))
        session.execute(
            unseen.values(seen_at=clock.now()), execution_options={"synchronize_session": False}
        )
