"""Many tickets at once, with what they are parts of and what they wait for: all, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actor import Actor
from app.errors import DomainError, InvalidEntries
from app.models import Project, Ticket

TICKETS_MAX = 500
"""Tickets made in one transaction: more would keep other writers waiting for too long."""

Problems = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Draft:
    """A ticket to be made. `parent` and `blocked_by` name keys of other drafts, or tickets."""

    key: str
    title: str
    execution_plan: Sequence[str]
    description: str = ""
    priority: int = 2
    labels: Sequence[str] = ()
    parent: str | None = None
    blocked_by: Sequence[str] = ()
    ticket_id: str | None = None


def create_tickets(
    session: Session, project_id: str, drafts: Sequence[Draft], actor: Actor
) -> list[Ticket]:
    """Make them all; the tickets come in the drafts' order. Raises `InvalidEntries`, which names
    each draft that is wrong."""
    # Kept at hand, so that the session need not read it again for each ticket.
    project = Project.lock(session, project_id)
    project.require_active()
    _refuse(_repeated_keys(drafts) or _unknown_names(session, project_id, drafts))
    _refuse(_circles(drafts, "parent") or _circles(drafts, "blocked_by"))
    made: dict[str, Ticket] = {}
    problems: Problems = []
    keys = {draft.key for draft in drafts}
    for place in _parents_first(drafts):
        if drafts[place].parent in keys - made.keys():
            continue  # what is wrong with its parent is told already
        try:
            _create(session, project_id, drafts[place], made, actor)
        except DomainError as error:
            problems.append((f"tickets[{place}].{error.field or 'key'}", error.message))
    _refuse(problems)
    for draft in drafts:
        if draft.blocked_by:
            blockers = [made[name].ticket_id if name in made else name for name in draft.blocked_by]
            made[draft.key].start_blocked_by(blockers, actor)
    return [made[draft.key] for draft in drafts]


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


def _unknown_names(session: Session, project_id: str, drafts: Sequence[Draft]) -> Problems:
    """Names that are neither another draft's key nor a ticket of the project."""
    keys = {draft.key for draft in drafts}
    named = [
        (f"tickets[{place}].{field}", name)
        for place, draft in enumerate(drafts)
        for field, name in _named_by(draft)
        if name not in keys
    ]
    known = set(
        session.scalars(
            select(Ticket.ticket_id).where(
                Ticket.project_id == project_id, Ticket.ticket_id.in_({name for _, name in named})
            )
        )
    )
    return [
        (place, f"{name} is neither a key of this request nor a ticket of {project_id}.")
        for place, name in named
        if name not in known
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


def _create(
    session: Session, project_id: str, draft: Draft, made: dict[str, Ticket], actor: Actor
) -> None:
    parent = made.get(draft.parent) if draft.parent else None
    made[draft.key] = Ticket.create(
        session,
        project_id=project_id,
        title=draft.title,
        description=draft.description,
        execution_plan=draft.execution_plan,
        priority=draft.priority,
        labels=draft.labels,
        parent_id=parent.ticket_id if parent else draft.parent,
        ticket_id=draft.ticket_id,
        actor=actor,
    )
