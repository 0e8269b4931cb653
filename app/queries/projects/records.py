"""Projects and their roles as programs read them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Project, WorkerType
from app.queries.keyset import Order, Slice, take_slice
from app.visibility import Visibility

BY_NAME = Order("repository_name", (Project.repository_name.expression,))
BY_NUMBER = Order("id", (WorkerType.id.expression,))


def project_records(
    session: Session, visibility: Visibility, *, archived: bool, cursor: str | None, limit: int
) -> Slice:
    """Some projects by name, at work or archived."""
    rows = select(*Project.__table__.columns)
    rows = rows.where(
        Project.archived_at.is_not(None) == archived, visibility.of(Project.repository_name)
    )
    return take_slice(session, rows, BY_NAME, cursor=cursor, limit=limit)


def role_records(
    session: Session, visibility: Visibility, *, project: str | None, cursor: str | None, limit: int
) -> Slice:
    """Some worker types, in the order in which they were made."""
    rows = select(*WorkerType.__table__.columns).where(visibility.of(WorkerType.project_id))
    if project is not None:
        rows = rows.where(WorkerType.project_id == project)
    return take_slice(session, rows, BY_NUMBER, cursor=cursor, limit=limit)
