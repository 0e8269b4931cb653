"""What a board looks at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.models import Event, Project, WorkerType
from app.queries.search.texts import TextMatches
from app.queries.tickets.conditions import SITUATIONS, TicketFilter, looks_like
from app.visibility import STATEMENTS_KEPT, Visibility

LANES = ("project", "priority")
"""What a board can be divided by."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The tickets of a board: those to be seen, narrowed by whatever a list can be narrowed by.

    `lanes`: what it is divided by, or an empty text.
    """

    visibility: Visibility
    wanted: TicketFilter = field(default_factory=TicketFilter)
    lanes: str = ""
    matches: TextMatches | None = None

    @classmethod
    def of(
        cls, session: Session, visibility: Visibility, wanted: TicketFilter, lanes: str = ""
    ) -> Scope:
        """The same, with the text of the filter looked up. Of all projects those at work."""
        if wanted.project:
            visibility = replace(visibility, only=wanted.project)
        elif archived := rows_of(session, ARCHIVED).scalars().all():
            visibility = replace(visibility, hidden=visibility.hidden.union(archived))
        return cls(visibility, wanted, lanes, wanted.text_matches(session, visibility))

    @property
    def project(self) -> str:
        """The only project, if it is one's board."""
        return self.wanted.project

    @property
    def is_narrowed(self) -> bool:
        """Whether some of the open tickets are left out."""
        return self.wanted.state != "open" or replace(self.wanted, project="").is_narrowed

    def narrowing(self) -> list[ColumnElement[bool]]:
        """What each ticket has to be, besides standing in a column: the one place where the filter
        of a board is made."""
        if not self.is_narrowed:
            return []
        others = replace(self.wanted, state="all", project="")
        state = self.wanted.state
        is_so = [looks_like(state)] if state in SITUATIONS else []
        return [*others.conditions_in_order(self.matches)[1:], *is_so]


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
