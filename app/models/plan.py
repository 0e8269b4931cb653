"""The check that every execution plan passes, whoever writes it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.errors import Invalid
from app.models.worker_type import WorkerType

PLAN_MAX = 50
"""Stages in one plan."""


_HOLD_ROLES = (
    select(WorkerType.worker_type)
    .where(WorkerType.project_id == bindparam("of_project"))
    .order_by(WorkerType.worker_type)
    .with_for_update(read=True, key_share=True)
)


def require_plan(session: Session, project_id: str, plan: Sequence[str]) -> list[str]:
    """The plan as a list of the project's worker types, one a stage; the same may come twice."""
    stages = require_stages(plan)
    require_roles(project_id, stages, hold_roles(session, project_id))
    return stages


def require_stages(plan: Sequence[str]) -> list[str]:
    """The plan without blank entries, if it is neither empty nor too long."""
    stages = [stage.strip() for stage in plan if stage.strip()]
    if not stages:
        raise Invalid("A plan needs at least one stage; choose a worker type.", "execution_plan")
    if len(stages) > PLAN_MAX:
        raise Invalid(
            f"A plan has at most {PLAN_MAX} stages; this has {len(stages)}.", "execution_plan"
        )
    return stages


def hold_roles(session: Session, project_id: str) -> Sequence[str]:
    """Names of the project's worker types. None of them can be deleted or renamed before the plan
    that is made of them is stored."""
    return rows_of(session, _HOLD_ROLES, of_project=project_id).scalars().all()


def require_roles(project_id: str, stages: Sequence[str], roles: Sequence[str]) -> None:
    """Raise `Invalid` unless each stage is one of the project's worker types."""
    if unknown := [stage for stage in dict.fromkeys(stages) if stage not in roles]:
        raise Invalid(
            f"{project_id} has no worker type {', '.join(unknown)}. "
            + (f"It has {', '.join(roles)}." if roles else "Add its worker types first."),
            "execution_plan",
        )
