"""One page of a longer list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ColumnElement,
    Integer,
    ScalarSelect,
    Select,
    case,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from app.values import immutable

T = TypeVar("T")

PAGE_SIZE = 50
COUNT_CAP = 1_000
"""Counting stops here; a page then says "1,000+"."""
COUNTED_IN_ALL, LEAST_CAP = 5_000, 100
"""What counts of many queues or projects share, and how far each of them goes at least."""


@immutable
class Page(Generic[T]):
    """The rows `first` to `last` of `total`, which is capped at `COUNT_CAP`. `last_number`: of the
    last page that can be asked for."""

    items: Sequence[T]
    number: int
    total: int
    size: int = PAGE_SIZE
    last_number: int | None = None

    @property
    def first(self) -> int:
        """Number of the first row shown, from 1; 0 when there is none."""
        return (self.number - 1) * self.size + 1 if self.items else 0

    @property
    def last(self) -> int:
        """Number of the last row shown."""
        return (self.number - 1) * self.size + len(self.items)

    @property
    def has_next(self) -> bool:
        """Whether a page follows."""
        if self.number == self.last_number:
            return False
        return self.last < self.total or (self.total >= COUNT_CAP and len(self.items) == self.size)

    @property
    def is_cut(self) -> bool:
        """Whether more rows were found than can be paged to."""
        return self.number == self.last_number and self.total >= COUNT_CAP


def shared_cap(number: int, in_all: int = COUNTED_IN_ALL, least: int = LEAST_CAP) -> int:
    """Where each of so many counts beside each other stops."""
    return min(COUNT_CAP, max(least, in_all // max(1, number)))


def shared_cap_of(number: ScalarSelect[int], in_all: int = COUNTED_IN_ALL) -> ColumnElement[int]:
    """The same, worked out by the database."""
    return case(
        (number * COUNT_CAP <= in_all, COUNT_CAP),
        (number * LEAST_CAP >= in_all, LEAST_CAP),
        else_=literal(in_all).op("/", return_type=Integer())(number),
    )


def capped_count(session: Session, rows: Select[*tuple[Any, ...]]) -> int:
    """How many rows a select has, counted up to `COUNT_CAP`."""
    return session.scalar(select(number_of(rows))) or 0


def number_of(
    rows: Select[*tuple[Any, ...]], cap: int | ColumnElement[int] = COUNT_CAP
) -> ScalarSelect[int]:
    """The same, up to any cap, as an expression for a query that asks for more."""
    # Without columns an index that answers the conditions is enough.
    one: Select[int] = rows.with_only_columns(literal_column("1"), maintain_column_froms=True)
    some = one.limit(cap).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
