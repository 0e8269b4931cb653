"""Which projects someone may know of. What one may not see isn't there: in pages, lists, counts,
feeds, searches and messages alike."""

from __future__ import annotations

from typing import Any, Self

from sqlalchemy import ColumnElement, and_, true

from app.errors import NotFound
from app.values import immutable

STATEMENTS_KEPT = 64
"""How many people's statements a process keeps, where making one takes longer than sending it."""


@immutable
class Visibility:
    """What a person or a token can see: all projects but the `hidden`, or `only` one."""

    hidden: frozenset[str] = frozenset()
    only: str | None = None

    @classmethod
    def everything(cls) -> Self:
        """What an operator sees, and of Callboard itself."""
        return cls()

    def sees(self, project_id: str | None) -> bool:
        """Whether what belongs to the project may be known."""
        if self.only is not None and project_id != self.only:
            return False
        # What belongs to no project may have belonged to a hidden one.
        return not self.hidden or (project_id is not None and project_id not in self.hidden)

    def of(self, project: Any) -> ColumnElement[bool]:
        """The rows to see, for a `where`; `project` is their column with the project's name."""
        conditions: list[ColumnElement[bool]] = []
        if self.only is not None:
            conditions.append(project == self.only)
        if self.hidden:
            conditions.append(project.not_in(sorted(self.hidden)))
        # Beside others, a bare `true` is left out: whoever sees all pays for no condition.
        return and_(true(), *conditions) if conditions else true()

    def require(self, project_id: str | None, missing: str) -> None:
        """Raise the `NotFound` that something missing would raise, unless it may be seen."""
        if not self.sees(project_id):
            raise NotFound(missing)
