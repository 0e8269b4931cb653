"""The list of tickets: what it can be sorted by, and what one row shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from app.models import Event, StageRun, Ticket, TicketLabel
from app.queries.paging import PAGE_SIZE, Page, capped_count
from app.queries.tickets.conditions import TicketFilter, since, situation, state_is
from app.queries.tickets.rail import Rail, rail_of, stages_sent_back
from app.queries.tickets.related import open_blockers
from app.visibility import Visibility

SEARCH_MAX = 200

STATE_RANK = {"running": 0, "waiting": 1, "on_hold": 2, "ready": 3, "backoff": 4, "blocked": 5}
"""Sorted by state, those come first where something happens or should."""

SORTS = ("id", "title", "stage", "state", "priority", "created", "updated")
NEWEST_FIRST = ("created", "updated")
"""Sorts that begin at their end: whoever sorts by a time looks for the latest."""


@dataclass(frozen=True, slots=True)
class TicketLine:
    """One row. `since`: when its situation began, or for a pause between attempts, when it ends."""

    ticket_id: str
    project_id: str
    title: str
    situation: str
    since: datetime | None
    open_blockers: int
    blocked_by: str | None
    priority: int
    labels: Sequence[str]
    rail: Rail
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TicketList:
    """A page of the list, and how many tickets the same filter finds open and closed."""

    page: Page[TicketLine]
    open: int
    closed: int


def list_version(session: Session, visibility: Visibility, project: str) -> int:
    """Changes with every event to be seen: of one project, or with an empty name of all.

    One look at an index. What else the list is narrowed to doesn't count: a ticket that leaves the
    list would be missed by a look at those that are in it.
    """
    newest = select(func.max(Event.id)).where(visibility.of(Event.project_id))
    if project:
        newest = newest.where(Event.project_id == project)
    return session.scalar(newest) or 0


def list_tickets(
    session: Session,
    visibility: Visibility,
    wanted: TicketFilter,
    sort: str,
    descending: bool,
    number: int,
) -> TicketList:
    """One page. Its ids come first, from the narrowest rows; only they are then read in full."""
    conditions = *wanted.conditions(session), visibility.of(Ticket.project_id)
    matching = select(Ticket.ticket_id).where(*conditions)
    n_open = capped_count(session, matching.where(state_is("open")))
    n_closed = capped_count(session, matching.where(state_is("closed")))
    totals = {"open": n_open, "closed": n_closed, "all": n_open + n_closed}
    shown = matching.where(state_is(wanted.state))
    total = totals[wanted.state] if wanted.state in totals else capped_count(session, shown)
    keys = (*_sort_keys(sort), Ticket.ticket_id)
    order = [key.desc() if descending else key.asc() for key in keys]
    some = shown.order_by(*order).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    # Looking for nothing by an ordered index would read all of it.
    ids = session.scalars(some).all() if total else []
    return TicketList(Page(ticket_lines(session, ids), number, total), n_open, n_closed)


def ticket_lines(session: Session, ids: Sequence[str]) -> list[TicketLine]:
    """The rows of these tickets, in this order; five queries, however many they are."""
    if not ids:
        return []
    labels = labels_of(session, ids)
    started = _started_at(session, ids)
    blockers = open_blockers(session, ids)
    sent_back = stages_sent_back(session, ids)
    lines = {}
    for row in session.execute(_columns(ids)):
        key, word = row.ticket_id, row.situation
        lines[key] = TicketLine(
            ticket_id=key,
            project_id=row.project_id,
            title=row.title,
            situation=word,
            since=since(word, started.get(key), row.ready_at),
            open_blockers=row.open_blockers,
            blocked_by=next(iter(blockers.get(key, ())), None),
            priority=row.priority,
            labels=labels.get(key, ()),
            rail=rail_of(row.execution_plan, row.completed_stages, word, sent_back.get(key, ())),
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
    return [lines[key] for key in ids if key in lines]


def labels_of(session: Session, ids: Collection[str]) -> dict[str, list[str]]:
    """The labels of each of these tickets."""
    found: dict[str, list[str]] = defaultdict(list)
    for ticket_id, label in session.execute(
        select(TicketLabel.ticket_id, TicketLabel.label)
        .where(TicketLabel.ticket_id.in_(ids))
        .order_by(TicketLabel.label)
    ):
        found[ticket_id].append(label)
    return found


def _sort_keys(sort: str) -> tuple[ColumnElement[Any], ...]:
    if sort == "id":
        # By length first, because WEB-9 comes before WEB-12.
        return Ticket.project_id.expression, func.length(Ticket.ticket_id)
    if sort == "state":
        return (case(STATE_RANK, value=situation(), else_=len(STATE_RANK)),)
    columns: dict[str, ColumnElement[Any]] = {
        "title": func.lower(Ticket.title),
        "stage": func.coalesce(Ticket.current_stage, ""),
        "priority": Ticket.priority.expression,
        "created": Ticket.created_at.expression,
        "updated": Ticket.updated_at.expression,
    }
    return (columns[sort],)


def _columns(ids: Collection[str]) -> Select[*tuple[Any, ...]]:
    return select(
        Ticket.ticket_id,
        Ticket.project_id,
        Ticket.title,
        Ticket.execution_plan,
        Ticket.completed_stages,
        Ticket.priority,
        Ticket.open_blockers,
        Ticket.ready_at,
        Ticket.created_at,
        Ticket.updated_at,
        situation(),
    ).where(Ticket.ticket_id.in_(ids))


def _started_at(session: Session, ids: Collection[str]) -> dict[str, datetime]:
    """When the runs in progress began."""
    running = select(StageRun.ticket_id, StageRun.started_at).where(
        StageRun.ticket_id.in_(ids), StageRun.finished_at.is_(None)
    )
    return {row[0]: row[1] for row in session.execute(running)}
