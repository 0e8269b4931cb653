"""Worker types: the roles of one project, each with its system prompt and that prompt's history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self, TypedDict, Unpack

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, delete, insert, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.actor import Actor
from app.db.base import Model
from app.db.columns import bigint, created, intpk, updated
from app.errors import Conflict, Forbidden, Invalid
from app.models.audit import Action, AuditEntry
from app.models.project import IS_HIDDEN, Project
from app.models.user import User
from app.text import optional_line, require_name, require_text

PerformedBy = Literal["agent", "person"]


class RoleChanges(TypedDict, total=False):
    """What may change about a role."""

    short_description: str | None
    system_prompt: str
    performed_by: str
    lease_seconds: int
    max_attempts: int
    max_running: int | None
    approvers: Sequence[str]


class WorkerType(Model):
    """A role in one project. One performed by a person is a gate: it waits for a team member."""

    __tablename__ = "worker_types"
    __table_args__ = (
        UniqueConstraint("project_id", "worker_type"),
        CheckConstraint("performed_by IN ('agent', 'person')", name="performed_by"),
        CheckConstraint("lease_seconds BETWEEN 10 AND 86400", name="lease_seconds"),
        CheckConstraint("max_attempts BETWEEN 1 AND 100", name="max_attempts"),
        CheckConstraint("max_running >= 1", name="max_running"),
    )

    MISSING = "There is no such worker type; it may have been deleted."
    # No plan that names it is stored before it is deleted or renamed.
    IS_KEY_LOCKED = True
    NAME_MAX = 64
    RESERVED_NAME = "Planned"
    """What `tickets.last_completed_stage` says before any stage is done."""
    SHORT_DESCRIPTION_MAX = 200
    SYSTEM_PROMPT_MAX = 65_536
    LEASE_SECONDS_MIN, LEASE_SECONDS_MAX, LEASE_SECONDS_DEFAULT = 10, 86_400, 300
    MAX_RUNNING_MAX = 10_000
    MAX_ATTEMPTS_MIN, MAX_ATTEMPTS_MAX, MAX_ATTEMPTS_DEFAULT = 1, 100, 3

    id: Mapped[intpk]
    project_id: Mapped[str] = mapped_column(
        ForeignKey("projects.repository_name", ondelete="CASCADE")
    )
    worker_type: Mapped[str]
    short_description: Mapped[str | None]
    system_prompt: Mapped[str] = mapped_column(server_default="")
    performed_by: Mapped[str] = mapped_column(server_default="agent")
    lease_seconds: Mapped[int] = mapped_column(server_default="300")
    max_attempts: Mapped[int] = mapped_column(server_default="3")
    max_running: Mapped[int | None]
    """Runs at once; None: as many as there are workers."""
    prompt_version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[created]
    updated_at: Mapped[updated]

    @classmethod
    def named(cls, session: Session, project_id: str, name: str) -> Self | None:
        """The project's worker type of that name."""
        return session.scalar(
            select(cls).where(cls.project_id == project_id, cls.worker_type == name)
        )

    @classmethod
    def create(
        cls,
        session: Session,
        *,
        project_id: str,
        worker_type: str,
        actor: Actor,
        short_description: str | None = None,
        system_prompt: str = "",
        performed_by: str = "agent",
        lease_seconds: int = LEASE_SECONDS_DEFAULT,
        max_attempts: int = MAX_ATTEMPTS_DEFAULT,
        max_running: int | None = None,
        approvers: Sequence[str] = (),
    ) -> Self:
        """A new role of the project, and the first version of its prompt."""
        name = require_name(worker_type, "worker_type", cls.NAME_MAX)
        cls._require_free(session, project_id, name)
        made = {"prompt_version": 1, "created_at": clock.now(), "updated_at": clock.now()}
        row = cls(project_id=project_id, worker_type=name, system_prompt="", **made)
        row._set(short_description, performed_by, lease_seconds, max_attempts, max_running)
        row.system_prompt = require_text(system_prompt, "system_prompt", cls.SYSTEM_PROMPT_MAX)
        session.add(row)
        session.flush()
        row._keep_prompt(actor)
        row._name_approvers(approvers)
        row.record("worker_type_created", actor)
        return row

    @hybrid_property
    def is_gate(self) -> bool:
        """Whether a person performs this stage, also as a condition of a query."""
        return self.performed_by == "person"

    def edit(self, *, actor: Actor, **changes: Unpack[RoleChanges]) -> None:
        """Change what is given; what is left out stays. A new prompt becomes a new version; the old
        ones stay readable."""
        self.lock(self.session, self.id)
        before = self._terms
        prompt = changes.pop("system_prompt", self.system_prompt)
        prompt = require_text(prompt, "system_prompt", self.SYSTEM_PROMPT_MAX)
        terms: Any = {**before, **changes}
        approvers = terms.pop("approvers")
        self._set(**terms)
        self._name_approvers(approvers)
        if changed := [name for name, value in self._terms.items() if before[name] != value]:
            self.record("worker_type_edited", actor, changed=changed)
        if prompt != self.system_prompt:
            self.system_prompt = prompt
            self.prompt_version += 1
            self._keep_prompt(actor)

    def rename(self, worker_type: str, actor: Actor) -> None:
        """Give the role another name; `pipeline.rename_worker_type` guards plans that name it."""
        name = require_name(worker_type, "worker_type", self.NAME_MAX)
        if name != self.worker_type:
            self._require_free(self.session, self.project_id, name)
            self.record("worker_type_edited", actor, before=self.worker_type, after=name)
            self.worker_type = name

    def record(self, action: Action, actor: Actor, **details: Any) -> None:
        """Write into the audit what was done to this role."""
        AuditEntry.record(
            self.session,
            action,
            actor,
            subject=self.worker_type,
            project_id=self.project_id,
            **details,
        )

    @property
    def _terms(self) -> dict[str, object]:
        """What the role says besides its prompt, whose changes have a history of their own."""
        return {
            "short_description": self.short_description,
            "performed_by": self.performed_by,
            "lease_seconds": self.lease_seconds,
            "max_attempts": self.max_attempts,
            "max_running": self.max_running,
            "approvers": self.approvers,
        }

    @property
    def approvers(self) -> list[str]:
        """The names of those who decide at this gate; empty: every team member may."""
        named = select(User.name).join(GateApprover, GateApprover.user_id == User.id)
        named = named.where(GateApprover.worker_type_id == self.id).order_by(User.id)
        return list(self.session.scalars(named))

    def require_approver(self, actor: Actor) -> None:
        """Raise `Forbidden` unless the person may decide at this gate: one of those it names."""
        named = self.approvers if self.is_gate else []
        if named and not (actor.kind == "person" and actor.name in named):
            raise Forbidden(
                f"At {self.worker_type} only {', '.join(named)} may decide. Ask one of them."
            )

    def _name_approvers(self, names: Sequence[str]) -> None:
        names = list(dict.fromkeys(name.strip().lower() for name in names if name.strip()))
        before = self.approvers
        if names and not self.is_gate:
            if names != before:
                raise Invalid("Only a gate, performed by a person, has approvers.", "approvers")
            names = []
        if names == before:
            return
        numbers = [self._require_approver(name) for name in names]
        self.session.execute(delete(GateApprover).filter_by(worker_type_id=self.id))
        rows = [{"worker_type_id": self.id, "user_id": number} for number in numbers]
        if rows:
            self.session.execute(insert(GateApprover), rows)

    def _require_approver(self, name: str) -> int:
        found = self.session.scalar(
            select(User.id)
            .join(Project, Project.repository_name == self.project_id)
            .where(User.name == name, User.role != "viewer", User.disabled_at.is_(None))
            .where(~IS_HIDDEN)
        )
        if found is None:
            raise Invalid(
                f"There is no team member named {name} who can see {self.project_id}.", "approvers"
            )
        return found

    @classmethod
    def _require_free(cls, session: Session, project_id: str, name: str) -> None:
        if name == cls.RESERVED_NAME:
            raise Invalid(
                f"“{name}” means that no stage is done yet; choose another.", "worker_type"
            )
        if cls.named(session, project_id, name):
            raise Conflict(f"{project_id} already has a worker type {name}.", "worker_type")

    def _set(
        self,
        short_description: str | None,
        performed_by: str,
        lease_seconds: int,
        max_attempts: int,
        max_running: int | None,
    ) -> None:
        self.short_description = optional_line(
            short_description, "short_description", self.SHORT_DESCRIPTION_MAX
        )
        if performed_by not in ("agent", "person"):
            raise Invalid("A stage is performed by “agent” or “person”.", "performed_by")
        if not self.LEASE_SECONDS_MIN <= lease_seconds <= self.LEASE_SECONDS_MAX:
            raise Invalid("From 10 seconds to a day (86,400).", "lease_seconds")
        if not self.MAX_ATTEMPTS_MIN <= max_attempts <= self.MAX_ATTEMPTS_MAX:
            raise Invalid("From 1 to 100 attempts.", "max_attempts")
        self.performed_by = performed_by
        self.lease_seconds = lease_seconds
        if max_running is not None and not 1 <= max_running <= self.MAX_RUNNING_MAX:
            raise Invalid("At least 1, at most 10,000; empty: no limit.", "max_running")
        self.max_attempts = max_attempts
        self.max_running = max_running

    def _keep_prompt(self, actor: Actor) -> None:
        self.session.add(
            PromptVersion(
                worker_type_id=self.id,
                version=self.prompt_version,
                system_prompt=self.system_prompt,
                created_by=actor.label,
                created_at=clock.now(),
            )
        )


class StillNeeded(Conflict):
    """Open tickets need the worker type; `ticket_ids` lists them."""

    def __init__(self, message: str, ticket_ids: list[str]) -> None:
        super().__init__(message, details={"ticket_ids": ticket_ids})
        self.ticket_ids = ticket_ids


class GateApprover(Model):
    """A person who may decide at a gate; where a gate names nobody, every team member may."""

    __tablename__ = "gate_approvers"
    __table_args__ = (Index(None, "user_id"),)

    worker_type_id: Mapped[bigint] = mapped_column(
        ForeignKey("worker_types.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[bigint] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )


class PromptVersion(Model):
    """A text that a worker type's system prompt once had."""

    __tablename__ = "prompt_versions"
    __table_args__ = (UniqueConstraint("worker_type_id", "version"),)

    id: Mapped[intpk]
    worker_type_id: Mapped[int] = mapped_column(ForeignKey("worker_types.id", ondelete="CASCADE"))
    version: Mapped[int]
    system_prompt: Mapped[str]
    created_by: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[created]
