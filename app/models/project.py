"""Projects: a repository and its path, and what every worker in it should know."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Self, TypedDict, Unpack

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    and_,
    bindparam,
    delete,
    exists,
    false,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.actor import Actor
from app.db.base import Model
from app.db.columns import bigint, created, updated
from app.db.rows import rows_of
from app.errors import Conflict, Invalid
from app.models.audit import Action, AuditEntry
from app.models.event import Event
from app.models.user import User
from app.text import optional_line, require_line, require_repository_name, require_text


class ProjectChanges(TypedDict, total=False):
    """What may change about a project."""

    path: str
    short_description: str | None
    rules: str
    patterns: str
    max_in_progress: int | None


class Project(Model):
    """A repository whose tickets and workers stand on the board."""

    __tablename__ = "projects"
    __table_args__ = (
        CheckConstraint("last_ticket_number >= 0", name="last_ticket_number"),
        CheckConstraint("max_in_progress >= 1", name="max_in_progress"),
    )

    MISSING = "There is no project {}."
    NAME_MAX = 200
    PATH_MAX = 1_000
    SHORT_DESCRIPTION_MAX = 200
    MAX_IN_PROGRESS_MAX = 100_000
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
    max_in_progress: Mapped[int | None]
    """Tickets that are begun and not closed, at most; None: any number."""
    archived_at: Mapped[datetime | None]
    members_only: Mapped[bool] = mapped_column(server_default=false())
    is_sample: Mapped[bool] = mapped_column(server_default=false())
    """Made to look at: nothing in it is anybody's work, so it is removed without a typed name, and
    the first steps of a board don't count it."""
    created_at: Mapped[created]
    updated_at: Mapped[updated]

    @classmethod
    def create(
        cls,
        session: Session,
        *,
        actor: Actor,
        repository_name: str,
        path: str,
        short_description: str | None = None,
        rules: str = "",
        patterns: str = "",
        ticket_prefix: str | None = None,
        max_in_progress: int | None = None,
        is_sample: bool = False,
    ) -> Self:
        """A new project; without a prefix, one is made of its name. Or `Conflict`, `Invalid`."""
        name = require_repository_name(repository_name, cls.NAME_MAX)
        if session.get(cls, name):
            raise Conflict(f"The name {name} is taken; choose another.", "repository_name")
        now = clock.now()
        project = cls(repository_name=name, is_sample=is_sample, created_at=now, updated_at=now)
        project._describe(path, short_description, rules, patterns)
        project._limit(max_in_progress)
        project.ticket_prefix = (
            cls._require_free_prefix(session, ticket_prefix)
            if ticket_prefix
            else cls._free_prefix(session, name)
        )
        session.add(project)
        session.flush()
        AuditEntry.record(session, "project_created", actor, project_id=name)
        return project

    @property
    def is_archived(self) -> bool:
        """Whether the project is put away: its pages can be read, its queues are closed."""
        return self.archived_at is not None

    def edit(self, *, actor: Actor, **changes: Unpack[ProjectChanges]) -> None:
        """Change what is given; what is left out stays. Its name and prefix stand in links for
        ever."""
        before = self._description
        wanted: Any = {**before, **changes}
        most = wanted.pop("max_in_progress")
        self._describe(**wanted)
        self._limit(most)
        after = self._description
        if changed := [name for name in before if before[name] != after[name]]:
            self._record("project_edited", actor, changed=changed)

    def _describe(
        self, path: str, short_description: str | None, rules: str, patterns: str
    ) -> None:
        self.path = require_line(path, "path", self.PATH_MAX)
        self.short_description = optional_line(
            short_description, "short_description", self.SHORT_DESCRIPTION_MAX
        )
        self.rules = require_text(rules, "rules", self.GUIDE_MAX)
        self.patterns = require_text(patterns, "patterns", self.GUIDE_MAX)

    def _limit(self, max_in_progress: int | None) -> None:
        if max_in_progress is not None and not 1 <= max_in_progress <= self.MAX_IN_PROGRESS_MAX:
            raise Invalid("At least 1, at most 100,000; empty: no limit.", "max_in_progress")
        self.max_in_progress = max_in_progress

    @property
    def _description(self) -> dict[str, str | int | None]:
        return {
            "path": self.path,
            "short_description": self.short_description,
            "rules": self.rules,
            "patterns": self.patterns,
            "max_in_progress": self.max_in_progress,
        }

    def archive(self, actor: Actor) -> None:
        """Put the project away: no new tickets, no claims. What runs may still finish."""
        if not self.is_archived:
            self.archived_at = clock.now()
            self._record("project_archived", actor)

    def unarchive(self, actor: Actor) -> None:
        """Take an archived project back into work."""
        if self.is_archived:
            self.archived_at = None
            self._record("project_unarchived", actor)

    def limit_to_members(self, actor: Actor) -> None:
        """Let only its members, admins, and tokens made for it know of the project."""
        if not self.members_only:
            self.members_only = True
            self._record("project_limited", actor)

    def open_to_all(self, actor: Actor) -> None:
        """Let everyone see the project; the list of its members is kept."""
        if self.members_only:
            self.members_only = False
            self._record("project_opened", actor)

    def add_member(self, user: User, actor: Actor) -> None:
        """Let someone see the project while it is limited."""
        key = {"project_id": self.repository_name, "user_id": user.id}
        if self.session.get(ProjectMember, key) is None:
            self.session.add(ProjectMember(**key, added_by=actor.label))
            self._record("member_added", actor, subject=user.name)

    def remove_member(self, user: User, actor: Actor) -> None:
        """Let someone see the project no more while it is limited."""
        key = {"project_id": self.repository_name, "user_id": user.id}
        if member := self.session.get(ProjectMember, key):
            self.session.delete(member)
            self._record("member_removed", actor, subject=user.name)

    def _record(
        self, action: Action, actor: Actor, *, subject: str | None = None, **details: Any
    ) -> None:
        AuditEntry.record(
            self.session,
            action,
            actor,
            subject=subject,
            project_id=self.repository_name,
            **details,
        )

    def require_active(self) -> None:
        """Raise `Conflict` when the project is archived."""
        if self.is_archived:
            raise Conflict(
                f"{self.repository_name} is archived. Take it back into work in its settings first."
            )

    def delete(self, typed_name: str, actor: Actor) -> None:
        """Delete the project with all that belongs to it, if its name was typed to confirm, or it
        is a sample.

        Its events go too: they hold what was said there, and would lead to pages that are gone.
        The audit keeps who deleted it.
        """
        if not self.is_sample and typed_name.strip() != self.repository_name:
            raise Invalid(f"Type {self.repository_name} exactly to delete it.", "confirm")
        self.session.execute(delete(Event).where(Event.project_id == self.repository_name))
        self._record("project_deleted", actor)
        self.session.delete(self)

    def next_ticket_ids(self, count: int) -> list[str]:
        """The next ids, such as WEB-12. Numbers are never given twice."""
        numbered = {"of_project": self.repository_name, "tickets": count}
        last: int = rows_of(self.session, _NUMBER_TICKETS, **numbered).scalar_one()
        if self.ticket_prefix is None:
            self.ticket_prefix = self._free_prefix(self.session, self.repository_name)
        return [f"{self.ticket_prefix}-{last - count + n}" for n in range(1, count + 1)]

    @classmethod
    def _require_free_prefix(cls, session: Session, prefix: str) -> str:
        prefix = prefix.strip().upper()
        if not cls.PREFIX.fullmatch(prefix):
            raise Invalid("One to ten letters or digits, starting with a letter.", "ticket_prefix")
        if session.scalar(select(cls.repository_name).where(cls.ticket_prefix == prefix)):
            raise Conflict(f"The prefix {prefix} is taken; choose another.", "ticket_prefix")
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


_NUMBER_TICKETS = (
    update(Project)
    .where(Project.repository_name == bindparam("of_project"))
    .values(
        last_ticket_number=Project.last_ticket_number + bindparam("tickets"),
        updated_at=Project.updated_at,
    )
    .returning(Project.last_ticket_number)
)


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


_BELONGS = exists().where(
    ProjectMember.project_id == Project.repository_name, ProjectMember.user_id == User.id
)
IS_HIDDEN = and_(Project.members_only, User.role != "admin", ~_BELONGS)
"""Whether a project is kept from a person, where both are among a query's tables."""
