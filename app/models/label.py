"""Labels: free words that group tickets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import ForeignKey, Index, delete, false, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db.base import Model
from app.errors import Invalid
from app.text import require_line

LABEL_MAX = 64
LABELS_MAX = 20
"""Labels on one ticket."""


class TicketLabel(Model):
    """One label of one ticket. What it repeats of its ticket, so that an index of labels finds the
    tickets that have more in common, the database's triggers keep (`db/label_facts.py`)."""

    __tablename__ = "ticket_labels"
    __table_args__ = (
        Index(
            "ix_ticket_labels_found", "label", "is_closed", "ticket_id", "priority", "project_id"
        ),
    )

    ticket_id: Mapped[str] = mapped_column(
        ForeignKey("tickets.ticket_id", ondelete="CASCADE"), primary_key=True
    )
    label: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(server_default="")
    is_closed: Mapped[bool] = mapped_column(server_default=false())
    priority: Mapped[int] = mapped_column(server_default="2")

    @classmethod
    def of(cls, session: Session, ticket_id: str) -> list[str]:
        """The ticket's labels, in order."""
        found = select(cls.label).where(cls.ticket_id == ticket_id).order_by(cls.label)
        return list(session.scalars(found))

    @classmethod
    def replace(cls, session: Session, ticket_id: str, labels: list[str]) -> None:
        """Give the ticket exactly these labels."""
        session.execute(delete(cls).where(cls.ticket_id == ticket_id))
        cls.add(session, {ticket_id: labels})

    @classmethod
    def add(cls, session: Session, labels: Mapping[str, Iterable[str]]) -> None:
        """Give tickets labels that they don't have; `labels` are those of each ticket."""
        rows = [{"ticket_id": key, "label": label} for key in labels for label in labels[key]]
        if rows:
            session.execute(insert(cls), rows)


def require_labels(labels: Iterable[str]) -> list[str]:
    """The labels, each once, in order. A comma would end a label where people type them."""
    found = list(
        dict.fromkeys(require_line(label, "labels", LABEL_MAX) for label in labels if label.strip())
    )
    if len(found) > LABELS_MAX:
        raise Invalid(f"At most {LABELS_MAX} labels; these are {len(found)}.", "labels")
    if bad := [label for label in found if "," in label]:
        raise Invalid(f"A label can't hold a comma: {bad[0]}", "labels")
    return found
