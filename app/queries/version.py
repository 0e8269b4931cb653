"""One look at what tells whether anything on the board has changed."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.db.plans import PLANNED_ONCE
from app.db.rows import rows_of
from app.models import Project, WorkerType
from app.queries.inbox.list import version_of_inbox
from app.visibility import STATEMENTS_KEPT, Visibility


def board_version(session: Session, visibility: Visibility) -> str:
    """Changes with every event to be seen, when one is marked as dealt with, and with each change
    of a project or worker type."""
    parts = rows_of(session, _version(visibility)).one()
    return "-".join(_digits(part) for part in parts)


@lru_cache(STATEMENTS_KEPT)
def _version(visibility: Visibility) -> Select[*tuple[Any, ...]]:
    projects = visibility.of(Project.repository_name)
    roles = visibility.of(WorkerType.project_id)
    version = version_of_inbox(visibility).add_columns(
        select(func.count()).select_from(Project).where(projects).scalar_subquery(),
        select(func.max(Project.updated_at)).where(projects).scalar_subquery(),
        select(func.count()).select_from(WorkerType).where(roles).scalar_subquery(),
        select(func.max(WorkerType.updated_at)).where(roles).scalar_subquery(),
    )
    return version.execution_options(**PLANNED_ONCE)


def _digits(part: int | datetime | None) -> str:
    micros = part.timestamp() * 1_000_000 if isinstance(part, datetime) else part or 0
    return str(int(micros))
