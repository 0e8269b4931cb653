"""What filters and forms let people choose from."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.models import Project, Ticket, TicketLabel, WorkerType
from app.visibility import Visibility

LABELS_OFFERED = 200


def project_names(
    session: Session, visibility: Visibility, *, only_active: bool = False
) -> list[str]:
    """Every project to be seen by name; archived ones too, unless only those that take new tickets
    are asked for."""
    names = select(Project.repository_name).where(visibility.of(Project.repository_name))
    if only_active:
        names = names.where(Project.archived_at.is_(None))
    return list(session.scalars(names.order_by(Project.repository_name)))


def worker_type_names(
    session: Session, visibility: Visibility, project: str = "", *, only_agents: bool = False
) -> Sequence[str]:
    """The worker types of one project, or of all; with gates, unless only agents' are asked for."""
    names = select(WorkerType.worker_type).where(visibility.of(WorkerType.project_id)).distinct()
    if project:
        names = names.where(WorkerType.project_id == project)
    if only_agents:
        names = names.where(~WorkerType.is_gate)
    return session.scalars(names.order_by(WorkerType.worker_type)).all()


def label_names(session: Session, visibility: Visibility) -> list[str]:
    """The labels in use, from one index entry to the next: its cost is theirs, not the tickets'."""
    steps = select(func.min(TicketLabel.label).label("label")).cte(recursive=True)
    following = (
        select(func.min(TicketLabel.label))
        .where(TicketLabel.label > steps.c.label)
        .scalar_subquery()
    )
    steps = steps.union_all(select(following).where(steps.c.label.is_not(None)))
    labels = select(steps.c.label).where(steps.c.label.is_not(None)).limit(LABELS_OFFERED)
    if visibility != Visibility.everything():
        with_label = TicketLabel.ticket_id == Ticket.ticket_id, TicketLabel.label == steps.c.label
        seen = exists().where(*with_label, visibility.of(Ticket.project_id))
        labels = labels.where(seen).order_by(steps.c.label)
    return list(session.scalars(labels))
