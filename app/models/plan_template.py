"""Plan templates: execution plans that a project uses again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.actor import Actor
from app.db.base import Model
from app.db.columns import created, intpk, string_list, updated
from app.errors import Conflict
from app.models.audit import Action, AuditEntry
from app.models.plan import require_plan
from app.text import require_line


class PlanTemplate(Model):
    """A named plan of one project, offered when a ticket is created."""

    __tablename__ = "plan_templates"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    NAME_MAX = 64
    MISSING = "There is no such plan template; it may have been deleted."

    id: Mapped[intpk]
    project_id: Mapped[str] = mapped_column(
        ForeignKey("projects.repository_name", ondelete="CASCADE")
    )
    name: Mapped[str]
    plan: Mapped[string_list]
    created_at: Mapped[created]
    updated_at: Mapped[updated]

    @classmethod
    def create(
        cls, session: Session, *, project_id: str, name: str, plan: Sequence[str], actor: Actor
    ) -> Self:
        """A new template; `plan` is checked like a ticket's. Raises `Conflict`, `Invalid`."""
        name = require_line(name, "name", cls.NAME_MAX)
        cls._require_free(session, project_id, name)
        template = cls(
            project_id=project_id,
            name=name,
            plan=require_plan(session, project_id, plan),
            created_at=clock.now(),
            updated_at=clock.now(),
        )
        session.add(template)
        session.flush()
        template._record("plan_created", actor)
        return template

    def edit(self, *, name: str, plan: Sequence[str], actor: Actor) -> None:
        """Give it another name or other stages; tickets made from it keep theirs. Raises as
        `create` does."""
        name = require_line(name, "name", self.NAME_MAX)
        stages = require_plan(self.session, self.project_id, plan)
        if name != self.name:
            self._require_free(self.session, self.project_id, name)
            self._record("plan_edited", actor, before=self.name, after=name)
            self.name = name
        if stages != self.plan:
            self._record("plan_edited", actor)
            self.plan = stages

    def delete(self, actor: Actor) -> None:
        """Forget the template; tickets made from it keep their plans."""
        self._record("plan_deleted", actor)
        self.session.delete(self)

    @classmethod
    def _require_free(cls, session: Session, project_id: str, name: str) -> None:
        if session.scalar(select(cls.id).where(cls.project_id == project_id, cls.name == name)):
            raise Conflict(f"{project_id} already has a plan template “{name}”.", "name")

    def _record(self, action: Action, actor: Actor, **details: str) -> None:
        AuditEntry.record(
            self.session,
            action,
            actor,
            subject=self.name,
            project_id=self.project_id,
            **details,
        )
