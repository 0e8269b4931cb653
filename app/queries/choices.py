"""What filters let people choose from."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Project, WorkerType


def project_names(session: Session) -> Sequence[str]:
    """Every project, archived ones too."""
    return session.scalars(select(Project.repository_name).order_by(Project.repository_name)).all()


def agent_type_names(session: Session, project: str = "") -> Sequence[str]:
    """Worker types that agents perform: of one project, or of all."""
    names = select(WorkerType.worker_type).where(WorkerType.performed_by == "agent").distinct()
    if project:
        names = names.where(WorkerType.project_id == project)
    return session.scalars(names.order_by(WorkerType.worker_type)).all()
