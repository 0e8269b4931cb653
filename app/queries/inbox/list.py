"""What waits for a person, in one list: the inbox, the dashboard and every page's sidebar show this
list and this number."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.models import Event
from app.models.event import INBOX
from app.queries.inbox.item import InboxItem, Source
from app.queries.inbox.tickets import ASKING_TICKETS, TICKETS_AT_GATES
from app.queries.inbox.workers import NOTICES, SILENT_WORKERS
from app.queries.paging import COUNT_CAP, PAGE_SIZE, Page
from app.visibility import STATEMENTS_KEPT, Visibility

KINDS = MappingProxyType(
    {
        "answer": (ASKING_TICKETS,),
        "approval": (TICKETS_AT_GATES,),
        "worker": (NOTICES, SILENT_WORKERS),
    }
)
"""All that waits for a person, by what it waits for."""


def count_items(session: Session, visibility: Visibility, project: str = "", kind: str = "") -> int:
    """How many things wait for a person, counted up to `COUNT_CAP`."""
    count = rows_of(session, _count(visibility, project, kind)).scalar_one()
    return min(int(count), COUNT_CAP)


@lru_cache(STATEMENTS_KEPT)
def _count(visibility: Visibility, project: str, kind: str) -> Select[int]:
    return select(number_of_items(visibility, project, kind))


def number_of_items(
    visibility: Visibility, project: str = "", kind: str = ""
) -> ColumnElement[int]:
    """The same number as an expression, for a query that asks for more; not yet capped."""
    total: ColumnElement[int] = literal(0)
    for source in _sources(kind):
        total = total + source.count(visibility, project)
    return total


def first_items(session: Session, visibility: Visibility, number: int) -> list[InboxItem]:
    """What is urgent, then what has waited longest."""
    return _first(session, visibility, "", "", number)


def item_page(
    session: Session, visibility: Visibility, project: str = "", kind: str = "", number: int = 1
) -> Page[InboxItem]:
    """One page of all that waits, or of one kind or project."""
    total = count_items(session, visibility, project, kind)
    before, upto = (number - 1) * PAGE_SIZE, number * PAGE_SIZE
    is_there = before < total or total == COUNT_CAP
    found = _first(session, visibility, project, kind, upto) if is_there else []
    return Page(found[before:], number, total)


def inbox_version(session: Session, visibility: Visibility) -> str:
    """Changes with every event to be seen, and when one is marked as dealt with."""
    latest, inbox = rows_of(session, version_of_inbox(visibility)).one()
    return f"{latest or 0}-{inbox}"


@lru_cache(STATEMENTS_KEPT)
def version_of_inbox(visibility: Visibility) -> Select[*tuple[Any, ...]]:
    """What it is made of, for a statement that asks for more."""
    seen = visibility.of(Event.project_id)
    return select(
        select(func.max(Event.id)).where(seen).scalar_subquery(),
        select(func.count(Event.id)).where(INBOX, seen).scalar_subquery(),
    )


def _first(
    session: Session, visibility: Visibility, project: str, kind: str, number: int
) -> list[InboxItem]:
    firsts = (source.first(session, visibility, project, number) for source in _sources(kind))
    return sorted(chain.from_iterable(firsts), key=lambda item: item.rank)[:number]


def _sources(kind: str) -> Iterable[Source]:
    return KINDS[kind] if kind else chain.from_iterable(KINDS.values())
