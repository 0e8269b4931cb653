"""What waits for a person, in one list: the inbox, the dashboard and every page's sidebar show this
list and this number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from app.db.plans import PLANNED_ONCE
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
    return select(number_of_items(visibility, project, kind)).execution_options(**PLANNED_ONCE)


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
    return some_items(session, visibility, "", "", number)


def item_page(
    session: Session, visibility: Visibility, project: str = "", kind: str = "", number: int = 1
) -> Page[InboxItem]:
    """One page of all that waits, or of one kind or project."""
    total = count_items(session, visibility, project, kind)
    before = (number - 1) * PAGE_SIZE
    is_there = before < total or total == COUNT_CAP
    found = some_items(session, visibility, project, kind, PAGE_SIZE, before) if is_there else []
    return Page(found, number, total)


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


def some_items(
    session: Session, visibility: Visibility, project: str, kind: str, size: int, offset: int = 0
) -> list[InboxItem]:
    """So many of the list. Where all stand that come before is read from indexes, and in full only
    what is wanted."""
    limits = {"number": offset + size, "size": size, "offset": offset}
    ids: dict[int, list[str]] = defaultdict(list)
    for source, id_ in rows_of(session, _places(visibility, project, kind), **limits):
        ids[source].append(id_)
    sources = list(_sources(kind))
    found = (sources[number].read(session, visibility, these) for number, these in ids.items())
    return sorted(chain.from_iterable(found), key=lambda item: item.rank)


@lru_cache(STATEMENTS_KEPT)
def _places(visibility: Visibility, project: str, kind: str) -> Select[int, str]:
    each = (source.places(visibility, project).subquery() for source in _sources(kind))
    numbered = (
        select(literal(number).label("source"), *places.c) for number, places in enumerate(each)
    )
    places = union_all(*numbered).subquery("places")
    source, *place = places.c
    return (
        select(source, place[-1])
        .order_by(*place[:-1], source, place[-1])
        .limit(bindparam("size"))
        .offset(bindparam("offset"))
        .execution_options(**PLANNED_ONCE)
    )


def _sources(kind: str) -> Iterable[Source]:
    return KINDS[kind] if kind else chain.from_iterable(KINDS.values())
