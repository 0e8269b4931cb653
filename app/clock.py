"""The one source of the current time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

SKEW = timedelta(minutes=1)
"""The clocks of servers that share a database differ by less. A time of the past that is further
ahead than this was written before the clock was set back."""

_set_to: ContextVar[datetime | None] = ContextVar("set_to", default=None)


def now() -> datetime:
    """The current time, timezone-aware, in UTC."""
    return _set_to.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let it be that moment inside: for verbs that tell of the past, as in the sample project."""
    token = _set_to.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _set_to.reset(token)
