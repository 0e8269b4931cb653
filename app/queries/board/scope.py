"""What a board looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from functools import lru_cache
from typing import Any, Self

from sqlalchemy import CTE, ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from app.db.plans import checked, unindexed
from app.db.rows import rows_of
from app.models import Event, Project, Ticket, WorkerType
from app.queries.language.compiling import (
    Matches,
    Shaped,
    conditions_in_order,
    is_led,
    parameters,
    text_matches,
)
from app.queries.language.kinds import Reader
from app.queries.language.query import Query
from app.queries.language.statements import found_open, is_told
from app.queries.paging import COUNT_CAP, number_of
from app.values import immutable
from app.visibility import STATEMENTS_KEPT, Visibility


@immutable
class Scope:
    """The tickets of a board: those to be seen, narrowed by a query.

    `project`: whose board it is, `lanes`: what it is divided by, or an empty text. `found_max`: so
    many open tickets it is narrowed to at most, if they are to be found before all else; `has_few`:
    so few that each of them is looked at. `values`: what statements with the query's conditions are
    sent with, with what its words find.
    """

    visibility: Visibility
    shaped: Shaped
    project: str = ""
    lanes: str = ""
    matches: Matches | None = None
    found_max: int = 0
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
        if matches:
            values |= matches.parameters
            matches = matches.shape
        found = _found_max(session, query, visibility, matches, values)
        return cls(visibility, Shaped.of(query), project, lanes, matches, *found, values)

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
        if not self.found_max or of_few:
            made = conditions_in_order(self.query, self.matches)
            # PostgreSQL would rather find all tickets by one of these, at each place of a board.
            return [checked(one) for one in made] if in_order else made
        found = select(_found(self).c.ticket_id)
        if in_order:
            return [checked(unindexed(Ticket.ticket_id).in_(found))]
        return [Ticket.ticket_id.in_(found)]


RARE = 30_000
"""As many tickets as a board is narrowed to are soon met in the order of a column."""
FEW = 10_000
"""To look at as many takes as long as to meet the first at each stage in the order of its queue."""
SOME = COUNT_CAP
"""So far they are counted, as for a list, where each of them may have to be looked at."""


@lru_cache(STATEMENTS_KEPT)
def _found(scope: Scope) -> CTE:
    """The open tickets that a board is narrowed to, found once for all parts of a statement."""
    most = scope.found_max
    found = found_open(scope.visibility, scope.query, scope.matches, most)
    # Without a limit PostgreSQL might expect more of them than it would keep at hand.
    return found.limit(most).cte("found").prefix_with("MATERIALIZED")


def _found_max(
    session: Session,
    query: Query,
    visibility: Visibility,
    matches: Matches | None,
    values: Mapping[str, Any],
) -> tuple[int, bool]:
    """`found_max` and `has_few`."""

    def number(upto: int) -> int:
        found = found_open(visibility, query, matches, upto)
        return int(rows_of(session, select(number_of(found, upto)), **values).scalar_one())

    is_quick = is_told(visibility, query, matches)
    if not is_quick and not is_led(query):
        return 0, False
    if number(SOME) < SOME:
        return SOME, True
    there = number(RARE) if is_quick else RARE
    return (RARE, there < FEW) if there < RARE else (0, False)


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
