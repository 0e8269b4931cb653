"""Filters of the ticket list that people keep."""

from __future__ import annotations

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model
from app.db.columns import created, intpk


class SavedView(Model):
    """A filter of the ticket list that someone keeps under a name; without a user, everyone's."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[intpk]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    query: Mapped[str]
    position: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[created]
