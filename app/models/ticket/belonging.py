"""What a ticket is a part of, and who looks after it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.errors import Invalid
from app.models.project import IS_HIDDEN, Project
from app.models.ticket.row import TicketRow
from app.models.user import User


class TicketBelonging(TicketRow):
    """Parents and assignees that a ticket may have."""

    __abstract__ = True

    NOBODY = "There is nobody named {} who can see {}."
    """Whether there is such a person, members of the project needn't learn by it."""

    @property
    def assignee(self) -> str | None:
        """The name of the person who looks after it."""
        if self.assignee_id is None:
            return None
        return self.session.scalar(select(User.name).where(User.id == self.assignee_id))

    @classmethod
    def require_assignee(cls, session: Session, project_id: str, name: str) -> int:
        """The number of someone who may see the project; raises `Invalid`."""
        found = cls.people_named(session, project_id, [name])
        if not found:
            raise Invalid(cls.NOBODY.format(name, project_id), "assignee")
        return found[name]

    @classmethod
    def people_named(
        cls, session: Session, project_id: str, names: Collection[str]
    ) -> dict[str, int]:
        """The numbers of those who may see the project, by the names as they are written."""
        found = session.execute(
            select(User.name, User.id)
            .join(Project, Project.repository_name == project_id)
            .where(
                User.name.in_({name.strip().lower() for name in names}),
                User.disabled_at.is_(None),
                ~IS_HIDDEN,
            )
        )
        numbers: dict[str, int] = dict(found.all())
        return {name: numbers[key] for name in names if (key := name.strip().lower()) in numbers}

    @classmethod
    def require_parent(cls, session: Session, project_id: str, parent_id: str) -> str:
        """The id of a ticket of the project; raises `Invalid`."""
        parent = session.get(cls, parent_id.strip(), populate_existing=True)
        if parent is None or parent.project_id != project_id:
            raise Invalid(f"{project_id} has no ticket {parent_id}.", "parent_id")
        return parent.ticket_id

    def _move_under(self, parent_id: str | None) -> None:
        """Be a part of another ticket. Raises `Invalid` for one that is a part of this one."""
        if parent_id is None:
            self.parent_id = None
            return
        # One change to a project's tree at a time: two at once could close a circle.
        Project.lock(self.session, self.project_id)
        self.parent_id = self.require_movable_under(parent_id)

    def require_movable_under(self, parent_id: str) -> str:
        """The parent's id, if the ticket can be a part of it; raises `Invalid`."""
        parent_id = self.require_parent(self.session, self.project_id, parent_id)
        if parent_id == self.ticket_id or self._is_above(parent_id):
            raise Invalid(f"{parent_id} is {self.ticket_id} itself, or a part of it.", "parent_id")
        return parent_id

    def _is_above(self, ticket_id: str) -> bool:
        tickets = type(self)
        above = select(tickets.parent_id).where(tickets.ticket_id == ticket_id).cte(recursive=True)
        above = above.union(select(tickets.parent_id).where(tickets.ticket_id == above.c.parent_id))
        return bool(
            self.session.scalar(select(exists().where(above.c.parent_id == self.ticket_id)))
        )
