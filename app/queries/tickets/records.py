"""Tickets as programs read them: every fact about each, for lists and for one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, literal, select
from sqlalchemy.orm import Session

from app.db.plans import PLANNED_ONCE, unordered
from app.db.rows import rows_of
from app.errors import Invalid, NotFound
from app.models import StageRun, Ticket, User
from app.queries.keyset import Order, Slice, first_after, take_slice, values_of
from app.queries.language.compiling import parameters, text_matches
from app.queries.language.kinds import Reader
from app.queries.language.query import Query
from app.queries.language.statements import found_first, met_in_order
from app.queries.tickets.conditions import situation
from app.queries.tickets.list_row import labels_of
from app.queries.tickets.near import PASSED, are_few, is_any_far, met_near
from app.queries.tickets.related import open_blockers
from app.visibility import Visibility

ORDERS = {
    f"{sign}{name}": Order(
        f"{sign}{name}",
        (column.expression, Ticket.ticket_id.expression),
        descending=bool(sign),
    )
    for name, column in (("created", Ticket.created_at), ("updated", Ticket.updated_at))
    for sign in ("", "-")
}

ASSIGNEE = select(User.name).where(User.id == Ticket.assignee_id).scalar_subquery()
UNTOLD = ("description", "submission_id", "assignee_id", "has_labels", "has_children")
LINE = [
    *(column for column in Ticket.__table__.columns if column.name not in UNTOLD),
    ASSIGNEE.label("assignee"),
]

Record = dict[str, Any]


_UNFINISHED_RUN = (
    select(func.max(StageRun.run_id))
    .where(StageRun.ticket_id == Ticket.ticket_id, StageRun.finished_at.is_(None))
    .scalar_subquery()
)
_TICKET = (
    select(*LINE, Ticket.description, situation(), _UNFINISHED_RUN.label("current_run_id"))
    .where(Ticket.ticket_id == bindparam("ticket_id"))
    .execution_options(**PLANNED_ONCE)
)


def ticket_slice(
    session: Session,
    visibility: Visibility,
    wanted: Query,
    reader: Reader,
    *,
    sort: str,
    cursor: str | None,
    limit: int,
) -> tuple[list[Record], str | None]:
    """Some of the wanted tickets, and the cursor for those that follow."""
    matches = text_matches(wanted, session, visibility)
    values = parameters(wanted, reader)
    order = ORDERS[_order(wanted, sort)]

    def first_of(order: Order, shown: ColumnElement[bool]) -> Slice:
        rows = select(*LINE, situation()).where(shown).params(values, passed=PASSED)
        return take_slice(session, rows, order, cursor=cursor, limit=limit)

    is_few = are_few(session, visibility, wanted, matches, values)
    if not is_few:
        if wanted.is_coarse:
            found = first_of(order, met_in_order(visibility, wanted, matches))
            return _completed(session, found.rows), found.next
        key, descends = order.columns[0], order.descending
        after = literal(values_of(order, cursor)[0], key.type) if cursor else None
        found = first_of(order, met_near(visibility, wanted, matches, key, descends, after))
        if found.next or not is_any_far(session, wanted, key, descends, after):
            return _completed(session, found.rows), found.next
    # Only those of the page are read whole.
    order = replace(order, columns=tuple(unordered(column) for column in order.columns))
    shown = found_first(visibility, wanted, matches, is_few=is_few)
    ids = first_after(select(Ticket.ticket_id).where(shown), order, cursor, limit + 1)
    found = first_of(order, Ticket.ticket_id.in_(ids))
    return _completed(session, found.rows), found.next


def _order(wanted: Query, sort: str) -> str:
    """The query's own order, if it names one, else the one asked for beside it."""
    orders = [f"{'-' if descends else ''}{name}" for name, descends in wanted.sorts] or [sort]
    if len(orders) > 1 or orders[0] not in ORDERS:
        raise Invalid(f"Here tickets are sorted by one of {', '.join(ORDERS)}.", "q")
    return orders[0]


def ticket_record(session: Session, ticket_id: str) -> Record:
    """One ticket with its text and the run that is at work on it; raises `NotFound`."""
    row = rows_of(session, _TICKET, ticket_id=ticket_id).first()
    if row is None:
        raise NotFound(f"There is no ticket {ticket_id}.")
    return _completed(session, (row,))[0]


def _completed(session: Session, rows: Iterable[Any]) -> list[Record]:
    """These rows with what stands in other tables: labels, and what they still wait for."""
    records = [dict(row._mapping) for row in rows]
    labels = labels_of(session, [record["ticket_id"] for record in records])
    blocked = [record["ticket_id"] for record in records if record["open_blockers"]]
    blockers = open_blockers(session, blocked) if blocked else {}
    return [
        {
            **record,
            "labels": labels.get(record["ticket_id"], []),
            "waits_for": blockers.get(record["ticket_id"], []),
        }
        for record in records
    ]
