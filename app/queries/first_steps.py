"""How far a new board has come. A step is done when what it makes is there: nothing is remembered.

The sample project isn't counted, nor what is in it: it is there to look at, and nobody's work.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.models import Project, StageRun, Ticket, Worker, WorkerType
from app.models.ticket import IN_QUEUE
from app.queries.people.api_tokens import live_tokens
from app.values import immutable
from app.visibility import STATEMENTS_KEPT, Visibility

Rows = Select[*tuple[Any, ...]]


@immutable
class FirstSteps:
    """What is there. `project`: the first to set up; `role`: the project and worker type that
    agents could work for first, None when people do all stages; `sample`: the sample project."""

    project: str | None
    has_worker_types: bool
    has_tickets: bool
    has_token: bool
    has_worker: bool
    has_finished_stage: bool
    role: tuple[str, str] | None
    sample: str | None

    @property
    def needs_agents(self) -> bool:
        """Whether agents have a part in it: not where people do all stages."""
        return self.has_worker or self.role is not None or not self.has_worker_types

    @property
    def are_done(self) -> bool:
        """Whether nothing is left to set up."""
        came = self.has_worker or not self.needs_agents
        return self.has_tickets and self.has_finished_stage and came


def first_steps(session: Session, visibility: Visibility) -> FirstSteps:
    """How far it has come, as somebody sees it."""
    facts = rows_of(session, _facts(visibility)).one()
    has_worker = facts.has_worker
    return FirstSteps(
        project=facts.project,
        has_worker_types=facts.has_worker_types,
        has_tickets=facts.has_tickets,
        # A worker came with one, whatever has become of that since.
        has_token=has_worker or _has_token(session, visibility),
        has_worker=has_worker,
        has_finished_stage=facts.has_finished_stage,
        role=None if has_worker else first_role(session, visibility),
        sample=facts.sample,
    )


@lru_cache(STATEMENTS_KEPT)
def _facts(visibility: Visibility) -> Rows:
    name = Project.repository_name
    active = select(func.min(name)).where(Project.archived_at.is_(None), visibility.of(name))
    finished = (
        exists()
        .where(
            StageRun.ticket_id == Ticket.ticket_id,
            StageRun.outcome == "completed",
            is_real(Ticket.project_id),
            visibility.of(Ticket.project_id),
        )
        .correlate(None)
    )
    return select(
        active.where(~Project.is_sample).scalar_subquery().label("project"),
        active.where(Project.is_sample).scalar_subquery().label("sample"),
        _has(WorkerType, visibility).label("has_worker_types"),
        _has(Ticket, visibility).label("has_tickets"),
        _has(Worker, visibility).label("has_worker"),
        finished.label("has_finished_stage"),
    )


def _has(table: Any, visibility: Visibility) -> ColumnElement[bool]:
    conditions = is_real(table.project_id), visibility.of(table.project_id)
    return exists().select_from(table).where(*conditions)


def is_real(project: Any) -> ColumnElement[bool]:
    """The rows that don't belong to a sample; `project` is their column with the project's name."""
    samples = select(Project.repository_name).where(Project.is_sample)
    condition: ColumnElement[bool] = project.not_in(samples)
    return condition


def _has_token(session: Session, visibility: Visibility) -> bool:
    """Whether there is a token that a worker can come with."""
    return any(
        token.is_good
        and "work" in token.allowed
        and (token.project_id is None or visibility.sees(token.project_id))
        for token in live_tokens(session)
    )


def first_role(
    session: Session, visibility: Visibility, project: str | None = None
) -> tuple[str, str] | None:
    """A project, or that one, and one of its worker types that agents do; rather one with work to
    do, and rather not of a sample."""
    is_wanted = exists().where(
        Ticket.project_id == WorkerType.project_id,
        Ticket.current_stage == WorkerType.worker_type,
        IN_QUEUE,
    )
    roles = (
        select(WorkerType.project_id, WorkerType.worker_type)
        .join(Project, Project.repository_name == WorkerType.project_id)
        .where(
            ~WorkerType.is_gate,
            Project.archived_at.is_(None),
            visibility.of(WorkerType.project_id),
        )
        .order_by(Project.is_sample, is_wanted.desc(), WorkerType.project_id, WorkerType.id)
        .limit(1)
    )
    if project is not None:
        roles = roles.where(WorkerType.project_id == project)
    row = session.execute(roles).first()
    return (row.project_id, row.worker_type) if row else None
