"""Conditions on workers: who is alive, who is silent, and what lists are narrowed to.

Each condition stands here once, for every list, count, figure and page.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from sqlalchemy import ColumnElement, and_, case, not_, or_, true

from app.db.columns import now_when_sent
from app.models import Worker
from app.models.worker import LIVE_STATUSES, STATUSES
from app.values import immutable

SHOWN_STATUSES = ("silent", *STATUSES)
"""What a worker's pill may say. `silent`: live as far as anyone knows, but overdue."""

FAILED_SHOWN_FOR = timedelta(days=1)
"""Older failures are folded away with the finished: nobody waits for news of them."""


@cache
def is_silent() -> ColumnElement[bool]:
    """Not ended, as far as anyone knows, and not heard of when it should have been."""
    return Worker.silent()


@cache
def is_live() -> ColumnElement[bool]:
    """Not ended, and heard of in time: the process can be counted on."""
    return and_(Worker.has_live_status(), not_(is_silent()))


@cache
def shown_status() -> ColumnElement[str]:
    """One of `SHOWN_STATUSES`."""
    return case((is_silent(), "silent"), else_=Worker.status).label("shown")


@cache
def is_current() -> ColumnElement[bool]:
    """What someone may care about now: all but those that finished, or failed long ago."""
    lately = Worker.last_activity >= now_when_sent(-FAILED_SHOWN_FOR)
    return or_(Worker.has_live_status(), and_(Worker.status == "failed", lately))


def status_is(status: str) -> ColumnElement[bool]:
    """The condition for one of `SHOWN_STATUSES`, `live` or `all`."""
    if status == "silent":
        return is_silent()
    if status == "live":
        return is_live()
    if status in LIVE_STATUSES:
        return and_(Worker.status == status, not_(is_silent()))
    return true() if status == "all" else Worker.status == status


@immutable
class WorkerFilter:
    """Which workers are wanted; without a status, those that someone may care about now."""

    project: str = ""
    worker_type: str = ""
    status: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was asked for."""
        return bool(self.project or self.worker_type or self.status)

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter for a `where`."""
        found = [status_is(self.status) if self.status else is_current()]
        if self.project:
            found.append(Worker.project_id == self.project)
        if self.worker_type:
            found.append(Worker.worker_type == self.worker_type)
        return found
