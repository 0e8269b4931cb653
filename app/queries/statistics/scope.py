"""Whose work is told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from sqlalchemy import ColumnElement, Select, func, literal_column, select
from sqlalchemy.orm import Session

from app.db.places import part_of, places_in, sent
from app.models import Project, Ticket
from app.queries.language.compiling import parameters, text_matches
from app.queries.language.kinds import Reader
from app.queries.language.query import Query
from app.queries.language.statements import found_tickets, met_in_order
from app.values import immutable
from app.visibility import Visibility


@immutable
class Scope:
    """The tickets that are counted: those to be seen, of one project or of all.

    `conditions` on `Ticket` narrow them further. Those of a query are told in two more ways:
    `finds` leads to the tickets, `checks` is for looking at a few to which something else leads.
    """

    visibility: Visibility
    project: str = ""
    conditions: tuple[ColumnElement[bool], ...] = ()
    finds: Select[str] | None = None
    checks: Select[str] | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether it is less than all that may be seen."""
        return bool(self.project or self.conditions)

    @property
    def is_of_all(self) -> bool:
        """Whether it is all that is on the board, but for projects that are hidden."""
        return not self.is_narrowed and self.visibility.only is None

    def tickets(self) -> list[ColumnElement[bool]]:
        """The conditions on tickets."""
        return [*self.projects(), *self.conditions]

    def rows(self, *columns: Any) -> Select[*tuple[Any, ...]]:
        """Columns of the tickets."""
        finds = self.finds
        rows = select(Ticket.ticket_id).where(*self.tickets()) if finds is None else finds
        return rows.with_only_columns(*columns)

    def has_any(self, session: Session) -> bool:
        """Whether there is a ticket, whenever it was open."""
        return session.scalar(self.rows(Ticket.ticket_id).limit(1)) is not None

    def met(self) -> Select[str]:
        """The tickets, for conditions that lead to a few of them."""
        some = select(Ticket.ticket_id).where(*self.conditions)
        return (some if self.checks is None else self.checks).where(*self.projects())

    def projects(self) -> list[ColumnElement[bool]]:
        """Those of them that tell the project, worded so that indexes of each project serve."""
        if self.project:
            return [Ticket.project_id == self.project, self.visibility.of(Ticket.project_id)]
        if self.visibility == Visibility.everything():
            return []
        return [Ticket.project_id.in_(self._visible())]

    def unseen(self) -> list[ColumnElement[bool]]:
        """The conditions on tickets of projects that are hidden."""
        return [Ticket.project_id.in_(sorted(self.visibility.hidden))]

    def has_few_unseen(self) -> ColumnElement[bool]:
        """Whether most tickets are to be seen; what matters is only that few are counted."""
        issued = select(func.sum(Project.last_ticket_number))
        hidden = issued.where(Project.repository_name.in_(sorted(self.visibility.hidden)))
        two: ColumnElement[int] = literal_column("2")
        return two * hidden.scalar_subquery() < issued.scalar_subquery()

    @classmethod
    def of_query(
        cls, session: Session, visibility: Visibility, project: str, wanted: Query, reader: Reader
    ) -> Self:
        """Of a project's tickets, or all, those that a query finds; in any state unless it names
        some."""
        wanted = wanted.without("sort")
        if not project and (named := wanted.only_value("project")):
            # Indexes have the tickets of a project by their times.
            project, wanted = named, wanted.without("project")
        if not wanted.terms:
            return cls(visibility, project)
        if project:
            # Whichever of both has fewer tickets leads to them.
            wanted = wanted.naming("project", project)
        matches = text_matches(wanted, session, visibility)
        values = parameters(wanted, reader)
        found = found_tickets(visibility, wanted, matches).params(values)
        met = met_in_order(visibility, wanted, matches)
        checks = select(Ticket.ticket_id).where(met).params(values)
        return cls(visibility, project, (Ticket.ticket_id.in_(found),), found, checks)

    def _visible(self) -> Select[str]:
        names = Project.repository_name
        return select(names).where(self.visibility.of(names))


def as_sent(tickets: Iterable[str]) -> str:
    """The value of the parameter `sent_tickets` of a statement about these."""
    return sent([ticket_id] for ticket_id in tickets)


SENT_ID = part_of(places_in("sent_tickets"), 0)
IDS = select(SENT_ID)
"""The tickets that are sent with a statement."""
