"""Saved views: queries that people keep under a name, with how what they find is shown."""

from __future__ import annotations

from typing import Literal, get_args

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model
from app.db.columns import bigint, created, intpk, string_list

Layout = Literal["list", "board"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
SHARED = text("user_id IS NULL")


class SavedView(Model):
    """A query that someone keeps under a name; without a user, everyone's."""

    __tablename__ = "saved_views"
    __table_args__ = (
        UniqueConstraint("user_id", "name"),
        CheckConstraint(f"layout IN {LAYOUTS}", name="layout"),
        # To the constraint above, no two NULLs are the same.
        Index(
            "uq_saved_views_shared_name",
            "name",
            unique=True,
            sqlite_where=SHARED,
            postgresql_where=SHARED,
        ),
    )

    id: Mapped[intpk]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    query: Mapped[str]
    columns: Mapped[string_list] = mapped_column(server_default="[]")
    """Names of the list's columns, in order; empty: those that lists have by themselves."""
    sort: Mapped[str] = mapped_column(server_default="")
    layout: Mapped[str] = mapped_column(server_default="list")
    pinned: Mapped[bool] = mapped_column(server_default=false())
    position: Mapped[int] = mapped_column(server_default="0")
    created_by: Mapped[str | None]
    created_at: Mapped[created]


class DefaultView(Model):
    """The view that a person's list of tickets opens with."""

    __tablename__ = "default_views"
    __table_args__ = (Index(None, "view_id"),)

    user_id: Mapped[bigint] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    view_id: Mapped[bigint] = mapped_column(ForeignKey("saved_views.id", ondelete="CASCADE"))
