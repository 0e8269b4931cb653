"""What the search page and the command palette find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db import full_text
from app.models import Comment, Project, Ticket, Worker, WorkerType
from app.queries.search.marks import Marker, Piece
from app.queries.search.phrases import phrases_of, phrases_typed_so_far
from app.queries.search.texts import ids_beginning
from app.queries.tickets.conditions import situation
from app.values import immutable
from app.visibility import Visibility

TEXTS_MAX = 1_000
"""The newest texts with the words, of which the best are shown."""

TICKETS_SHOWN = 30
PLACES_SHOWN = 6
"""Projects, worker types and workers: of each so many."""


@immutable
class Said:
    """A comment with the words."""

    comment_id: int
    author: str
    created_at: datetime


@immutable
class TicketFound:
    """A ticket with the words: in its id or title, its description, or comments. `said`: the newest
    comment that has them, unless its own text does; `others`: how many comments more."""

    ticket_id: str
    project_id: str
    situation: str
    updated_at: datetime
    title: list[Piece]
    excerpt: list[Piece]
    said: Said | None
    others: int


class PlaceFound(NamedTuple):
    """A project, a worker type or a worker: its name, what distinguishes it, and its key."""

    name: str
    detail: str
    key: str | int


@immutable
class Found:
    """Everything found. `is_cut`: there are more than were looked at, or than are shown."""

    tickets: list[TicketFound]
    projects: list[PlaceFound]
    worker_types: list[PlaceFound]
    workers: list[PlaceFound]
    is_cut: bool = False

    def __bool__(self) -> bool:
        return bool(self.tickets or self.projects or self.worker_types or self.workers)


NOTHING = Found([], [], [], [])


def find_everything(
    session: Session,
    visibility: Visibility,
    typed: str,
    most: int = TICKETS_SHOWN,
    *,
    is_typing: bool = False,
) -> Found:
    """Whatever matches, of what may be seen, in a fixed number of statements. Tickets whose id or
    title has the most of the words come first, then those whose texts are the newest.

    `is_typing`: the last word may be the beginning of one; and what ids alone fill is told without
    the texts, which nobody is shown meanwhile.
    """
    phrases = phrases_typed_so_far(typed) if is_typing else phrases_of(typed)
    if not phrases:
        return NOTHING
    marker = Marker.of(phrases)
    by_id = ids_beginning(session, visibility, typed, most + 1)
    newest: Sequence[tuple[str, int | None]] = ()
    if not (is_typing and len(by_id) > most):
        newest = full_text.find_texts(
            session.connection(), phrases, visibility.only, sorted(visibility.hidden), TEXTS_MAX
        )
    texts = newest[:TEXTS_MAX]
    best = _best(session, marker, by_id[:most], texts, most)
    is_cut = len(newest) > TEXTS_MAX or len({*by_id, *(id_ for id_, _ in texts)}) > len(best)
    beginning = typed.strip()
    return Found(
        _tickets(session, marker, best, texts),
        _projects(session, visibility, beginning),
        _worker_types(session, visibility, beginning),
        _workers(session, visibility, beginning),
        is_cut,
    )


def _best(
    session: Session,
    marker: Marker,
    by_id: Sequence[str],
    texts: Sequence[tuple[str, int | None]],
    most: int,
) -> list[str]:
    ids = list(dict.fromkeys([*by_id, *(ticket_id for ticket_id, _ in texts)]))
    rows = session.execute(
        select(Ticket.ticket_id, Ticket.title).where(Ticket.ticket_id.in_(ids))
    ).all()
    scores = {id_: marker.count(f"{id_}\n{title}") for id_, title in rows}
    # Both sorts are stable: those found by their id stay first, then the newest.
    ids.sort(key=lambda id_: (id_ not in by_id, -scores.get(id_, 0)))
    return ids[:most]


def _tickets(
    session: Session,
    marker: Marker,
    ids: Sequence[str],
    texts: Sequence[tuple[str, int | None]],
) -> list[TicketFound]:
    comments: dict[str, int] = {}
    others: Counter[str] = Counter()
    own = {ticket_id for ticket_id, comment_id in texts if comment_id is None}
    for ticket_id, comment_id in texts:
        if comment_id is None:
            continue
        if ticket_id in own or ticket_id in comments:
            others[ticket_id] += 1
        else:
            comments[ticket_id] = comment_id
    said = _said(session, [comments[id_] for id_ in ids if id_ in comments])
    rows = session.execute(
        select(
            Ticket.ticket_id,
            Ticket.project_id,
            Ticket.title,
            Ticket.description,
            Ticket.updated_at,
            situation(),
        ).where(Ticket.ticket_id.in_(ids))
    )
    found = {}
    for row in rows:
        comment, content = said.get(comments.get(row.ticket_id, 0), (None, row.description or ""))
        found[row.ticket_id] = TicketFound(
            row.ticket_id,
            row.project_id,
            row.situation,
            row.updated_at,
            marker.mark(row.title),
            marker.excerpt(content),
            comment,
            others[row.ticket_id],
        )
    return [found[id_] for id_ in ids if id_ in found]


def _said(session: Session, ids: Sequence[int]) -> dict[int, tuple[Said | None, str]]:
    rows = session.execute(
        select(Comment.id, Comment.author, Comment.created_at, Comment.content).where(
            Comment.id.in_(ids)
        )
    )
    return {row.id: (Said(row.id, row.author, row.created_at), row.content) for row in rows}


def _projects(session: Session, visibility: Visibility, typed: str) -> list[PlaceFound]:
    name = Project.repository_name
    rows = session.execute(
        select(name, Project.short_description)
        .where(_holds(typed, name, Project.short_description), visibility.of(name))
        .order_by(Project.archived_at.is_not(None), name)
        .limit(PLACES_SHOWN)
    )
    return [PlaceFound(name, detail or "", name) for name, detail in rows]


def _worker_types(session: Session, visibility: Visibility, typed: str) -> list[PlaceFound]:
    rows = session.execute(
        select(WorkerType.worker_type, WorkerType.project_id, WorkerType.id)
        .where(
            _holds(typed, WorkerType.worker_type, WorkerType.short_description),
            visibility.of(WorkerType.project_id),
        )
        .order_by(WorkerType.worker_type, WorkerType.project_id)
        .limit(PLACES_SHOWN)
    )
    return [PlaceFound(name, f"of {project}", key) for name, project, key in rows]


def _workers(session: Session, visibility: Visibility, typed: str) -> list[PlaceFound]:
    rows = session.execute(
        select(Worker.worker_id, Worker.worker_type, Worker.project_id)
        .where(Worker.worker_id.istartswith(typed, autoescape=True))
        .where(visibility.of(Worker.project_id))
        .order_by(Worker.worker_id)
        .limit(PLACES_SHOWN)
    )
    return [PlaceFound(name, f"{role} of {project}", name) for name, role, project in rows]


def _holds(typed: str, *columns: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    return or_(*(column.icontains(typed, autoescape=True) for column in columns))
