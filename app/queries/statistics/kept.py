"""Statistics as pages, files and programs ask for them: those that take long are kept for a while.

Reading each ticket that a query finds takes a second for some 200,000 of them. Whoever may see the
same tickets and asks the same soon after is told the same, and when it was counted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app import clock
from app.queries.language.kinds import Reader
from app.queries.language.query import Query
from app.queries.statistics.figures import Statistics, statistics
from app.queries.statistics.scope import Scope
from app.queries.statistics.span import Span
from app.visibility import Visibility

SLOW = timedelta(milliseconds=100)
"""What takes less is counted whenever it is asked for."""
FEW = 1_000
"""So are figures of so few tickets, however busy the machine was."""
TIMES_AS_LONG = 100
"""Figures are kept so many times as long as they took: no query takes more than a hundredth of a
processor, however often it is asked."""
LONGEST = timedelta(minutes=5)
KEPT = 16
"""A process keeps so many, each up to some hundred kilobytes."""


def statistics_of(
    session: Session,
    visibility: Visibility,
    project: str,
    wanted: Query,
    reader: Reader,
    span: Span,
) -> Statistics:
    """How the work flowed on a project's tickets, or all, that a query finds."""
    # Who asks matters for a query that names them, where they are for what it says of days.
    me = reader.name if wanted.is_personal else ""
    board = session.connection().engine.url
    key = board, visibility, project, str(wanted.without("sort")), me, reader.zone, span
    kept = _kept.get(key)
    if kept is None:
        began, taken_at = time.perf_counter(), clock.now()
        scope = Scope.of_query(session, visibility, project, wanted, reader)
        kept = statistics(session, scope, span, taken_at)
        took = timedelta(seconds=time.perf_counter() - began)
        if scope.conditions and took >= SLOW and kept.tickets > FEW:
            _kept.put(key, kept, taken_at + min(TIMES_AS_LONG * took, LONGEST))
    return kept


def forget() -> None:
    """Count everything anew."""
    _kept.clear()


class _Kept:
    def __init__(self) -> None:
        self._figures: dict[Hashable, tuple[datetime, Statistics]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Statistics | None:
        until, figures = self._figures.get(key, (None, None))
        # A clock that was set back would keep them for that much longer.
        is_current = until and figures and figures.taken_at <= clock.now() < until
        return figures if is_current else None

    def put(self, key: Hashable, figures: Statistics, until: datetime) -> None:
        with self._lock:
            self._figures.pop(key, None)
            self._figures[key] = until, figures
            while len(self._figures) > KEPT:
                del self._figures[next(iter(self._figures))]

    def clear(self) -> None:
        with self._lock:
            self._figures.clear()


_kept = _Kept()
