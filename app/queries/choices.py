"""What filters and forms let people choose from."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.models import Project, Ticket, TicketLabel, WorkerType
from app.visibility import STATEMENTS_KEPT, Visibility

LABELS_OFFERED = 200


def project_names(
    session: Session, visibility: Visibility, *, only_active: bool = False
) -> list[str]:
    """Every project to be seen by name; archived ones too, unless only those that take new tickets
    are asked for."""
    return list(rows_of(session, _projects(visibility, only_active)).scalars())


def worker_type_names(
    session: Session, visibility: Visibility, project: str = "", *, only_agents: bool = False
) -> list[str]:
    """The worker types of one project, or of all; with gates, unless only agents' are asked for."""
    return list(rows_of(session, _worker_types(visibility, project, only_agents)).scalars())


def label_names(session: Session, visibility: Visibility) -> list[str]:
    """The labels in use, from one index entry to the next: its cost is theirs, not the tickets'."""
    return list(rows_of(session, _labels(visibility)).scalars())


@lru_cache(STATEMENTS_KEPT)
def _projects(visibility: Visibility, only_active: bool) -> Select[str]:
    names = select(Project.repository_name).where(visibility.of(Project.repository_name))
    if only_active:
        names = names.where(Project.archived_at.is_(None))
    return names.order_by(Project.repository_name)


@lru_cache(STATEMENTS_KEPT)
def _worker_types(visibility: Visibility, project: str, only_agents: bool) -> Select[str]:
    names = select(WorkerType.worker_type).where(visibility.of(WorkerType.project_id)).distinct()
    if project:
        names = names.where(WorkerType.project_id == project)
    if only_agents:
        names = names.where(~WorkerType.is_gate)
    return names.order_by(WorkerType.worker_type)


@lru_cache(STATEMENTS_KEPT)
def _labels(visibility: Visibility) -> Select[str]:
    steps = select(func.min(TicketLabel.label).label("label")).cte(recursive=True)
    following = (
        select(func.min(TicketLabel.label))
        .where(TicketLabel.label > steps.c.label)
        .scalar_subquery()
    )
    steps = steps.union_all(select(following).where(steps.c.label.is_not(None)))
    labels = select(steps.c.label).where(steps.c.label.is_not(None)).limit(LABELS_OFFERED)
    if visibility == Visibility.everything():
        return labels
    with_label = TicketLabel.ticket_id == Ticket.ticket_id, TicketLabel.label == steps.c.label
    seen = exists().where(*with_label, visibility.of(Ticket.project_id))
    return labels.where(seen).order_by(steps.c.label)
