"""Tickets that a form offers while somebody types what they remember of one."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Ticket
from app.queries.search.texts import ids_beginning, match_texts
from app.queries.tickets.conditions import situation
from app.visibility import Visibility

LOOKED_AT = 200
SHOWN = 20


class TicketChoice(NamedTuple):
    """A ticket that may be meant."""

    ticket_id: str
    title: str
    situation: str


def tickets_to_choose(
    session: Session, visibility: Visibility, project_id: str, typed: str
) -> list[TicketChoice]:
    """Those of a project that may be seen: by the beginning of an id, or by words, of which the
    last may not be typed to its end. Words of a title count more than others."""
    if not visibility.sees(project_id):
        return []
    of_project = Visibility(only=project_id)
    by_id = ids_beginning(session, of_project, typed, SHOWN)
    words = f"{typed}*" if typed[-1:].isalnum() else typed
    ids = list(dict.fromkeys([*by_id, *match_texts(session, of_project, words).ticket_ids]))
    rows = session.execute(
        select(Ticket.ticket_id, Ticket.title, situation()).where(
            Ticket.ticket_id.in_(ids[:LOOKED_AT])
        )
    )
    wanted = typed.lower().split()

    def rank(it: TicketChoice) -> tuple[bool, int, int]:
        in_title = sum(word in it.title.lower() for word in wanted)
        return it.ticket_id not in by_id, -in_title, ids.index(it.ticket_id)

    return sorted((TicketChoice(*row) for row in rows), key=rank)[:SHOWN]
