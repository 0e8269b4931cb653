"""The check that every execution plan passes, whoever writes it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Invalid
from app.models.worker_type import WorkerType

PLAN_MAX = 50
"""Stages in one plan."""


def require_plan(session: Session, project_id: str, plan: Sequence[str]) -> list[str]:
    """The plan as a list of the project's worker types, one a stage; the same may come twice."""
    stages = [stage.strip() for stage in plan if stage.strip()]
    if not stages:
        raise Invalid("A plan needs at least one stage; choose a worker type.", "execution_plan")
    if len(stages) > PLAN_MAX:
        raise Invalid(
            f"A plan has at most {PLAN_MAX} stages; this has {len(stages)}.", "execution_plan"
        )
    roles = select(WorkerType.worker_type).where(WorkerType.project_id == project_id)
    # Held until the plan is stored, so that none of them is deleted or renamed at the same moment.
    held = roles.where(WorkerType.worker_type.in_(stages)).with_for_update(
        read=True, key_share=True
    )
    found = set(session.scalars(held))
    if unknown := [stage for stage in dict.fromkeys(stages) if stage not in found]:
        known = session.scalars(roles.order_by(WorkerType.worker_type)).all()
        raise Invalid(
            f"{project_id} has no worker type {', '.join(unknown)}. "
            + (f"It has {', '.join(known)}." if known else "Add its worker types first."),
            "execution_plan",
        )
    return stages
