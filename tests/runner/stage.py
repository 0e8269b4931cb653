"""A project on a running board, prepared and looked at from the side: through its database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import clock
from app.db.base import db
from app.models import StageRun, Ticket, Worker, WorkerType
from app.models.api_token import ApiToken
from tests import factories, records
from tests.factories import ANN
from tests.processes import until
from tests.serving import BoardServer

LEASE_SECONDS = 10
"""The shortest that the board allows."""

LARGEST_REPORT = 200_000
"""Bytes that the board takes: more than the longest comment of plain letters, and less than one of
others."""


class Stage:
    """One project. Its path is the test's folder."""

    def __init__(
        self,
        server: BoardServer,
        project: str,
        folder: Path,
        roles: Sequence[str] = factories.ROLES,
        **of_roles: Any,
    ) -> None:
        self.server = server
        self.project = project
        with self.session() as session:
            factories.make_project(session, project, roles=(), gates=(), path=str(folder))
            for role in roles:
                factories.make_role(
                    session, role, project, **{"lease_seconds": LEASE_SECONDS, **of_roles}
                )
            name = project.replace("/", "-")
            _, self.token = ApiToken.issue(session, name=name, scopes=["work"], actor=ANN)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Beside the server, in the same database; commits."""
        with self.server.app.app_context():
            yield db.session()
            db.session.commit()

    def ticket(self, **values: Any) -> str:
        """A new ticket's id."""
        with self.session() as session:
            return factories.make_ticket(session, project=self.project, **values).ticket_id

    def set_lease(self, seconds: int) -> None:
        """Let leases live long enough for a slow machine, where none is to end."""
        with self.session() as session:
            roles = update(WorkerType).where(WorkerType.project_id == self.project)
            session.execute(roles.values(lease_seconds=seconds))

    def end_lease(self, ticket_id: str) -> None:
        """Let the lease of a worker that holds a ticket be over, as if it had been waited for."""
        held = StageRun.ticket_id == ticket_id, StageRun.finished_at.is_(None)
        holder = select(StageRun.worker_id).where(*held).scalar_subquery()
        with self.session() as session:
            silent = update(Worker).where(Worker.worker_id == holder)
            session.execute(silent.values(expected_by=clock.now()))
            session.execute(update(StageRun).where(*held).values(lease_expires_at=clock.now()))

    def look(self, ticket_id: str) -> Ticket:
        """The ticket as it is now."""
        with self.session() as session:
            ticket = Ticket.get(session, ticket_id)
            session.expunge(ticket)
            return ticket

    def runs(self, ticket_id: str) -> list[StageRun]:
        """Its runs."""
        with self.session() as session:
            found = records.runs(session, Ticket.get(session, ticket_id))
            session.expunge_all()
            return found

    def outcomes(self, ticket_id: str) -> list[str | None]:
        """How its runs ended."""
        return [run.outcome for run in self.runs(ticket_id)]

    def comments(self, ticket_id: str) -> list[str]:
        """What was said about it."""
        with self.session() as session:
            found = records.comments(session, Ticket.get(session, ticket_id))
            return [comment.content for comment in found]

    def workers(self) -> list[Worker]:
        """The project's workers."""
        with self.session() as session:
            found = select(Worker).where(Worker.project_id == self.project)
            workers = list(session.scalars(found.order_by(Worker.worker_id)))
            session.expunge_all()
            return workers

    def wait_for_outcome(self, ticket_id: str, *outcomes: str | None) -> None:
        """Wait until the ticket's runs ended exactly so; None stands for one that goes on."""
        until(lambda: self.outcomes(ticket_id) == list(outcomes))
