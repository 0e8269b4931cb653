"""Where the records go: the project, its plan, and the ids of its tickets; made when missing."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actor import Actor
from app.errors import Invalid
from app.exchange.beads.rows import IMPORTER
from app.exchange.beads.staging import BATCH, Staging, batches
from app.exchange.beads.tally import Tally
from app.models import Project, Ticket, WorkerType
from app.models.plan import require_plan
from app.starter import add_starter_set
from app.values import immutable

NEW_RECORDS = "SELECT id, closed_at FROM records WHERE skipped_because IS NULL ORDER BY line"
WITHOUT_PLACE = """
    SELECT id, closed_at FROM records
    WHERE skipped_because IS NULL AND id NOT IN (SELECT record_id FROM places)
    ORDER BY line LIMIT ?"""
PLACE = "INSERT INTO places VALUES (?, ?, 1, ?)"


@immutable
class Destination:
    """One project and the plan of every ticket there; the others are for what has to be made."""

    project_id: str
    plan: tuple[str, ...]
    path: str
    lease_seconds: int = WorkerType.LEASE_SECONDS_DEFAULT
    actor: Actor = IMPORTER


def open_project(session: Session, destination: Destination, tally: Tally) -> Project:
    """The project, held so that no other import and no new dependency comes between."""
    if session.get(Project, destination.project_id) is None:
        tally.project_made = True
        return Project.create(
            session,
            actor=destination.actor,
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
    actor = destination.actor
    added = add_starter_set(session, project_id, actor, names, lease_seconds=lease)
    for name in names:
        if name not in added.roles:
            WorkerType.create(
                session,
                project_id=project_id,
                worker_type=name,
                actor=actor,
                lease_seconds=lease,
            )


def find_ids(session: Session, project: Project, staging: Staging) -> None:
    """A ticket id for each new record: its own where valid and free, else the project's next."""
    for some in batches(staging.execute(NEW_RECORDS)):
        own = [(record_id, closed_at) for record_id, closed_at in some if _is_valid_id(record_id)]
        taken = Ticket.taken_ids(session, [record_id for record_id, _ in own])
        staging.store(PLACE, ((key, key, closed_at) for key, closed_at in own if key not in taken))
    while rest := staging.execute(WITHOUT_PLACE, (BATCH,)).fetchall():
        numbers = _next_numbers(session, project, staging, len(rest))
        found = zip(rest, numbers, strict=True)
        staging.store(PLACE, ((key, number, closed_at) for (key, closed_at), number in found))


def _next_numbers(session: Session, project: Project, staging: Staging, count: int) -> list[str]:
    """The project's next numbers that no record brings along as its own id."""
    free: list[str] = []
    while missing := count - len(free):
        free += [
            number
            for number in Ticket.next_free_ids(session, project, missing)
            if not staging.count("SELECT count(*) FROM places WHERE ticket_id = ?", (number,))
        ]
    return free


def _is_valid_id(record_id: str) -> bool:
    try:
        return Ticket.require_id(record_id) == record_id
    except Invalid:
        return False
