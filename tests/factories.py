"""Rows that tests start from: each call makes a valid one, and takes what matters to the test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from sqlalchemy import insert, literal, select
from sqlalchemy.orm import Session

from app import clock, pipeline
from app.actor import Actor
from app.models import (
    AuditEntry,
    Project,
    PromptVersion,
    StageRun,
    Ticket,
    Worker,
    WorkerType,
)
from app.pipeline.planning import Draft, create_tickets

ANN = Actor.person("ann")
PROJECT = "acme/web"
ROLES = ("implementation", "review")
GATE = "approval"

_numbers = count(1)


def make_project(
    session: Session,
    name: str = PROJECT,
    roles: Sequence[str] = ROLES,
    gates: Sequence[str] = (GATE,),
    **values: Any,
) -> Project:
    """A project with worker types: `roles` for agents, `gates` for people."""
    project = Project.create(
        session, actor=ANN, repository_name=name, **{"path": f"/src/{name}", **values}
    )
    performed_by = {**dict.fromkeys(roles, "agent"), **dict.fromkeys(gates, "person")}
    if performed_by:
        _insert_roles(session, name, performed_by)
    return project


def _insert_roles(session: Session, project: str, performed_by: dict[str, str]) -> None:
    """What `make_role` makes of each, in three statements: most tests begin with a project."""
    rows = [
        {
            "project_id": project,
            "worker_type": name,
            "system_prompt": _prompt(name),
            "performed_by": kind,
        }
        for name, kind in performed_by.items()
    ]
    session.execute(insert(WorkerType), rows)
    prompts = select(WorkerType.id, literal(1), WorkerType.system_prompt, literal(ANN.label))
    session.execute(
        insert(PromptVersion).from_select(
            ["worker_type_id", "version", "system_prompt", "created_by"],
            prompts.where(WorkerType.project_id == project),
        )
    )
    told = {"created_at": clock.now(), "action": "worker_type_created", "project_id": project}
    told |= {"actor": ANN.label, "actor_kind": ANN.kind}
    session.execute(insert(AuditEntry), [{**told, "subject": name} for name in performed_by])


def make_role(session: Session, name: str, project: str = PROJECT, **values: Any) -> WorkerType:
    """A worker type."""
    values = {"system_prompt": _prompt(name), **values}
    return WorkerType.create(session, project_id=project, worker_type=name, actor=ANN, **values)


def _prompt(role: str) -> str:
    return f"You do {role}."


def make_ticket(
    session: Session,
    plan: Sequence[str] = ROLES,
    project: str = PROJECT,
    **values: Any,
) -> Ticket:
    """An open ticket at the start of its plan; the project is made when it is missing."""
    if session.get(Project, project) is None:
        make_project(session, project)
    values = {"title": f"Ticket {next(_numbers)}", "actor": ANN, **values}
    return Ticket.create(session, project_id=project, execution_plan=plan, **values)


def make_tickets(
    session: Session,
    number: int,
    plan: Sequence[str] = ROLES,
    project: str = PROJECT,
    **values: Any,
) -> list[Ticket]:
    """Many of them, in a few statements."""
    if session.get(Project, project) is None:
        make_project(session, project)
    drafts = [
        Draft(key=str(key), title=f"Ticket {next(_numbers)}", execution_plan=plan, **values)
        for key in range(number)
    ]
    return create_tickets(session, project, drafts, ANN)


def make_worker(
    session: Session,
    worker_type: str = ROLES[0],
    project: str = PROJECT,
    worker_id: str | None = None,
    **values: Any,
) -> Worker:
    """A live, idle worker."""
    return Worker.register(
        session,
        worker_id=worker_id or f"w-{next(_numbers)}",
        project_id=project,
        worker_type=worker_type,
        **{"hostname": "build-01", "pid": next(_numbers), **values},
    )


def claim(session: Session, worker: Worker) -> StageRun:
    """What the worker gets next; the test is wrong if there is nothing."""
    held = pipeline.claim_next(session, worker.worker_id)
    assert held is not None, "nothing to claim"
    return session.get_one(StageRun, held.run_id)


def run_stage(session: Session, ticket: Ticket, worker: Worker | None = None) -> StageRun:
    """Let a worker of the ticket's next stage claim it (the ticket must be first in its queue)."""
    worker = worker or make_worker(session, ticket.stage_name(ticket.completed_stages + 1))
    run = claim(session, worker)
    assert run.ticket_id == ticket.ticket_id
    return run


@contextmanager
def undone(session: Session) -> Iterator[None]:
    """What is done within leaves no rows: an example of Hypothesis, on a board made for all."""
    step = session.begin_nested()
    try:
        yield
    finally:
        step.rollback()
        session.expire_all()
