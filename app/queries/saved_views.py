"""Saved views as the pages around them show them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Integer, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.db.plans import PLANNED_ONCE
from app.db.rows import rows_of
from app.models import DefaultView, SavedView
from app.queries.language.compiling import Shaped, parameters
from app.queries.language.kinds import Reader
from app.queries.language.mistakes import NotUnderstood
from app.queries.language.parsing import parse
from app.queries.language.statements import found_ids
from app.queries.paging import number_of
from app.visibility import STATEMENTS_KEPT, Visibility

PINNED_MAX = 20
"""Views that a sidebar shows."""

_ME = bindparam("user_id", type_=Integer())
_IS_DEFAULT = DefaultView.view_id.is_not(None)
_SHOWN = (
    select(SavedView.id, SavedView.name, SavedView.query, SavedView.pinned, _IS_DEFAULT)
    .outerjoin(DefaultView, (DefaultView.view_id == SavedView.id) & (DefaultView.user_id == _ME))
    .where(
        or_(SavedView.user_id == _ME, SavedView.user_id.is_(None)), SavedView.pinned | _IS_DEFAULT
    )
    .order_by(SavedView.user_id.is_(None), SavedView.position, SavedView.id)
    .limit(PINNED_MAX + 1)
    .execution_options(**PLANNED_ONCE)
)


class ShownView(NamedTuple):
    """A view that is in a person's sidebar, or that their list of tickets begins with."""

    id: int
    name: str
    query: str
    pinned: bool
    is_default: bool


def shown_views(session: Session, user_id: int) -> list[ShownView]:
    """Those of a person, their own first."""
    return [ShownView(*row) for row in rows_of(session, _SHOWN, user_id=user_id)]


def count_of(session: Session, visibility: Visibility, text: str, reader: Reader) -> int | None:
    """How many tickets a query finds, up to a cap. None: words would have to be looked for, which
    costs more than a number is worth, or it isn't understood."""
    try:
        query = parse(text).or_open()
    except NotUnderstood:
        return None
    if query.has_text:
        return None
    statement = _counting(visibility, Shaped.of(query))
    return rows_of(session, statement, **parameters(query, reader)).scalar() or 0


@lru_cache(STATEMENTS_KEPT)
def _counting(visibility: Visibility, shaped: Shaped) -> Select[int]:
    return select(func.coalesce(number_of(found_ids(visibility, shaped.query, None)), 0))


def depends_on_reader(text: str) -> bool:
    """Whether it finds something else for another person."""
    try:
        terms = parse(text).conditions
    except NotUnderstood:
        return False
    values = (value for term in terms for value in term.values)
    return any(value.special == "me" or value.text == "mine" for value in values)
