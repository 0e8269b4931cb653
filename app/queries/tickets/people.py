"""The people who may look after a project's tickets."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.models import Project, User
from app.models.project import IS_HIDDEN

PEOPLE_MAX = 500

_ASSIGNABLE = (
    select(User.name, func.coalesce(User.display_name, User.name))
    .join(Project, Project.repository_name == bindparam("project_id"))
    .where(User.disabled_at.is_(None), ~IS_HIDDEN)
    .order_by(User.name)
    .limit(PEOPLE_MAX)
)


def assignable(session: Session, project_id: str) -> list[tuple[str, str]]:
    """Their names, and how they are called."""
    return [(name, called) for name, called in rows_of(session, _ASSIGNABLE, project_id=project_id)]


_NAMED = select(User.name).where(User.name.in_(bindparam("names", expanding=True)))


def known_people(session: Session, names: Collection[str]) -> list[str]:
    """Those of the names that somebody has."""
    return list(rows_of(session, _NAMED, names=list(names)).scalars())
