"""Workers as programs read them: every fact about each, and the run that it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.orm import Session

from app import clock
from app.models import StageRun, Worker
from app.models.worker import LIVE_STATUSES
from app.queries.keyset import Order, take_slice
from app.visibility import Visibility

BY_ID = Order("worker_id", (Worker.worker_id.expression,))


def worker_record(session: Session, worker_id: str) -> Row[Any]:
    """One worker, which is there."""
    return session.execute(_rows().where(Worker.worker_id == worker_id)).one()


def worker_records(
    session: Session,
    visibility: Visibility,
    *,
    project: str | None,
    worker_type: str | None,
    status: str,
    cursor: str | None,
    limit: int,
) -> tuple[Sequence[Row[Any]], str | None]:
    """Some workers by id, and the cursor for those that follow. `status`: live, all, or one."""
    rows = _rows().where(visibility.of(Worker.project_id))
    if project is not None:
        rows = rows.where(Worker.project_id == project)
    if worker_type is not None:
        rows = rows.where(Worker.worker_type == worker_type)
    if status == "live":
        rows = rows.where(Worker.status.in_(LIVE_STATUSES))
    elif status != "all":
        rows = rows.where(Worker.status == status)
    found = take_slice(session, rows, BY_ID, cursor=cursor, limit=limit)
    return found.rows, found.next


def _rows() -> Select[Any]:
    held = and_(StageRun.worker_id == Worker.worker_id, StageRun.finished_at.is_(None))
    is_silent = Worker.silent_since(clock.now()).label("is_silent")
    return select(
        *Worker.__table__.columns, is_silent, StageRun.run_id, StageRun.ticket_id
    ).outerjoin(StageRun, held)
