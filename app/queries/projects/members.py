"""Who belongs to a project, and who could."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.models import ProjectMember, User
from app.values import immutable


@immutable
class Member:
    """Someone who may see a project while it is limited."""

    user_id: int
    name: str
    display_name: str | None
    role: str
    disabled_at: datetime | None
    added_by: str
    added_at: datetime


def members(session: Session, project_id: str) -> Sequence[Member]:
    """The project's members, by name."""
    rows = session.execute(
        select(
            User.id,
            User.name,
            User.display_name,
            User.role,
            User.disabled_at,
            ProjectMember.added_by,
            ProjectMember.created_at,
        )
        .join(ProjectMember, ProjectMember.user_id == User.id)
        .where(ProjectMember.project_id == project_id)
        .order_by(User.name)
    )
    return [Member(*row) for row in rows]


def could_join(session: Session, project_id: str) -> list[tuple[int, str]]:
    """Everyone else who can sign in: their number, and how they are called."""
    belongs = exists().where(
        ProjectMember.project_id == project_id, ProjectMember.user_id == User.id
    )
    people = session.execute(
        select(User.id, User.name, User.display_name)
        .where(User.disabled_at.is_(None), ~belongs)
        .order_by(User.name)
    )
    return [
        (user_id, f"{name} ({full_name})" if full_name else name)
        for user_id, name, full_name in people
    ]
