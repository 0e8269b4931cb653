"""Plan templates: execution plans that a project uses again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.actor import Actor
from app.columns import created, intpk, string_list, updated
from app.errors import Conflict, NotFound
from app.extensions import Model
from app.models.audit import AuditEntry
from app.models.plan import require_plan
from app.text import require_line


class PlanTemplate(Model):
    """A named plan of one project, offered when a ticket is created."""

    __tablename__ = "plan_templates"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    NAME_MAX = 64

    id: Mapped[intpk]
    project_id: Mapped[str] = mapped_column(
        ForeignKey("projects.repository_name", ondelete="CASCADE")
    )
    name: Mapped[str]
    plan: Mapped[string_list]
    created_at: Mapped[created]
    updated_at: Mapped[updated]

    @classmethod
    def get(cls, session: Session, template_id: int) -> Self:
        """The template with that number; raises `NotFound`."""
        found = session.get(cls, template_id)
        if found is None:
            raise NotFound("There is no such plan template; it may have been deleted.")
        return found

    @classmethod
    def create(
        cls, session: Session, *, project_id: str, name: str, plan: Sequence[str], actor: Actor
    ) -> Self:
        """A new template; `plan` is checked like a ticket's. Raises `Conflict`, `Invalid`."""
        name = require_line(name, "name", cls.NAME_MAX)
        if session.scalar(select(cls.id).where(cls.project_id == project_id, cls.name == name)):
            raise Conflict(f"{project_id} already has a plan template “{name}”.", "name")
        template = cls(
            project_id=project_id, name=name, plan=require_plan(session, project_id, plan)
        )
        session.add(template)
        session.flush()
        AuditEntry.record(session, "plan_created", actor, subject=name, project_id=project_id)
        return template

    def delete(self, actor: Actor) -> None:
        """Forget the template; tickets made from it keep their plans."""
        AuditEntry.record(
            self.session, "plan_deleted", actor, subject=self.name, project_id=self.project_id
        )
        self.session.delete(self)
