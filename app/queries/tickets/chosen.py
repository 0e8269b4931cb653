"""Tickets that somebody chose: what says which they are."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.models import Ticket
from app.values import immutable
from app.visibility import Visibility


@immutable
class ChosenTicket:
    """One of them; `claimed_by` is the worker who is at it."""

    ticket_id: str
    title: str
    project_id: str
    claimed_by: str | None


def chosen_tickets(
    session: Session, visibility: Visibility, ids: Collection[str]
) -> dict[str, ChosenTicket]:
    """Those of them that may be seen, each by its id, in the order in which they were named."""
    rows = rows_of(
        session,
        select(Ticket.ticket_id, Ticket.title, Ticket.project_id, Ticket.claimed_by).where(
            Ticket.ticket_id.in_(ids), visibility.of(Ticket.project_id)
        ),
    )
    found = {row[0]: ChosenTicket(*row) for row in rows}
    return {ticket_id: found[ticket_id] for ticket_id in ids if ticket_id in found}
