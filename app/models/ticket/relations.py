"""Related tickets: links that hold nothing up, the same from both ends."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model
from app.db.columns import created


class RelatedTickets(Model):
    """Two tickets that belong together. Each pair is stored once, its lesser id first."""

    __tablename__ = "related_tickets"
    __table_args__ = (
        CheckConstraint("ticket_id <> related_id", name="not_itself"),
        Index(None, "related_id"),
    )

    ticket_id: Mapped[str] = mapped_column(
        ForeignKey("tickets.ticket_id", ondelete="CASCADE"), primary_key=True
    )
    related_id: Mapped[str] = mapped_column(
        ForeignKey("tickets.ticket_id", ondelete="CASCADE"), primary_key=True
    )
    created_at: Mapped[created]
