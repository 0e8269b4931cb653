"""Who belongs to a project that is limited to its members."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model
from app.db.columns import bigint, created


class ProjectMember(Model):
    """A person who may see a project. It counts only while the project is limited."""

    __tablename__ = "project_members"
    __table_args__ = (Index(None, "user_id"),)

    project_id: Mapped[str] = mapped_column(
        ForeignKey("projects.repository_name", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[bigint] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    added_by: Mapped[str]
    created_at: Mapped[created]
