"""What a plan can be made of: a project's worker types and its plan templates."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import PlanTemplate, WorkerType
from app.queries.projects.plan_order import plan_order
from app.values import immutable


@immutable
class Template:
    """A plan template, as lists and the plan editor show it."""

    id: int
    name: str
    plan: list[str]
    created_at: datetime


def plan_templates(session: Session, project_id: str) -> list[Template]:
    """The project's plan templates by name."""
    rows = session.execute(
        select(PlanTemplate.id, PlanTemplate.name, PlanTemplate.plan, PlanTemplate.created_at)
        .where(PlanTemplate.project_id == project_id)
        .order_by(PlanTemplate.name)
    )
    return [Template(*row) for row in rows]


def plan_choices(session: Session, project_id: str) -> list[tuple[str, str]]:
    """Name and label of each worker type a plan may name, in the order in which plans do."""
    rows = session.execute(
        select(WorkerType.worker_type, WorkerType.performed_by)
        .where(WorkerType.project_id == project_id)
        .order_by(WorkerType.id)
    )
    performed_by = dict(rows.all())
    return [
        (name, f"{name} (a person)" if performed_by[name] == "person" else name)
        for name in plan_order(session, project_id, list(performed_by))
    ]


def plan_from(session: Session, project_id: str, stage: str) -> list[str]:
    """What usually follows from a stage on: the rest of the first template that has it, or the
    stage alone."""
    plans = session.scalars(
        select(PlanTemplate.plan)
        .where(PlanTemplate.project_id == project_id)
        .order_by(PlanTemplate.id)
    )
    found = next((plan for plan in plans if stage in plan), [stage])
    return found[found.index(stage) :]
