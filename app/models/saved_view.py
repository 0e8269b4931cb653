"""Saved views: queries that people keep under a name, with how what they find is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self, get_args

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    UniqueConstraint,
    false,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db.base import Model
from app.db.columns import bigint, created, intpk, string_list
from app.db.indexes import partial_index
from app.errors import Conflict, Forbidden, Invalid
from app.models.user import User, may, require_columns
from app.text import require_line

Layout = Literal["list", "board"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
LANES = ("project", "priority")
"""What a board can be divided by."""
SHARED = text("user_id IS NULL")


class SavedView(Model):
    """A query that someone keeps under a name; without a user, everyone's."""

    __tablename__ = "saved_views"
    __table_args__ = (
        UniqueConstraint("user_id", "name"),
        CheckConstraint(f"layout IN {LAYOUTS}", name="layout"),
        CheckConstraint(f"lanes IN {('', *LANES)}", name="lanes"),
        # To the constraint above, no two NULLs are the same.
        partial_index("uq_saved_views_shared_name", SHARED, "name", unique=True),
    )

    MISSING = "There is no such view; it may have been deleted."
    NAME_MAX = 64
    QUERY_MAX = 1_000

    id: Mapped[intpk]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    query: Mapped[str]
    columns: Mapped[string_list] = mapped_column(server_default="[]")
    """Names of the list's columns; empty: those that the reader chose for their lists."""
    layout: Mapped[str] = mapped_column(server_default="list")
    lanes: Mapped[str] = mapped_column(server_default="")
    """What its board is divided by; empty: by nothing."""
    pinned: Mapped[bool] = mapped_column(server_default=false())
    position: Mapped[int] = mapped_column(server_default="0")
    created_by: Mapped[str | None]
    created_at: Mapped[created]

    @classmethod
    def of(cls, session: Session, user: User) -> list[Self]:
        """Those that the person sees: first their own, then everyone's, each in their order."""
        mine = cls.user_id == user.id
        seen = select(cls).where(mine | cls.user_id.is_(None))
        order = cls.user_id.is_(None), cls.position, cls.id
        return list(session.scalars(seen.order_by(*order)))

    @classmethod
    def create(
        cls,
        session: Session,
        user: User,
        *,
        name: str,
        query: str,
        columns: Sequence[str] = (),
        layout: str = "list",
        lanes: str = "",
        pinned: bool = False,
    ) -> Self:
        """A view of the person's own, behind those that they have."""
        view = cls(user_id=user.id, created_by=user.name, pinned=pinned)
        view.name = view._require_free(session, name, user.id)
        view._show(query, columns, layout, lanes)
        view.position = cls._next_position(session, user.id)
        session.add(view)
        session.flush()
        return view

    @property
    def is_shared(self) -> bool:
        """Whether it is everyone's."""
        return self.user_id is None

    def edit(
        self,
        user: User,
        *,
        query: str,
        columns: Sequence[str],
        layout: str,
        lanes: str,
        pinned: bool,
    ) -> None:
        """Change what it finds, and how that is shown."""
        self.require_editable(user)
        self._show(query, columns, layout, lanes)
        self.pinned = pinned

    def show_columns(self, user: User, columns: Sequence[str]) -> None:
        """Let its list have these columns, whoever reads it."""
        self.require_editable(user)
        self.columns = require_columns(columns)

    def rename(self, user: User, name: str) -> None:
        """Give it another name."""
        self.require_editable(user)
        if name != self.name:
            self.name = self._require_free(self.session, name, self.user_id)

    def share(self, user: User) -> None:
        """Make it everyone's; only leads do."""
        if not may(user.role, "lead"):
            raise Forbidden("Only leads share views with everyone.")
        self.require_editable(user)
        if not self.is_shared:
            self._require_free(self.session, self.name, None)
            self.position = self._next_position(self.session, None)
            self.user_id = None

    def delete(self, user: User) -> None:
        """Forget it; whose lists began with it begin with all tickets again."""
        self.require_editable(user)
        self.session.delete(self)

    def make_default(self, user: User) -> None:
        """Let the person's list of tickets begin with it."""
        self.require_visible(user)
        self.session.merge(DefaultView(user_id=user.id, view_id=self.id))

    def require_visible(self, user: User) -> None:
        """Raise `Forbidden` for somebody else's own view."""
        if self.user_id not in (None, user.id):
            raise Forbidden("This view is somebody else's.")

    def require_editable(self, user: User) -> None:
        """Raise `Forbidden` unless it is the person's own, or everyone's and they are a lead."""
        self.require_visible(user)
        if self.is_shared and not may(user.role, "lead"):
            raise Forbidden("Only leads change views that are everyone's.")

    @classmethod
    def reorder(cls, session: Session, user: User, ids: Sequence[int], *, shared: bool) -> None:
        """Put the person's own views, or everyone's, into this order; those left out come last."""
        if shared and not may(user.role, "lead"):
            raise Forbidden("Only leads change views that are everyone's.")
        places = {view_id: place for place, view_id in enumerate(dict.fromkeys(ids))}
        views = [view for view in cls.of(session, user) if view.is_shared == shared]
        ordered = sorted(views, key=lambda view: places.get(view.id, len(places)))
        for position, view in enumerate(ordered):
            view.position = position

    def _show(self, query: str, columns: Sequence[str], layout: str, lanes: str) -> None:
        if layout not in LAYOUTS:
            raise Invalid("A view is a list or a board.", "layout")
        if len(query) > self.QUERY_MAX:
            raise Invalid(f"At most {self.QUERY_MAX:,} characters.", "query")
        if lanes not in ("", *LANES):
            raise Invalid(f"Lanes are by {' or '.join(LANES)}.", "lanes")
        self.query, self.columns = " ".join(query.split()), require_columns(columns)
        self.layout, self.lanes = layout, lanes if layout == "board" else ""

    @classmethod
    def _require_free(cls, session: Session, name: str, user_id: int | None) -> str:
        name = require_line(name, "name", cls.NAME_MAX)
        same = select(cls.id).where(cls.name == name, cls.user_id.is_not_distinct_from(user_id))
        if session.scalar(same):
            raise Conflict(f"There is already a view “{name}”.", "name")
        return name

    @classmethod
    def _next_position(cls, session: Session, user_id: int | None) -> int:
        of_owner = cls.user_id.is_not_distinct_from(user_id)
        return (session.scalar(select(func.max(cls.position)).where(of_owner)) or 0) + 1


class DefaultView(Model):
    """The view that a person's list of tickets opens with."""

    __tablename__ = "default_views"
    __table_args__ = (Index(None, "view_id"),)

    user_id: Mapped[bigint] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    view_id: Mapped[bigint] = mapped_column(ForeignKey("saved_views.id", ondelete="CASCADE"))

    @classmethod
    def of_user(cls, session: Session, user_id: int) -> SavedView | None:
        """The person's default view."""
        chosen = select(SavedView).join(cls, cls.view_id == SavedView.id)
        return session.scalar(chosen.where(cls.user_id == user_id))

    @classmethod
    def clear(cls, session: Session, user_id: int) -> None:
        """Let their list begin with all tickets again."""
        if chosen := session.get(cls, user_id):
            session.delete(chosen)
