"""Comments: what people and workers say about a ticket, in Markdown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, delete, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.actor import Actor
from app.db.base import Model
from app.db.columns import bigint, created, intpk
from app.errors import Conflict, Forbidden, Invalid
from app.text import require_text


class Comment(Model):
    """One thing said. A worker's comment names its worker type, worker and stage."""

    __tablename__ = "comments"
    __table_args__ = (
        Index(None, "ticket_id", "id"),
        Index(None, "run_id"),
        CheckConstraint("stage_number >= 1", name="stage_number"),
        {"sqlite_autoincrement": True},
    )

    CONTENT_MAX = 131_072
    MISSING = "There is no comment {}."

    id: Mapped[intpk]
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.ticket_id", ondelete="CASCADE"))
    worker_type: Mapped[str | None]
    worker_id: Mapped[str | None]
    stage_number: Mapped[int | None]
    run_id: Mapped[bigint | None] = mapped_column(
        ForeignKey("stage_runs.run_id", ondelete="SET NULL")
    )
    author: Mapped[str | None]
    content: Mapped[str]
    submission_id: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[created]
    edited_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    @classmethod
    def require_content(cls, content: str) -> str:
        """The text of a comment, which may not be empty."""
        text = require_text(content, "content", cls.CONTENT_MAX)
        if not text:
            raise Invalid("Write something first.", "content")
        return text

    @classmethod
    def add(cls, session: Session, **values: Any) -> int:
        """Store a comment by its columns; returns its number."""
        number: int = session.connection().execute(_ADD, values).scalar_one()
        return number

    def is_by(self, actor: Actor) -> bool:
        """Whether that is its author: a worker may have the name of a person."""
        worker_id = actor.name if actor.kind == "worker" else None
        return (self.author, self.worker_id) == (actor.label, worker_id)

    def revise(self, content: str, actor: Actor) -> bool:
        """Say it in other words; the earlier ones are kept. Whether there is a difference."""
        self.require_own(actor)
        content = self.require_content(content)
        if content == self.content:
            return False
        self.session.add(CommentVersion(comment_id=self.id, content=self.content))
        self.content, self.edited_at = content, clock.now()
        return True

    def withdraw(self, actor: Actor) -> None:
        """Take back what was said: it is gone, with all that it said before."""
        self.require_own(actor)
        self.session.execute(delete(CommentVersion).filter_by(comment_id=self.id))
        self.content, self.withdrawn_at = "", clock.now()

    def require_own(self, actor: Actor) -> None:
        """Raise `Forbidden` for others than its author, and `Conflict` when it is withdrawn."""
        if not self.is_by(actor):
            raise Forbidden(f"Only its author can change a comment; this one is {self.author}'s.")
        if self.withdrawn_at:
            raise Conflict("This comment was withdrawn.")


class CommentVersion(Model):
    """A text that a comment once had."""

    __tablename__ = "comment_versions"
    __table_args__ = (Index(None, "comment_id"),)

    id: Mapped[intpk]
    comment_id: Mapped[bigint] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    content: Mapped[str]
    replaced_at: Mapped[created]


_ADD = insert(Comment).returning(Comment.id)
