"""The figures of the board that monitoring asks for. The database has them, so they are right with
any number of processes, and with commands at the server's own terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.models import Project, Ticket, Worker
from app.models.stage_run import OUTCOMES
from app.queries.queues import Queue, queue_status
from app.queries.run_totals import EVERY_RUN, RunTotals
from app.values import immutable
from app.visibility import Visibility

LAST_RUN_ID = {
    "sqlite": text("SELECT seq FROM sqlite_sequence WHERE name = 'stage_runs'"),
    "postgresql": text(
        "SELECT pg_sequence_last_value(pg_get_serial_sequence('stage_runs', 'run_id')::regclass)"
    ),
}
"""Every run ever begun took a number, and numbers are never given again: not even the deletion of
a project makes this count go back."""


@immutable
class Figures:
    """What monitoring may know. `outcomes`: how many runs ended in which way."""

    queues: list[Queue]
    claims: int
    outcomes: dict[str, int]
    workers: dict[tuple[str, str], int]


def figures(session: Session, visibility: Visibility, totals: RunTotals) -> Figures:
    """The figures of all projects to be seen, in a few queries. `totals`: of all projects, kept by
    the process."""
    claims, outcomes = _runs(session, visibility, totals)
    return Figures(
        queues=queue_status(session, visibility),
        claims=claims,
        outcomes={word: outcomes.get(word, 0) for word in OUTCOMES},
        workers=_workers(session, visibility),
    )


def _runs(
    session: Session, visibility: Visibility, totals: RunTotals
) -> tuple[int, Mapping[str, int]]:
    """How many runs were begun, and how those ended that are over."""
    if visibility == Visibility.everything():
        last = session.scalar(LAST_RUN_ID[session.get_bind().dialect.name])
        return last or 0, totals.read(session)
    # Who may see only some projects learns nothing of the others' numbers.
    seen = EVERY_RUN.join(Ticket).where(visibility.of(Ticket.project_id))
    begun = {row[0]: row[1] for row in session.execute(seen)}
    return sum(begun.values()), {word: begun.get(word, 0) for word in OUTCOMES}


def _workers(session: Session, visibility: Visibility) -> dict[tuple[str, str], int]:
    """How many of a project's workers have which status; archived projects are left out."""
    # In the order of an index, of which nothing has to be sorted: most of them ended long ago.
    roles = Worker.project_id, Worker.worker_type, Worker.status
    each = select(*roles, func.count().label("number")).where(visibility.of(Worker.project_id))
    counted = each.group_by(*roles).subquery()
    at_work = (
        select(counted.c.project_id, counted.c.status, counted.c.number)
        .join(Project, Project.repository_name == counted.c.project_id)
        .where(Project.archived_at.is_(None))
    )
    found: Counter[tuple[str, str]] = Counter()
    for project, status, number in session.execute(at_work):
        found[project, status] += number
    return found
