"""What a board looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from functools import lru_cache
from typing import Any, Self

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.models import Event, Project, WorkerType
from app.queries.language.compiling import (
    Matches,
    Shaped,
    conditions_in_order,
    conditions_of_open,
    numbers_with_labels,
    parameters,
    text_matches,
)
from app.queries.language.kinds import Reader
from app.queries.language.query import Query
from app.values import immutable
from app.visibility import STATEMENTS_KEPT, Visibility


@immutable
class Scope:
    """The tickets of a board: those to be seen, narrowed by a query.

    `project`: whose board it is, `lanes`: what it is divided by, or an empty text. `has_rare`:
    whether few tickets have the labels that it is narrowed by, `has_few`: so few that each of them
    is looked at. `values`: what statements with the query's conditions are sent with, with what its
    words find.
    """

    visibility: Visibility
    shaped: Shaped
    project: str = ""
    lanes: str = ""
    matches: Matches | None = None
    has_rare: bool = False
    has_few: bool = False
    values: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def of(
        cls,
        session: Session,
        visibility: Visibility,
        query: Query,
        reader: Reader,
        project: str = "",
        lanes: str = "",
    ) -> Self:
        """The same, with the words of the query looked up. Of all projects those at work."""
        query = query.without("sort")
        one = project or query.only_value("project")
        if one:
            visibility = replace(visibility, only=one)
        elif archived := rows_of(session, ARCHIVED).scalars().all():
            visibility = replace(visibility, hidden=visibility.hidden.union(archived))
        values = parameters(query, reader)
        matches = text_matches(query, session, visibility)
        return cls(
            visibility,
            Shaped.of(query),
            project,
            lanes,
            matches and matches.shape,
            *_rarity(session, query, visibility, values),
            {**values, **matches.parameters} if matches else values,
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether some of the tickets are left out."""
        return bool(self.query)

    @property
    def is_by_project(self) -> bool:
        """Whether all tickets of a cell are of one project."""
        return bool(self.project) or self.lanes == "project"

    @property
    def query(self) -> Query:
        """What it is narrowed by, without an order: cards stand in that of their queues."""
        return self.shaped.query

    def narrowing(
        self, *, of_few: bool = False, in_order: bool = False
    ) -> list[ColumnElement[bool]]:
        """What each ticket has to be, besides standing in a column: the one place where the query
        of a board becomes conditions. A query that names no state leaves each column as it is.
        `of_few`: something else leads to few tickets; `in_order`: they are met in the order of a
        column."""
        if self.has_rare and not of_few:
            return conditions_of_open(self.query, self.visibility, self.matches, in_order=in_order)
        return conditions_in_order(self.query, self.matches)


RARE = 30_000
"""With as many tickets that have a label, those of a column are soon met in the column's order."""
FEW = 10_000
"""To look at as many takes as long as to meet the first at each stage in the order of its queue."""


def _rarity(
    session: Session, query: Query, visibility: Visibility, values: Mapping[str, Any]
) -> tuple[bool, bool]:
    """`has_rare` and `has_few`."""
    numbers = numbers_with_labels(query, visibility, RARE)
    if numbers is None:
        return False, False
    found = rows_of(session, numbers, **values).one()
    is_rare = max(found) < RARE
    return is_rare, is_rare and min(found) < FEW


ARCHIVED = select(Project.repository_name).where(Project.archived_at.is_not(None))


def board_version(session: Session, visibility: Visibility) -> str:
    """Changes whenever the board does: with each event, and each change of a worker type."""
    newest, count, changed_at = rows_of(session, _version(visibility)).one()
    return f"{newest or 0}.{count}.{changed_at.timestamp() if count else 0}"


@lru_cache(STATEMENTS_KEPT)
def _version(visibility: Visibility) -> Select[*tuple[Any, ...]]:
    newest = select(func.max(Event.id)).where(visibility.of(Event.project_id))
    return select(
        newest.scalar_subquery(), func.count(WorkerType.id), func.max(WorkerType.updated_at)
    ).where(visibility.of(WorkerType.project_id))
