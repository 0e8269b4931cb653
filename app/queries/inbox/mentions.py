"""Where a person is named and hasn't looked yet: the part of the inbox that is theirs alone."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.models import Comment, Mention, Ticket
from app.models.mention import UNSEEN
from app.queries.inbox.item import QUOTED
from app.queries.paging import COUNT_CAP
from app.values import immutable
from app.visibility import STATEMENTS_KEPT, Visibility

SHOWN = 50


@immutable
class MentionItem:
    """A text that names the person: a comment, or without its number the ticket's description."""

    id: int
    ticket_id: str
    title: str
    comment_id: int | None
    author: str | None
    said: str
    created_at: datetime


def count_mentions(session: Session, visibility: Visibility, user_id: int) -> int:
    """How many wait for that person, counted up to `COUNT_CAP`."""
    return int(rows_of(session, _count(visibility), user_id=user_id).scalar_one())


def mentions(session: Session, visibility: Visibility, user_id: int) -> list[MentionItem]:
    """The newest of them."""
    return [MentionItem(*row) for row in rows_of(session, _newest(visibility), user_id=user_id)]


@lru_cache(STATEMENTS_KEPT)
def _count(visibility: Visibility) -> Select[int]:
    return select(func.count()).select_from(_waiting(visibility).limit(COUNT_CAP).subquery())


@lru_cache(STATEMENTS_KEPT)
def _newest(visibility: Visibility) -> Select[*tuple[Any, ...]]:
    said = func.coalesce(Comment.content, Ticket.description)
    return (
        _waiting(visibility)
        .outerjoin(Comment, Comment.id == Mention.comment_id)
        .add_columns(
            Ticket.ticket_id,
            Ticket.title,
            Mention.comment_id,
            Mention.author,
            func.substr(said, 1, QUOTED),
            Mention.created_at,
        )
        .order_by(Mention.id.desc())
        .limit(SHOWN)
    )


def _waiting(visibility: Visibility) -> Select[*tuple[Any, ...]]:
    return (
        select(Mention.id)
        .join(Ticket, Ticket.ticket_id == Mention.ticket_id)
        .where(Mention.user_id == bindparam("user_id"), UNSEEN, visibility.of(Ticket.project_id))
    )
