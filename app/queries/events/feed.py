"""Events in the order of their numbers, for followers that must not miss one.

Numbers are given before transactions end, so on PostgreSQL event 8 may be visible while event 7 is
still on its way: who has read up to 8 would never see 7. Therefore each transaction takes, before
it numbers its first event, a shared advisory lock whose key holds the last number given until then
(migration 0003; the lock hinders nobody, and ends with the transaction). All numbers up to the
smallest of these keys belong to transactions that are over: that far, and no further, is it safe
to read. On SQLite writers come one after the other, and the question doesn't arise.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Row, Select, func, select, text
from sqlalchemy.orm import Session

from app.models import Event
from app.queries.events.filter import EventFilter, in_between, lead_of
from app.values import immutable
from app.visibility import Visibility

LAST_NUMBER = text(
    "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM events_id_seq"
)
OLDEST_WRITER = text(
    "SELECT min((classid::bigint << 32 | objid::bigint) & ((1::bigint << 48) - 1)) FROM pg_locks "
    "WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = 3248 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def horizon(session: Session) -> int:
    """Up to this number, every event that will ever be there is there."""
    if session.get_bind().dialect.name == "sqlite":
        return session.scalar(select(func.max(Event.id))) or 0
    # First the last number, then the locks: whoever has numbered an event by the first look
    # holds its lock at the second, or is over and can be seen.
    last = int(session.scalar(LAST_NUMBER) or 0)
    oldest = session.scalar(OLDEST_WRITER)
    return last if oldest is None else min(last, int(oldest))


@immutable
class Feed:
    """Some events; `next_after`: where to go on."""

    items: list[Row[Any]]
    next_after: int
    has_more: bool


def event_feed(
    session: Session,
    visibility: Visibility,
    wanted: EventFilter,
    *,
    after: int | Literal["latest"],
    limit: int,
) -> Feed:
    """The first wanted events after a number; `latest` begins now, with none."""
    up_to = _last_in_visibility(session, visibility, horizon(session))
    start = up_to if after == "latest" else after
    rows = events_after(session, visibility, wanted, after=start, up_to=up_to, limit=limit + 1)
    shown, has_more = rows[:limit], len(rows) > limit
    return Feed(shown, shown[-1].id if has_more else max(start, up_to), has_more)


def _last_in_visibility(session: Session, visibility: Visibility, up_to: int) -> int:
    """Who may see only some projects can't count the others' events by where a feed goes on."""
    if visibility == Visibility.everything():
        return up_to
    of_visibility = select(func.max(Event.id)).where(
        Event.id <= up_to, visibility.of(Event.project_id)
    )
    return session.scalar(of_visibility) or 0


def events_after(
    session: Session,
    visibility: Visibility,
    wanted: EventFilter,
    *,
    after: int,
    up_to: int,
    limit: int,
) -> list[Row[Any]]:
    """The first wanted events after one number, and up to another."""
    lead = lead_of(session, visibility, wanted, after=after, up_to=up_to)
    rows: Select[Any] = (
        select(*Event.__table__.columns)
        .where(*wanted.conditions(visibility, lead, in_between))
        .order_by(Event.id)
        .limit(limit)
    )
    return list(session.execute(rows, {"after": after, "up_to": up_to}).all())
