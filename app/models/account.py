"""People and programs: who may come in, and what they keep for themselves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.columns import created, intpk, string_list, updated
from app.extensions import Model

ROLES = ("viewer", "member", "lead", "admin")


class User(Model):
    """A team member."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint(f"role IN {ROLES}", name="role"),)

    id: Mapped[intpk]
    name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str | None]
    password_hash: Mapped[str | None]
    role: Mapped[str] = mapped_column(server_default="member")
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[created]
    updated_at: Mapped[updated]


class ApiToken(Model):
    """A program's key. Only its hash is kept; `prefix` lets people recognise it."""

    __tablename__ = "api_tokens"

    id: Mapped[intpk]
    name: Mapped[str]
    prefix: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[string_list]
    project_id: Mapped[str | None] = mapped_column(
        ForeignKey("projects.repository_name", ondelete="CASCADE")
    )
    created_by: Mapped[str | None]
    created_at: Mapped[created]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


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
