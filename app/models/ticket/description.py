"""What a ticket's description said before."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, delete, func, insert, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.actor import Actor
from app.db.base import Model
from app.db.columns import created, intpk

UNKNOWN_TO_SESSION = {"synchronize_session": False}


class DescriptionVersion(Model):
    """A text that a description once had. What replaced it is the next one's, or the ticket's."""

    __tablename__ = "description_versions"
    __table_args__ = (Index(None, "ticket_id", "id"),)

    KEPT_MAX = 50
    CHARACTERS_MAX = 1_048_576
    """Of a ticket, all together; of the oldest ones beyond either nothing is kept."""

    id: Mapped[intpk]
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.ticket_id", ondelete="CASCADE"))
    content: Mapped[str]
    replaced_by: Mapped[str]
    """Who wrote other words."""
    replaced_at: Mapped[created]

    @classmethod
    def keep(cls, session: Session, ticket_id: str, content: str, actor: Actor) -> int:
        """Store what a description said until now; returns its number."""
        values = {
            "ticket_id": ticket_id,
            "content": content,
            "replaced_by": actor.label,
            "replaced_at": clock.now(),
        }
        number: int = session.scalars(insert(cls).values(values).returning(cls.id)).one()
        cls._forget_oldest(session, ticket_id)
        return number

    @classmethod
    def forget_all(cls, session: Session, ticket_id: str) -> bool:
        """Delete all of a ticket's; whether there were any."""
        mine = delete(cls).where(cls.ticket_id == ticket_id).returning(cls.id)
        return session.scalars(mine, execution_options=UNKNOWN_TO_SESSION).first() is not None

    @classmethod
    def _forget_oldest(cls, session: Session, ticket_id: str) -> None:
        newest_first = cls.id.desc()
        ranked = (
            select(
                cls.id,
                func.row_number().over(order_by=newest_first).label("number"),
                func.sum(func.length(cls.content)).over(order_by=newest_first).label("characters"),
            )
            .where(cls.ticket_id == ticket_id)
            .subquery()
        )
        beyond = select(ranked.c.id).where(
            or_(ranked.c.number > cls.KEPT_MAX, ranked.c.characters > cls.CHARACTERS_MAX)
        )
        oldest = delete(cls).where(cls.id.in_(beyond))
        session.execute(oldest, execution_options=UNKNOWN_TO_SESSION)
