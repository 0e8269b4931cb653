"""How tickets come to be, and how they are numbered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor
from app.db.rows import rows_of
from app.errors import Conflict, Invalid
from app.models.label import TicketLabel, require_labels
from app.models.mention import Said
from app.models.plan import require_plan
from app.models.project import Project
from app.models.ticket.content import checked
from app.models.ticket.text import TicketText
from app.text import require_name


class TicketCreation(TicketText):
    """Making a ticket, whose first text it takes."""

    __abstract__ = True

    @classmethod
    def create(
        cls,
        session: Session,
        *,
        project_id: str,
        title: str,
        execution_plan: Sequence[str],
        actor: Actor,
        description: str = "",
        priority: int = 2,
        labels: Sequence[str] = (),
        parent_id: str | None = None,
        assignee: str | None = None,
        ticket_id: str | None = None,
        submission_id: str | None = None,
    ) -> Self:
        """A new open ticket at the start of its plan.

        Without `ticket_id` the project numbers it. Raises `Invalid`, `Conflict`, `NotFound`.
        """
        project = Project.get(session, project_id)
        project.require_active()
        ticket = cls.unsaved(
            project_id=project_id,
            title=title,
            execution_plan=require_plan(session, project_id, execution_plan),
            actor=actor,
            description=description,
            priority=priority,
            submission_id=submission_id,
        )
        names = require_labels(labels)
        ticket.has_labels = bool(names)
        if parent_id:
            # Else the parent could be moved into another project meanwhile.
            Project.lock(session, project_id)
            ticket.parent_id = cls.require_parent(session, project_id, parent_id)
        if assignee:
            ticket.assignee_id = cls.require_assignee(session, project_id, assignee)
        if ticket_id:
            ticket.ticket_id = cls._require_free_id(session, ticket_id)
        else:
            (ticket.ticket_id,) = cls.next_free_ids(session, project, 1)
        session.add(ticket)
        # Before the ticket is written, which its events change.
        ticket.record("ticket_created", actor)
        session.flush()
        TicketLabel.add(session, {ticket.ticket_id: names})
        said = Said(ticket.ticket_id, ticket.description)
        cls.tell_mentioned(session, project_id, [said], actor)
        return ticket

    @classmethod
    def unsaved(
        cls,
        *,
        project_id: str,
        title: str,
        execution_plan: list[str],
        actor: Actor,
        description: str = "",
        priority: int = 2,
        submission_id: str | None = None,
    ) -> Self:
        """A new ticket that has no id yet and is in no session. Raises `Invalid` for its text."""
        now = clock.now()
        text = checked({"title": title, "description": description, "priority": priority})
        return cls(
            **text,
            project_id=project_id,
            execution_plan=execution_plan,
            completed_stages=0,
            failed_attempts=0,
            open_blockers=0,
            claimed_by=None,
            state="open",
            version=1,
            ready_at=now,
            created_at=now,
            updated_at=now,
            created_by=actor.label,
            submission_id=submission_id,
        )

    @classmethod
    def require_id(cls, ticket_id: str) -> str:
        """An id that a caller may bring along."""
        ticket_id = require_name(ticket_id, "ticket_id", cls.ID_MAX)
        if ticket_id in cls.RESERVED_IDS:
            raise Invalid(f"“{ticket_id}” is an address of its own; choose another.", "ticket_id")
        return ticket_id

    @classmethod
    def next_free_ids(
        cls, session: Session, project: Project, count: int, but: Collection[str] = ()
    ) -> list[str]:
        """The project's next numbers that no caller has brought along as its own id, nor will."""
        free: list[str] = []
        while missing := count - len(free):
            ids = project.next_ticket_ids(missing)
            taken = cls.taken_ids(session, ids).union(but)
            free += [ticket_id for ticket_id in ids if ticket_id not in taken]
        return free

    @classmethod
    def taken_ids(cls, session: Session, ids: Collection[str]) -> set[str]:
        """Those of the ids that tickets have."""
        return set(rows_of(session, select(cls.ticket_id).where(cls.ticket_id.in_(ids))).scalars())

    @classmethod
    def _require_free_id(cls, session: Session, ticket_id: str) -> str:
        ticket_id = cls.require_id(ticket_id)
        if cls.taken_ids(session, [ticket_id]):
            raise Conflict(f"The id {ticket_id} is taken; choose another.", "ticket_id")
        return ticket_id
