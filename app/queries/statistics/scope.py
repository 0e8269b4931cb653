"""Whose work is told."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, select

from app.models import Project, Ticket
from app.visibility import Visibility


@dataclass(frozen=True, slots=True)
class Scope:
    """The tickets that are counted: those to be seen, of one project or of all.

    `conditions` on `Ticket` narrow them further, such as those of a query.
    """

    visibility: Visibility
    project: str = ""
    conditions: tuple[ColumnElement[bool], ...] = ()

    @property
    def is_narrowed(self) -> bool:
        """Whether it is less than all that may be seen."""
        return bool(self.project or self.conditions)

    def tickets(self) -> list[ColumnElement[bool]]:
        """The conditions on tickets."""
        return [*self.projects(), *self.conditions]

    def projects(self) -> list[ColumnElement[bool]]:
        """Those of them that tell the project, worded so that indexes of each project serve."""
        if self.project:
            return [Ticket.project_id == self.project, self.visibility.of(Ticket.project_id)]
        if self.visibility == Visibility.everything():
            return []
        return [Ticket.project_id.in_(self._visible())]

    def _visible(self) -> Select[str]:
        names = Project.repository_name
        return select(names).where(self.visibility.of(names))
