"""Where the records go: the project, its plan, and the ids of its tickets; made when missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Invalid
from app.exchange.beads.rows import IMPORTER
from app.exchange.beads.tally import Tally
from app.models import Project, Ticket, WorkerType
from app.models.plan import require_plan
from app.starter import add_starter_set

BATCH = 500
"""Rows of one statement, and values in one IN (…)."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Destination:
    """One project and the plan of every ticket there; `path` and `lease_seconds` are for what has
    to be made."""

    project_id: str
    plan: tuple[str, ...]
    path: str
    lease_seconds: int = WorkerType.LEASE_SECONDS_DEFAULT


def open_project(session: Session, destination: Destination, tally: Tally) -> Project:
    """The project, held so that no other import and no new dependency comes between."""
    if session.get(Project, destination.project_id) is None:
        tally.project_made = True
        return Project.create(
            session,
            actor=IMPORTER,
            repository_name=destination.project_id,
            path=destination.path,
        )
    project = Project.lock(session, destination.project_id)
    project.require_active()
    return project


def open_plan(session: Session, destination: Destination, tally: Tally) -> list[str]:
    """The plan; worker types that are missing come from the starter set where it has the name."""
    known = select(WorkerType.worker_type).where(WorkerType.project_id == destination.project_id)
    has = set(session.scalars(known))
    missing = [name for name in dict.fromkeys(destination.plan) if name not in has]
    if missing:
        _make_roles(session, destination, missing)
    tally.worker_types_made = missing
    return require_plan(session, destination.project_id, destination.plan)


def _make_roles(session: Session, destination: Destination, names: list[str]) -> None:
    project_id, lease = destination.project_id, destination.lease_seconds
    added = add_starter_set(session, project_id, IMPORTER, names, lease_seconds=lease)
    for name in names:
        if name not in added.roles:
            WorkerType.create(
                session,
                project_id=project_id,
                worker_type=name,
                actor=IMPORTER,
                lease_seconds=lease,
            )


def free_ids(session: Session, project: Project, record_ids: list[str]) -> dict[str, str]:
    """A ticket id for each record: its own where valid and free, else the project's next one."""
    valid = [record_id for record_id in record_ids if _is_valid_id(record_id)]
    taken: set[str] = set()
    for some in batches(valid):
        taken |= set(session.scalars(select(Ticket.ticket_id).where(Ticket.ticket_id.in_(some))))
    own = set(valid) - taken
    ids = {record_id: record_id for record_id in own}
    for record_id in record_ids:
        while record_id not in ids:
            (number,) = Ticket.next_free_ids(session, project, 1)
            if number not in own:
                ids[record_id] = number
    return ids


def batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    """The items in lists of at most `BATCH`."""
    iterator = iter(items)
    while some := list(islice(iterator, BATCH)):
        yield some


def _is_valid_id(record_id: str) -> bool:
    try:
        return Ticket.require_id(record_id) == record_id
    except Invalid:
        return False
