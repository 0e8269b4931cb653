"""Many tickets at once, with what they are parts of and what they wait for: all, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from sqlalchemy.orm import Session

from app.actor import Actor
from app.errors import DomainError, Invalid, InvalidEntries
from app.models import Event, Project, Ticket, TicketLabel
from app.models.label import require_labels
from app.models.mention import Said
from app.models.plan import hold_roles, require_roles, require_stages
from app.values import immutable

TICKETS_MAX = 1_000
"""Tickets made in one transaction: more would keep other writers waiting for too long."""

Problems = list[tuple[str, str]]


@immutable
class Draft:
    """A ticket to be made. `parent` and `blocked_by` name keys of other drafts, or tickets."""

    key: str
    title: str
    execution_plan: Sequence[str]
    description: str = ""
    priority: int = 2
    labels: Sequence[str] = ()
    assignee: str | None = None
    parent: str | None = None
    blocked_by: Sequence[str] = ()
    ticket_id: str | None = None


def create_tickets(
    session: Session, project_id: str, drafts: Sequence[Draft], actor: Actor
) -> list[Ticket]:
    """Make them all; the tickets come in the drafts' order. Raises `InvalidEntries`, which names
    each draft that is wrong.

    What can be checked without the board is checked before the first statement: a transaction
    that writes keeps others waiting. However many they are, the statements are as few.
    """
    _refuse(_repeated_keys(drafts))
    _refuse(_circles(drafts, "parent") or _circles(drafts, "blocked_by"))
    tickets, labels = _written(project_id, drafts, actor)
    project = Project.lock(session, project_id)
    project.require_active()
    names = {draft.assignee for draft in drafts if draft.assignee}
    people = Ticket.people_named(session, project_id, names) if names else {}
    _refuse(
        _unknown_roles(project_id, drafts, hold_roles(session, project_id))
        + _unknown_names(session, project_id, drafts)
        + _unknown_people(project_id, drafts, people)
        + _taken_ids(session, tickets)
    )
    for ticket, draft in zip(tickets, drafts, strict=True):
        ticket.assignee_id = people.get(draft.assignee or "")
    own_ids = [ticket.ticket_id for ticket in tickets if ticket.ticket_id]
    count = len(tickets) - len(own_ids)
    numbered = iter(Ticket.next_free_ids(session, project, count, but=own_ids))
    for ticket in tickets:
        ticket.ticket_id = ticket.ticket_id or next(numbered)
    _store(session, project_id, drafts, tickets, actor)
    TicketLabel.add(session, {t.ticket_id: names for t, names in zip(tickets, labels, strict=True)})
    texts = [Said(ticket.ticket_id, ticket.description) for ticket in tickets]
    Ticket.tell_mentioned(session, project_id, texts, actor)
    return tickets


def _written(
    project_id: str, drafts: Sequence[Draft], actor: Actor
) -> tuple[list[Ticket], list[list[str]]]:
    """The drafts as tickets, and the labels of each: what they say is checked."""
    tickets: list[Ticket] = []
    labels: list[list[str]] = []
    problems: Problems = []
    for place, draft in enumerate(drafts):
        try:
            ticket = Ticket.unsaved(
                project_id=project_id,
                title=draft.title,
                execution_plan=require_stages(draft.execution_plan),
                actor=actor,
                description=draft.description,
                priority=draft.priority,
            )
            if draft.ticket_id:
                ticket.ticket_id = Ticket.require_id(draft.ticket_id)
            labels.append(require_labels(draft.labels))
            ticket.has_labels = bool(labels[-1])
            tickets.append(ticket)
        except DomainError as error:
            problems.append((f"tickets[{place}].{error.field or 'key'}", error.message))
    _refuse(problems)
    return tickets, labels


def _store(
    session: Session,
    project_id: str,
    drafts: Sequence[Draft],
    tickets: Sequence[Ticket],
    actor: Actor,
) -> None:
    id_of = {draft.key: ticket.ticket_id for draft, ticket in zip(drafts, tickets, strict=True)}
    for place in _parents_first(drafts):
        ticket, parent = tickets[place], drafts[place].parent
        ticket.parent_id = id_of.get(parent, parent) if parent else None
        session.add(ticket)
    waiting = [
        (ticket, [id_of.get(name, name) for name in draft.blocked_by])
        for ticket, draft in zip(tickets, drafts, strict=True)
    ]
    Event.add_all(session, [it.event("ticket_created", actor) for it in tickets])
    Ticket.start_all_blocked_by(session, project_id, waiting, actor)


def _refuse(problems: Problems) -> None:
    if problems:
        count = len(problems)
        wrong = "One entry is" if count == 1 else f"{count} entries are"
        raise InvalidEntries(f"{wrong} wrong; no ticket was made.", sorted(problems))


def _repeated_keys(drafts: Sequence[Draft]) -> Problems:
    first: dict[str, int] = {}
    return [
        (f"tickets[{place}].key", f"tickets[{first[draft.key]}] has the same key, {draft.key}.")
        for place, draft in enumerate(drafts)
        if first.setdefault(draft.key, place) != place
    ]


def _unknown_roles(project_id: str, drafts: Sequence[Draft], roles: Sequence[str]) -> Problems:
    problems: Problems = []
    for place, draft in enumerate(drafts):
        try:
            require_roles(project_id, require_stages(draft.execution_plan), roles)
        except Invalid as error:
            problems.append((f"tickets[{place}].{error.field}", error.message))
    return problems


def _taken_ids(session: Session, tickets: Sequence[Ticket]) -> Problems:
    """Ids that callers brought along, and that a ticket or an earlier draft has already."""
    own = [(place, ticket.ticket_id) for place, ticket in enumerate(tickets) if ticket.ticket_id]
    taken = Ticket.taken_ids(session, [ticket_id for _, ticket_id in own])
    problems: Problems = []
    for place, ticket_id in own:
        if ticket_id in taken:
            message = f"The id {ticket_id} is taken; choose another."
            problems.append((f"tickets[{place}].ticket_id", message))
        taken.add(ticket_id)
    return problems


def _unknown_names(session: Session, project_id: str, drafts: Sequence[Draft]) -> Problems:
    """Names that are neither another draft's key nor a ticket of the project."""
    keys = {draft.key for draft in drafts}
    named = [
        (f"tickets[{place}].{field}", name)
        for place, draft in enumerate(drafts)
        for field, name in _named_by(draft)
        if name not in keys
    ]
    known = Ticket.hold_states(session, project_id, sorted({name for _, name in named}))
    return [
        (place, f"{name} is neither a key of this request nor a ticket of {project_id}.")
        for place, name in named
        if name not in known
    ]


def _unknown_people(
    project_id: str, drafts: Sequence[Draft], people: Mapping[str, int]
) -> Problems:
    return [
        (f"tickets[{place}].assignee", Ticket.NOBODY.format(draft.assignee, project_id))
        for place, draft in enumerate(drafts)
        if draft.assignee and draft.assignee not in people
    ]


def _named_by(draft: Draft) -> list[tuple[str, str]]:
    blockers = [(f"blocked_by[{n}]", name) for n, name in enumerate(draft.blocked_by)]
    return [("parent", draft.parent), *blockers] if draft.parent else blockers


def _circles(drafts: Sequence[Draft], field: str) -> Problems:
    """The first circle among the drafts themselves; tickets that exist can't wait for new ones."""
    places = {draft.key: place for place, draft in enumerate(drafts)}
    try:
        TopologicalSorter(_graph(drafts, field)).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        path = " → ".join(reversed(circle))
        return [(f"tickets[{places[circle[-1]]}].{field}", f"These go round in a circle: {path}.")]
    return []


def _graph(drafts: Sequence[Draft], field: str) -> Mapping[str, Sequence[str]]:
    if field == "parent":
        return {draft.key: [draft.parent] if draft.parent else [] for draft in drafts}
    return {draft.key: draft.blocked_by for draft in drafts}


def _parents_first(drafts: Sequence[Draft]) -> list[int]:
    """Places of the drafts: as given, but none before the draft that it is a part of."""
    parents = {draft.key: draft.parent for draft in drafts}

    def depth(key: str) -> int:
        steps, parent = 0, parents[key]
        while parent in parents:
            steps, parent = steps + 1, parents[parent]
        return steps

    return sorted(range(len(drafts)), key=lambda place: depth(drafts[place].key))
