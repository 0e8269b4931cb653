"""All that was said and done about a ticket, as rows in one order, for programs to page through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, literal, select, union_all
from sqlalchemy.orm import Session

from app.models import Comment, Event, StageRun
from app.queries.keyset import Order, take_slice

SOURCES: dict[str, tuple[Any, Any, Any]] = {
    "comment": (Comment, Comment.id, Comment.created_at),
    "event": (Event, Event.id, Event.created_at),
    "run": (StageRun, StageRun.run_id, StageRun.started_at),
}


def ticket_log(
    session: Session, ticket_id: str, *, cursor: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Some entries, and the cursor for those that follow: which ones first, then their rows."""
    each = union_all(
        *(
            select(literal(kind).label("kind"), number.label("number"), at.label("at")).where(
                model.ticket_id == ticket_id
            )
            for kind, (model, number, at) in SOURCES.items()
        )
    ).subquery()
    order = Order("timeline", (each.c.at, each.c.kind, each.c.number))
    found = take_slice(session, select(each), order, cursor=cursor, limit=limit)
    rows = {kind: _rows(session, kind, found.rows) for kind in SOURCES}
    entries = [
        {"at": row.at, "kind": row.kind, row.kind: rows[row.kind][row.number]} for row in found.rows
    ]
    return entries, found.next


def _rows(session: Session, kind: str, entries: Iterable[Row[Any]]) -> dict[int, Row[Any]]:
    model, number, _ = SOURCES[kind]
    wanted = [row.number for row in entries if row.kind == kind]
    if not wanted:
        return {}
    found = session.execute(select(*model.__table__.columns).where(number.in_(wanted)))
    return {getattr(row, number.key): row for row in found}
