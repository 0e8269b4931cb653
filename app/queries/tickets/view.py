"""All that a ticket's own page says, beside its timeline."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Text, bindparam, exists, func, select
from sqlalchemy.orm import Session

from app import clock
from app.db.plans import PLANNED_ONCE
from app.db.rows import rows_of
from app.errors import NotFound
from app.events import explanation
from app.models import DescriptionVersion, StageRun, Ticket, User, Worker, WorkerType
from app.queries.tickets.conditions import (
    IS_ASKING,
    HoldEvent,
    is_hold_of_ticket,
    since,
    situation,
)
from app.queries.tickets.list_row import labels_of
from app.queries.tickets.related import Related, related
from app.queries.workers.conditions import is_live
from app.values import immutable
from app.visibility import Visibility

RUNS_READ = 1_000


@immutable
class Role:
    """A worker type, as far as a ticket's page tells of it."""

    id: int
    worker_type: str
    is_gate: bool
    prompt_version: int
    max_attempts: int


@immutable
class Run:
    """One attempt at one stage."""

    run_id: int
    stage_number: int
    worker_type: str
    worker_id: str | None
    actor: str | None
    attempt: int
    prompt_version: int | None
    started_at: datetime
    lease_expires_at: datetime | None
    finished_at: datetime | None
    outcome: str | None
    reason: str | None

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return ((self.finished_at or clock.now()) - self.started_at).total_seconds()

    @property
    def by_person(self) -> bool:
        """Whether a person did it: only workers have leases."""
        return self.lease_expires_at is None


@immutable
class Hold:
    """Why a ticket is on hold, and since when."""

    reason: str | None
    actor: str | None
    stage: str | None
    at: datetime
    asks: bool


@immutable
class TicketView:
    """A ticket with what surrounds it. `runs` are in order, the newest last."""

    ticket: Ticket
    situation: str
    labels: Sequence[str]
    assignee: str | None
    """How the person who looks after it is called."""
    is_edited: bool
    """Whether its description once said something else."""
    runs: Sequence[Run]
    roles: Mapping[str, Role]
    related: Sequence[Related]
    hold: Hold | None
    live_workers: int

    @property
    def run(self) -> Run | None:
        """The run in progress."""
        return next((run for run in reversed(self.runs) if not run.finished_at), None)

    @property
    def position(self) -> str:
        """What `position_of` says of the ticket."""
        return _digest(self.ticket, self.runs[-1].run_id if self.runs else None)

    @property
    def role(self) -> Role | None:
        """The worker type whose turn it is."""
        return self.roles.get(self.ticket.current_stage or "")

    @property
    def since(self) -> datetime | None:
        """When the situation began; for a pause between attempts, when it ends."""
        started_at = self.run.started_at if self.run else None
        return since(self.situation, started_at, self.ticket.ready_at)

    @property
    def open_blockers(self) -> int:
        """How many open tickets it waits for."""
        return self.ticket.open_blockers

    @property
    def blocked_by(self) -> str | None:
        """One of them."""
        waits_for = (other for other in self.others("waits for") if not other.is_closed)
        return next((other.ticket_id for other in waits_for), None)

    @property
    def worked_seconds(self) -> float:
        """How long workers worked on it, all attempts together."""
        return sum(run.seconds for run in self.runs if not run.by_person)

    @property
    def waited_seconds(self) -> float:
        """The rest of its life so far."""
        end = self.ticket.closed_at or clock.now()
        lived = (end - self.ticket.created_at).total_seconds()
        return max(0.0, lived - self.worked_seconds)

    def is_approval(self, run: Run) -> bool:
        """Whether by this run a person let the ticket pass a gate."""
        role = self.roles.get(run.worker_type)
        return run.outcome == "completed" and run.by_person and role is not None and role.is_gate

    def others(self, relation: str) -> list[Related]:
        """The tickets of one relation: "waits for", "blocks", "related", "part of" …"""
        return [other for other in self.related if other.relation == relation]


HERE = bindparam("ticket_id", type_=Text())
CHANGED_AT = (
    select(Ticket.updated_at).where(Ticket.ticket_id == HERE).execution_options(**PLANNED_ONCE)
)


def ticket_version(session: Session, ticket_id: str) -> int:
    """A number that changes whenever the ticket does; one look at its key. Or `NotFound`."""
    changed = rows_of(session, CHANGED_AT, ticket_id=ticket_id).scalar()
    if changed is None:
        raise NotFound(f"There is no ticket {ticket_id}.")
    return int(changed.timestamp() * 1_000_000)


def id_in_other_case(session: Session, visibility: Visibility, ticket_id: str) -> str | None:
    """The id of the only ticket to be seen whose id is the same but for its case; None when there
    is none, or more than one to choose from."""
    rows = session.scalars(
        select(Ticket.ticket_id)
        .where(
            func.lower(Ticket.ticket_id) == func.lower(ticket_id), visibility.of(Ticket.project_id)
        )
        .limit(2)
    ).all()
    return rows[0] if len(rows) == 1 and rows[0] != ticket_id else None


TICKET = (
    select(
        Ticket,
        situation(),
        func.coalesce(User.display_name, User.name),
        exists().where(DescriptionVersion.ticket_id == Ticket.ticket_id),
    )
    .outerjoin(User, User.id == Ticket.assignee_id)
    .where(Ticket.ticket_id == HERE)
    .execution_options(**PLANNED_ONCE)
)


def view_ticket(session: Session, ticket_id: str) -> TicketView:
    """The ticket and what surrounds it; or `NotFound`."""
    found = session.execute(TICKET, {"ticket_id": ticket_id}).first()
    if found is None:
        raise NotFound(f"There is no ticket {ticket_id}.")
    ticket, word, assignee, is_edited = found
    return TicketView(
        ticket=ticket,
        situation=word,
        labels=labels_of(session, [ticket_id]).get(ticket_id, []),
        assignee=assignee,
        is_edited=is_edited,
        runs=_runs(session, ticket_id),
        roles=roles_of(session, ticket.project_id),
        related=related(session, ticket),
        hold=_hold(session, ticket_id) if word == "on_hold" else None,
        live_workers=_live_workers(session, ticket),
    )


def position_of(session: Session, ticket: Ticket) -> str:
    """A text that changes when the ticket gets on, is held or let go, or its plan changes: what
    someone decides is meant for the position that they saw."""
    newest = select(func.max(StageRun.run_id)).where(StageRun.ticket_id == ticket.ticket_id)
    return _digest(ticket, session.scalar(newest))


def _digest(ticket: Ticket, newest_run: int | None) -> str:
    parts = (ticket.completed_stages, newest_run, ticket.state, *ticket.execution_plan)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


ROLES = (
    select(
        WorkerType.id,
        WorkerType.worker_type,
        WorkerType.is_gate,
        WorkerType.prompt_version,
        WorkerType.max_attempts,
    )
    .where(WorkerType.project_id == bindparam("project_id"))
    .order_by(WorkerType.id)
    .execution_options(**PLANNED_ONCE)
)


def roles_of(session: Session, project_id: str) -> dict[str, Role]:
    """The project's worker types, by name."""
    return {row[1]: Role(*row) for row in rows_of(session, ROLES, project_id=project_id)}


NEWEST_RUNS: Select[*tuple[Any, ...]] = (
    select(*(getattr(StageRun, field.name) for field in fields(Run)))
    .where(StageRun.ticket_id == HERE)
    .order_by(StageRun.run_id.desc())
    .limit(RUNS_READ)
    .execution_options(**PLANNED_ONCE)
)


def _runs(session: Session, ticket_id: str) -> list[Run]:
    return [Run(*row) for row in rows_of(session, NEWEST_RUNS, ticket_id=ticket_id)][::-1]


# Its events may have been pruned.
HOLD = (
    select(
        HoldEvent,
        func.coalesce(HoldEvent.stage, Ticket.current_stage),
        func.coalesce(HoldEvent.created_at, Ticket.updated_at, type_=Ticket.updated_at.type),
        IS_ASKING,
    )
    .select_from(Ticket)
    .outerjoin(HoldEvent, is_hold_of_ticket)
    .where(Ticket.ticket_id == HERE)
    .execution_options(**PLANNED_ONCE)
)


def _hold(session: Session, ticket_id: str) -> Hold:
    row: Any = session.execute(HOLD, {"ticket_id": ticket_id}).one()
    event, stage, began_at, is_asking = row
    if event is None:
        return Hold(None, None, stage, began_at, is_asking)
    return Hold(explanation(event), event.actor, stage, began_at, is_asking)


LIVE_WORKERS = (
    select(func.count())
    .where(
        Worker.project_id == bindparam("project_id"),
        Worker.worker_type == bindparam("stage"),
        is_live(),
    )
    .execution_options(**PLANNED_ONCE)
)


def _live_workers(session: Session, ticket: Ticket) -> int:
    """How many live workers could take the ticket's next stage."""
    if not ticket.current_stage or ticket.state == "closed":
        return 0
    place = {"project_id": ticket.project_id, "stage": ticket.current_stage}
    return rows_of(session, LIVE_WORKERS, **place).scalar() or 0
