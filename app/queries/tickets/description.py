"""What a ticket's description said before: who edited it when, and what an edit changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import DescriptionVersion, Ticket
from app.queries.text_diff import Change, change
from app.values import immutable


@immutable
class Edit:
    """An edit, by the number of the text that it replaced. `length`: that text's characters."""

    id: int
    by: str
    at: datetime
    length: int


@immutable
class Comparison:
    """The text before an edit, and what the edit changed."""

    edit: Edit
    before: str
    change: Change


def edits(session: Session, ticket_id: str) -> list[Edit]:
    """Those whose earlier text is kept, newest first."""
    rows = session.execute(
        select(
            DescriptionVersion.id,
            DescriptionVersion.replaced_by,
            DescriptionVersion.replaced_at,
            func.length(DescriptionVersion.content),
        )
        .where(DescriptionVersion.ticket_id == ticket_id)
        .order_by(DescriptionVersion.id.desc())
    )
    return [Edit(*row) for row in rows]


def comparison(session: Session, ticket: Ticket, edit: Edit) -> Comparison:
    """What an edit of the ticket's description changed."""
    texts = session.scalars(
        select(DescriptionVersion.content)
        .where(DescriptionVersion.ticket_id == ticket.ticket_id, DescriptionVersion.id >= edit.id)
        .order_by(DescriptionVersion.id)
        .limit(2)
    ).all()
    before, after, *_ = *texts, ticket.description
    return Comparison(edit, before, change(before, after))
