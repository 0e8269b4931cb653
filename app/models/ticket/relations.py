"""Related tickets: links that hold nothing up, the same from both ends."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, delete, insert
from sqlalchemy.orm import Mapped, mapped_column

from app.actor import Actor
from app.db.base import Model
from app.db.columns import created
from app.errors import Conflict
from app.models.event import Event
from app.models.project import Project
from app.models.ticket.row import TicketRow


class RelatedTickets(Model):
    """Two tickets that belong together. Each pair is stored once, its lesser id first."""

    __tablename__ = "related_tickets"
    __table_args__ = (
        CheckConstraint("ticket_id <> related_id", name="not_itself"),
        Index(None, "related_id"),
    )

    ticket_id: Mapped[str] = mapped_column(
        ForeignKey("tickets.ticket_id", ondelete="CASCADE"), primary_key=True
    )
    related_id: Mapped[str] = mapped_column(
        ForeignKey("tickets.ticket_id", ondelete="CASCADE"), primary_key=True
    )
    created_at: Mapped[created]


def as_pair(ticket_id: str, other_id: str) -> dict[str, str]:
    """The key of a link, whichever end it is looked at from."""
    return dict(zip(("ticket_id", "related_id"), sorted((ticket_id, other_id)), strict=True))


class TicketRelations(TicketRow):
    """Linking a ticket with others, without anybody waiting for anything."""

    __abstract__ = True

    def is_related_to(self, other_id: str) -> bool:
        """Whether the two are linked, from whichever end."""
        key = as_pair(self.ticket_id, other_id)
        return self.session.get(RelatedTickets, key, populate_existing=True) is not None

    def relate_to(self, other_id: str, actor: Actor) -> None:
        """Link this ticket with another of its project; both tell of it."""
        # Else it could be moved into another project meanwhile.
        Project.lock(self.session, self.project_id)
        other = self.session.get(type(self), other_id.strip(), populate_existing=True)
        other = self.require_other(other, other_id, "related_id", "be related to")
        if self.is_related_to(other.ticket_id):
            raise Conflict(
                f"{self.ticket_id} and {other.ticket_id} are related already.", "related_id"
            )
        pair = as_pair(self.ticket_id, other.ticket_id)
        self.session.execute(insert(RelatedTickets).values(pair))
        self._tell_both("related", other, actor)

    def unrelate_from(self, other_id: str, actor: Actor) -> None:
        """Take the link away; where there is none there is nothing to do."""
        if not self.is_related_to(other_id):
            return
        pair = as_pair(self.ticket_id, other_id)
        self.session.execute(delete(RelatedTickets).filter_by(**pair))
        if other := self.session.get(type(self), other_id):
            self._tell_both("unrelated", other, actor)

    def _tell_both(self, cause: str, other: TicketRow, actor: Actor) -> None:
        self.record("ticket_dependency_changed", actor, details=_link(cause, other))
        # The other isn't held: two who link the same two tickets would wait for each other.
        told = other.event("ticket_dependency_changed", actor, details=_link(cause, self))
        Event.add_all(self.session, [told])


def _link(cause: str, other: TicketRow) -> dict[str, object]:
    return {"cause": cause, "related": [other.ticket_id]}
