"""Moving a ticket into another project."""

from __future__ import annotations

from sqlalchemy import exists, or_, select, update

from app.actor import Actor
from app.errors import Conflict, Invalid
from app.models.comment import Comment
from app.models.event import Event
from app.models.plan import require_plan
from app.models.project import Project
from app.models.ticket.dependencies import TicketDependency
from app.models.ticket.relations import RelatedTickets
from app.models.ticket.runs import TicketRuns


class TicketMoving(TicketRuns):
    """Only what nobody has worked on moves: runs are of the project whose workers did them."""

    __abstract__ = True

    def move_to_project(self, project_id: str, actor: Actor) -> None:
        """Be a ticket of another project, with the same id and plan; the plan's worker types are
        then those of that name there. Raises `Conflict`, `Invalid`, `NotFound`."""
        before = self.project_id
        if project_id == before:
            return
        # Whoever links tickets of either project waits, and then sees where this one is.
        projects = {name: Project.lock(self.session, name) for name in sorted((before, project_id))}
        self.require_movable_to(project_id)
        left = self.event("ticket_edited", actor, details={"cause": "left_project"})
        Event.add_all(self.session, [left])
        self.project_id = project_id
        self.version += 1
        self.session.flush()
        # The full-text index keeps the project with each comment: it reads them anew.
        comments = update(Comment).where(Comment.ticket_id == self.ticket_id)
        self.session.execute(
            comments.values(content=Comment.content),
            execution_options={"synchronize_session": False},
        )
        details: dict[str, object] = {"changed": ["project"]}
        if not projects[before].members_only:
            # Else those who see the ticket here would read of a project that they may not know.
            details |= {"from": {"project": before}, "to": {"project": project_id}}
        self.record("ticket_edited", actor, details=details)

    def require_movable_to(self, project_id: str) -> None:
        """Raise what `move_to_project` would."""
        Project.get(self.session, project_id).require_active()
        self.require_not_closed()
        if self.session.scalar(self.runs.select().limit(1)):
            raise Conflict(f"{self.ticket_id} was worked on: it stays in {self.project_id}.")
        if self._is_linked():
            raise Conflict(
                f"{self.ticket_id} is linked with other tickets of {self.project_id}, or a part of "
                "one. Take these links away first."
            )
        if (name := self.assignee) and not self.people_named(self.session, project_id, [name]):
            raise Invalid(self.NOBODY.format(name, project_id), "project_id")
        require_plan(self.session, project_id, self.execution_plan)

    def _is_linked(self) -> bool:
        here, tickets = self.ticket_id, type(self)
        return self.parent_id is not None or bool(
            self.session.scalar(
                select(
                    or_(
                        exists().where(TicketDependency.ticket_id == here),
                        exists().where(TicketDependency.blocked_by_id == here),
                        exists().where(RelatedTickets.ticket_id == here),
                        exists().where(RelatedTickets.related_id == here),
                        exists().where(tickets.parent_id == here),
                    )
                )
            )
        )
