"""Projects: a repository and its path, and what every worker in it should know."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Self

from sqlalchemy import CheckConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.actor import Actor
from app.columns import created, updated
from app.errors import Conflict, Invalid, NotFound
from app.extensions import Model
from app.models.event import Event
from app.text import optional_line, require_line, require_repository_name, require_text


class Project(Model):
    """A repository whose tickets and workers stand on the board."""

    __tablename__ = "projects"
    __table_args__ = (CheckConstraint("last_ticket_number >= 0", name="last_ticket_number"),)

    NAME_MAX = 200
    PATH_MAX = 1_000
    SHORT_DESCRIPTION_MAX = 200
    GUIDE_MAX = 65_536
    """Characters of `rules` and of `patterns`, each."""
    PREFIX = re.compile(r"[A-Z][A-Z0-9]{0,9}")

    repository_name: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str]
    short_description: Mapped[str | None]
    rules: Mapped[str] = mapped_column(server_default="")
    patterns: Mapped[str] = mapped_column(server_default="")
    ticket_prefix: Mapped[str | None] = mapped_column(unique=True)
    last_ticket_number: Mapped[int] = mapped_column(server_default="0")
    archived_at: Mapped[datetime | None]
    created_at: Mapped[created]
    updated_at: Mapped[updated]

    @classmethod
    def get(cls, session: Session, repository_name: str) -> Self:
        """The project of that name; raises `NotFound`."""
        project = session.get(cls, repository_name)
        if project is None:
            raise NotFound(f"There is no project {repository_name}.")
        return project

    @classmethod
    def lock(cls, session: Session, repository_name: str) -> Self:
        """The same, held against other changes to the project until the transaction ends."""
        found = session.scalar(
            select(cls)
            .where(cls.repository_name == repository_name)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        if found is None:
            raise NotFound(f"There is no project {repository_name}.")
        return found

    @classmethod
    def create(
        cls,
        session: Session,
        *,
        repository_name: str,
        path: str,
        short_description: str | None = None,
        rules: str = "",
        patterns: str = "",
        ticket_prefix: str | None = None,
    ) -> Self:
        """A new project; without a prefix, one is made of its name. Or `Conflict`, `Invalid`."""
        name = require_repository_name(repository_name, cls.NAME_MAX)
        if session.get(cls, name):
            raise Conflict(f"There is already a project {name}.", "repository_name")
        project = cls(repository_name=name)
        project.edit(path, short_description, rules, patterns)
        project.ticket_prefix = (
            cls._require_free_prefix(session, ticket_prefix)
            if ticket_prefix
            else cls._free_prefix(session, name)
        )
        session.add(project)
        session.flush()
        return project

    @property
    def is_archived(self) -> bool:
        """Whether the project is put away: its pages can be read, its queues are closed."""
        return self.archived_at is not None

    def edit(self, path: str, short_description: str | None, rules: str, patterns: str) -> None:
        """Change what may change about a project; its name and prefix stand in links for ever."""
        self.path = require_line(path, "path", self.PATH_MAX)
        self.short_description = optional_line(
            short_description, "short_description", self.SHORT_DESCRIPTION_MAX
        )
        self.rules = require_text(rules, "rules", self.GUIDE_MAX)
        self.patterns = require_text(patterns, "patterns", self.GUIDE_MAX)

    def archive(self) -> None:
        """Put the project away: no new tickets, no claims. What runs may still finish."""
        self.archived_at = self.archived_at or clock.now()

    def unarchive(self) -> None:
        """Take an archived project back into work."""
        self.archived_at = None

    def require_active(self) -> None:
        """Raise `Conflict` when the project is archived."""
        if self.is_archived:
            raise Conflict(
                f"{self.repository_name} is archived. Take it back into work in its settings first."
            )

    def delete(self, typed_name: str, actor: Actor) -> None:
        """Delete the project with all that belongs to it, if its name was typed to confirm.

        Its events stay as history; those that waited for someone wait no longer.
        """
        if typed_name.strip() != self.repository_name:
            raise Invalid(f"Type {self.repository_name} exactly to delete it.", "confirm")
        self.session.execute(
            update(Event)
            .where(Event.project_id == self.repository_name, ~Event.processed)
            .values(
                processed=True,
                processed_by=actor.label,
                processed_at=clock.now(),
                resolution_summary="the project was deleted",
            )
        )
        self.session.delete(self)

    def next_ticket_id(self) -> str:
        """The next free id, such as WEB-12. Numbers are never given twice."""
        number = self.session.scalar(
            update(Project)
            .where(Project.repository_name == self.repository_name)
            .values(
                last_ticket_number=Project.last_ticket_number + 1, updated_at=Project.updated_at
            )
            .returning(Project.last_ticket_number)
        )
        if self.ticket_prefix is None:
            self.ticket_prefix = self._free_prefix(self.session, self.repository_name)
        return f"{self.ticket_prefix}-{number}"

    @classmethod
    def _require_free_prefix(cls, session: Session, prefix: str) -> str:
        prefix = prefix.strip().upper()
        if not cls.PREFIX.fullmatch(prefix):
            raise Invalid("One to ten letters or digits, starting with a letter.", "ticket_prefix")
        if session.scalar(select(cls.repository_name).where(cls.ticket_prefix == prefix)):
            raise Conflict(
                f"Another project's tickets already start with {prefix}.", "ticket_prefix"
            )
        return prefix

    @classmethod
    def _free_prefix(cls, session: Session, name: str) -> str:
        """A prefix from the last part of the name: acme/web → WEB, then WEB2, WEB3 …"""
        letters = re.sub(r"[^A-Z0-9]", "", name.rsplit("/", 1)[-1].upper()).lstrip("0123456789")
        stem = letters[:4] or "T"
        taken = set(
            session.scalars(select(cls.ticket_prefix).where(cls.ticket_prefix.startswith(stem)))
        )
        return next(
            prefix
            for n in range(1, len(taken) + 2)
            if (prefix := stem + str(n)[n == 1 :]) not in taken
        )
