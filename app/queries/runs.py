"""Stage runs as programs read them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, func, select
from sqlalchemy.orm import Session

from app.db.plans import PLANNED_ONCE, checked, unindexed
from app.db.rows import rows_of
from app.errors import NotFound
from app.models import StageRun, Ticket
from app.queries.keyset import Order, Slice, take_slice, values_of
from app.visibility import Visibility

NEWEST_FIRST = Order("run_id", (StageRun.run_id.expression,), descending=True)
PASSED = 5_000
"""Runs that are passed by to meet those of a project; it may have none but the oldest of a million,
so that they are found by their tickets then."""

RUN = (
    select(*StageRun.__table__.columns)
    .where(StageRun.run_id == bindparam("run_id"))
    .execution_options(**PLANNED_ONCE)
)


def run_row(session: Session, run_id: int) -> Row[*tuple[Any, ...]]:
    """One run; raises `NotFound`."""
    row = rows_of(session, RUN, run_id=run_id).one_or_none()
    if row is None:
        raise NotFound(StageRun.MISSING.format(run_id))
    return row


def run_slice(
    session: Session,
    visibility: Visibility,
    *,
    project: str | None,
    ticket_id: str | None,
    worker_id: str | None,
    is_finished: bool | None,
    cursor: str | None,
    limit: int,
) -> Slice:
    """Some of the runs, newest first, and the cursor for those that follow."""
    rows = select(*StageRun.__table__.columns)
    if ticket_id is not None:
        rows = rows.where(StageRun.ticket_id == ticket_id)
    if worker_id is not None:
        rows = rows.where(StageRun.worker_id == worker_id)
    if is_finished is not None:
        ended = StageRun.finished_at
        rows = rows.where(ended.is_not(None) if is_finished else ended.is_(None))
    if not project and visibility == Visibility.everything():
        return take_slice(session, rows, NEWEST_FIRST, cursor=cursor, limit=limit)
    rows = rows.join(Ticket, Ticket.ticket_id == StageRun.ticket_id)
    if ticket_id is worker_id is None and is_finished is not False:
        # Of a million, the newest of a project are soon met.
        last = values_of(NEWEST_FIRST, cursor)[0] if cursor else _last_run(session)
        near = rows.where(StageRun.run_id > last - PASSED)
        # PostgreSQL would believe that few are, and on small boards find and sort these.
        is_seen = _of_projects(unindexed(Ticket.project_id), visibility, project)
        near = near.where(checked(and_(*is_seen)))
        found = take_slice(session, near, NEWEST_FIRST, cursor=cursor, limit=limit)
        if found.next:
            return found
    rows = rows.where(*_of_projects(Ticket.project_id.expression, visibility, project))
    return take_slice(session, rows, NEWEST_FIRST, cursor=cursor, limit=limit)


def _last_run(session: Session) -> int:
    return rows_of(session, select(func.max(StageRun.run_id))).scalar() or 0


def _of_projects(
    column: ColumnElement[str], visibility: Visibility, project: str | None
) -> list[ColumnElement[bool]]:
    return [visibility.of(column), *([column == project] if project else [])]
