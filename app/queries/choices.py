"""What filters let people choose from."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Project, WorkerType
from app.visibility import Visibility


def project_names(session: Session, visibility: Visibility) -> Sequence[str]:
    """Every project to be seen, archived ones too."""
    names = select(Project.repository_name).where(visibility.of(Project.repository_name))
    return session.scalars(names.order_by(Project.repository_name)).all()


def agent_type_names(session: Session, visibility: Visibility, project: str = "") -> Sequence[str]:
    """Worker types that agents perform: of one project, or of all."""
    is_wanted = WorkerType.performed_by == "agent", visibility.of(WorkerType.project_id)
    names = select(WorkerType.worker_type).where(*is_wanted).distinct()
    if project:
        names = names.where(WorkerType.project_id == project)
    return session.scalars(names.order_by(WorkerType.worker_type)).all()
