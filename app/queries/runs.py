"""Stage runs as programs read them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.errors import NotFound
from app.models import StageRun

RUN = select(*StageRun.__table__.columns).where(StageRun.run_id == bindparam("run_id"))


def run_row(session: Session, run_id: int) -> Row[*tuple[Any, ...]]:
    """One run; raises `NotFound`."""
    row = rows_of(session, RUN, run_id=run_id).one_or_none()
    if row is None:
        raise NotFound(StageRun.MISSING.format(run_id))
    return row
