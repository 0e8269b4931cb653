"""What texts refer to, of what there is and may be seen: tickets by id, people by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.db.rows import rows_of
from app.markdown.references import IDS_MAX, ids_in, names_in
from app.models import Project, Ticket, User
from app.models.project import IS_HIDDEN
from app.queries.tickets.conditions import situation
from app.values import immutable
from app.visibility import Visibility


@immutable
class TicketNamed:
    """A ticket that a text names."""

    title: str
    situation: str


@immutable
class References:
    """What is known: tickets by their ids, and how people are called, by their names."""

    tickets: Mapping[str, TicketNamed] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)


NOTHING = References()

_TICKETS = select(Ticket.ticket_id, Ticket.title, situation(), Ticket.project_id).where(
    Ticket.ticket_id.in_(bindparam("ids", expanding=True))
)
_PEOPLE = (
    select(User.name, func.coalesce(User.display_name, User.name))
    .join(Project, Project.repository_name == bindparam("project_id"))
    .where(
        User.name.in_(bindparam("names", expanding=True)), User.disabled_at.is_(None), ~IS_HIDDEN
    )
)


def references(
    session: Session,
    visibility: Visibility,
    project_id: str,
    texts: Sequence[str | None],
    ids: Iterable[str] = (),
) -> References:
    """What these texts of a project refer to, and which of the ids there are. Texts that look as
    if they named nothing cost no statement."""
    wanted = list(dict.fromkeys([*ids, *ids_in(texts)]))[:IDS_MAX]
    names = {name for text in texts for name in names_in(text)}
    tickets = rows_of(session, _TICKETS, ids=wanted) if wanted else ()
    people = (
        rows_of(session, _PEOPLE, names=sorted(names)[:IDS_MAX], project_id=project_id)
        if names
        else ()
    )
    return References(
        {
            ticket_id: TicketNamed(title, word)
            for ticket_id, title, word, project in tickets
            if visibility.sees(project)
        },
        dict(tuple(row) for row in people),
    )
