"""The record of who was let in and who changed what belongs to no ticket. It is only added to."""

from __future__ import annotations

from typing import Any, Literal, get_args

from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.actor import Actor
from app.db.base import Model
from app.db.columns import created, intpk

Action = Literal[
    "signed_in",
    "sign_in_refused",
    "signed_out",
    "signed_out_everywhere",
    "password_changed",
    "identity_linked",
    "identity_unlinked",
    "user_invited",
    "invitation_revoked",
    "reset_link_made",
    "setup_link_made",
    "user_created",
    "user_role_changed",
    "user_disabled",
    "user_enabled",
    "token_created",
    "token_revoked",
    "project_created",
    "sample_added",
    "project_edited",
    "project_archived",
    "project_unarchived",
    "project_deleted",
    "project_limited",
    "project_opened",
    "member_added",
    "member_removed",
    "worker_type_created",
    "worker_type_edited",
    "worker_type_deleted",
    "plan_created",
    "plan_edited",
    "plan_deleted",
    "worker_asked_to_stop",
    "events_pruned",
]

ACTIONS: tuple[Action, ...] = get_args(Action)


class AuditEntry(Model):
    """Something that someone did. The database itself refuses to change or delete one."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "action", "id"),
        Index(None, "actor", "id"),
        Index(None, "project_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    created_at: Mapped[created]
    action: Mapped[str]
    actor: Mapped[str]
    actor_kind: Mapped[str]
    address: Mapped[str | None]
    subject: Mapped[str | None]
    project_id: Mapped[str | None]
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    @classmethod
    def record(
        cls,
        session: Session,
        action: Action,
        actor: Actor,
        *,
        subject: str | None = None,
        project_id: str | None = None,
        **details: Any,
    ) -> None:
        """Write down that someone did something. `subject`: whom or what it was done to.

        Never a secret among the details: they are shown.
        """
        session.add(
            cls(
                created_at=clock.now(),
                action=action,
                actor=actor.label,
                actor_kind=actor.kind,
                address=actor.address,
                subject=subject,
                project_id=project_id,
                details=details or None,
            )
        )
