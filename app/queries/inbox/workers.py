"""Workers that a person should look at: those that are gone, and those that are silent.

Events of a worker's end wait until someone marks them as dealt with; so does any other that is no
ticket's question. A silent worker is live and should have been heard of: the next sweep makes an
event of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.orm import Session

from app.db.plans import among_few
from app.db.rows import rows_of
from app.events import explanation, name
from app.models import Event, Ticket, Worker
from app.models.event import ASKING, INBOX
from app.queries.inbox.item import IDS, QUOTED, InboxItem, Source, visible_in
from app.queries.workers.conditions import is_silent
from app.visibility import STATEMENTS_KEPT, Visibility


def _is_notice(visibility: Visibility, project: str) -> tuple[Any, ...]:
    seen = visible_in(visibility, project, among_few(Event.project_id))
    return INBOX, Event.event_type != ASKING, seen


def _count_notices(visibility: Visibility, project: str) -> ScalarSelect[int]:
    return select(func.count(Event.id)).where(*_is_notice(visibility, project)).scalar_subquery()


def _places_of_notices(visibility: Visibility, project: str) -> Select[int, Any, str]:
    # PostgreSQL reads the row of each that it meets, unless the index has all that is asked for.
    met = select(Event.id).where(*_is_notice(visibility, project)).order_by(Event.id)
    first = met.limit(bindparam("number")).subquery("notices")
    when = select(literal(1), Event.created_at, cast(Event.id, Text))
    return when.join(first, first.c.id == Event.id)


def _read_notices(
    session: Session, visibility: Visibility, ids: Sequence[str]
) -> Iterable[InboxItem]:
    rows = rows_of(session, _notices(visibility), ids=[int(one) for one in ids])
    return [_of_event(row) for row in rows]


@lru_cache(STATEMENTS_KEPT)
def _notices(visibility: Visibility) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Event.id,
            Event.event_type,
            Event.created_at,
            Event.ticket_id,
            Event.run_id,
            Event.comment_id,
            Event.worker_id,
            Event.stage,
            func.substr(Event.reason, 1, QUOTED).label("reason"),
            Event.details,
            Event.actor,
            Event.project_id,
            Ticket.title,
            Worker.hostname,
        )
        .outerjoin(Ticket, Ticket.ticket_id == Event.ticket_id)
        .outerjoin(
            Worker, and_(Worker.worker_id == Event.worker_id, visibility.of(Worker.project_id))
        )
        .where(Event.id.in_(IDS))
    )


def _of_event(row: Any) -> InboxItem:
    is_worker = row.worker_id is not None and row.ticket_id is None
    return InboxItem(
        kind="worker" if is_worker else "event",
        since=row.created_at,
        subject=(row.worker_id if is_worker else row.ticket_id) or "",
        title=_worker_title(row) if is_worker else row.title or name(row),
        stage=row.stage,
        said=explanation(row),
        said_by=None,
        key=f"event-{row.id}",
        event_id=row.id,
    )


def _silent(visibility: Visibility, project: str) -> tuple[ColumnElement[bool], ...]:
    return is_silent(), visible_in(visibility, project, Worker.project_id)


def _count_silent(visibility: Visibility, project: str) -> ScalarSelect[int]:
    silent = select(func.count()).select_from(Worker)
    return silent.where(*_silent(visibility, project)).scalar_subquery()


def _places_of_silent(visibility: Visibility, project: str) -> Select[int, Any, str]:
    return (
        select(literal(1), Worker.last_activity, Worker.worker_id)
        .where(*_silent(visibility, project))
        .order_by(Worker.last_activity, Worker.worker_id)
        .limit(bindparam("number"))
    )


def _read_silent(session: Session, _: Visibility, ids: Sequence[str]) -> Iterable[InboxItem]:
    return [
        InboxItem(
            kind="silent",
            since=row.last_activity,
            subject=row.worker_id,
            title=_worker_title(row),
            stage=row.stage,
            said="no heartbeat when it was due",
            said_by=None,
            key=f"silent-{row.worker_id}",
        )
        for row in rows_of(session, SILENT_IN_FULL, ids=ids)
    ]


SILENT_IN_FULL = select(
    Worker.worker_id,
    Worker.last_activity,
    Worker.worker_type.label("stage"),
    Worker.project_id,
    Worker.hostname,
).where(Worker.worker_id.in_(IDS))


def _worker_title(row: Any) -> str:
    return f"{row.stage} of {row.project_id}" + (f" on {row.hostname}" if row.hostname else "")


NOTICES = Source(_count_notices, _places_of_notices, _read_notices)
SILENT_WORKERS = Source(_count_silent, _places_of_silent, _read_silent)
