"""Totals of the days that are over: what long spans of statistics are added up from."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Model


class DayTotals(Model):
    """What was created and closed on a day in UTC, of all projects; how it is kept true:
    `db/day_totals.py`. A day without a row is counted."""

    __tablename__ = "day_totals"

    begins_at: Mapped[datetime] = mapped_column(primary_key=True)
    ends_at: Mapped[datetime]
    created: Mapped[int]
    completed: Mapped[int]
    stopped: Mapped[int]
