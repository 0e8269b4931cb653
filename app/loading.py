"""Rows that a request names. What the asker can't see is missing, in the very same words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actor import Actor
from app.callers import Caller
from app.errors import Conflict, Forbidden, NotFound, Stale
from app.models import (
    ApiToken,
    Comment,
    Event,
    PlanTemplate,
    Project,
    StageRun,
    Ticket,
    Worker,
    WorkerType,
)
from app.pipeline import Claimant
from app.visibility import Visibility


def project_named(session: Session, visibility: Visibility, name: str) -> Project:
    """A project, held until the transaction ends."""
    visible_project(session, visibility, name)
    return Project.lock(session, name)


def visible_project(_session: Session, visibility: Visibility, name: str) -> None:
    """Raise `NotFound` unless there may be such a project as far as the asker can see."""
    visibility.require(name, f"There is no project {name}.")


def ticket_to_change(
    session: Session,
    visibility: Visibility,
    ticket_id: str,
    if_match: int | None = None,
    *,
    with_project: bool = False,
) -> Ticket:
    """A ticket, held until the transaction ends. Raises `Stale` unless it has that version."""
    visible_ticket(session, visibility, ticket_id)
    lock = Ticket.lock_with_project if with_project else Ticket.lock
    ticket = lock(session, ticket_id)
    if if_match is not None and if_match != ticket.version:
        raise Stale(
            f"{ticket_id} was changed meanwhile: it has version {ticket.version} now, which the "
            "header If-Match doesn't name. Read it again."
        )
    return ticket


def comment_to_change(session: Session, caller: Caller, comment_id: int) -> tuple[Comment, Actor]:
    """A comment, its ticket held until the transaction ends, and who asks for its change: the
    worker whose run it was said in, or the token that said it. Raises `NotFound`, `Forbidden`."""
    comment = visible_comment(session, caller.visibility, comment_id)
    Ticket.lock(session, comment.ticket_id)
    if comment.worker_id is None:
        # A later token may have the name of an earlier one.
        if comment.created_at < ApiToken.get(session, caller.token_id).created_at:
            raise Forbidden("This comment is older than your token.")
        return comment, caller.actor
    run = session.get(StageRun, comment.run_id) if comment.run_id else None
    if run is None or not caller.is_bound(run.token_id):
        raise Forbidden("Only the token of its own run changes what a worker said.")
    return comment, Actor.worker(comment.worker_id)


def visible_comment(session: Session, visibility: Visibility, comment_id: int) -> Comment:
    """A comment; raises `NotFound` unless the asker can see its ticket."""
    of_comment = select(Ticket.project_id).join(Comment, Comment.ticket_id == Ticket.ticket_id)
    missing = Comment.MISSING.format(comment_id)
    _require(session, visibility, of_comment.where(Comment.id == comment_id), missing)
    return Comment.get(session, comment_id)


def visible_ticket(session: Session, visibility: Visibility, ticket_id: str) -> None:
    """Raise `NotFound` unless there is such a ticket and the asker can see it."""
    of_ticket = select(Ticket.project_id).where(Ticket.ticket_id == ticket_id)
    _require(session, visibility, of_ticket, f"There is no ticket {ticket_id}.")


def run_to_report(session: Session, caller: Caller, run_id: int) -> tuple[StageRun, Actor]:
    """A run whose ticket is held until the transaction ends, and who reports on it: its worker, or
    an admin's token that steps in. Raises `Forbidden` for other tokens than the one that claimed.
    """
    run = StageRun.lock(session, run_id)
    caller.require_visibility(run.ticket.project_id, StageRun.MISSING.format(run_id))
    if caller.is_bound(run.token_id):
        return run, run.doer
    if caller.may_step_in:
        return run, caller.actor
    raise Forbidden(
        f"Run {run_id} was claimed with another token: only that one reports on it, or one with "
        "the scope admin. Nothing was changed."
    )


def visible_run(session: Session, visibility: Visibility, run_id: int) -> None:
    """Raise `NotFound` unless there is such a run and the asker can see it."""
    of_run = select(Ticket.project_id).join(StageRun, StageRun.ticket_id == Ticket.ticket_id)
    _require(
        session, visibility, of_run.where(StageRun.run_id == run_id), f"There is no run {run_id}."
    )


def visible_worker(session: Session, visibility: Visibility, worker_id: str) -> None:
    """Raise `NotFound` unless there is such a worker and the asker can see it."""
    of_worker = select(Worker.project_id).where(Worker.worker_id == worker_id)
    missing = f"There is no worker {worker_id}. Register it first."
    _require(session, visibility, of_worker, missing)


def own_worker(session: Session, caller: Caller, worker_id: str) -> None:
    """Raise `NotFound` unless the caller can see the worker, and `Forbidden` if that was
    registered with another token: no other can say that it lives, or take stages for it."""
    _require_own(worker_id, _is_own(session, caller, worker_id))


def own_claimant(session: Session, caller: Caller, worker_id: str) -> Claimant:
    """A worker that takes stages, held until the transaction ends. Raises the same."""
    worker = Claimant.lock(session, worker_id)
    caller.require_visibility(worker.project_id, Worker.MISSING.format(worker_id))
    _require_own(worker_id, caller.is_bound(worker.token_id))
    return worker


def worker_to_stop(session: Session, caller: Caller, worker_id: str) -> Actor:
    """Who says that the worker ends: itself, or an admin's token that steps in. Raises
    `NotFound`, and `Forbidden` for other tokens than the one that registered it."""
    if _is_own(session, caller, worker_id):
        return Actor.worker(worker_id)
    if caller.may_step_in:
        return caller.actor
    raise Forbidden(
        f"{worker_id} was registered with another token: only that one stops it, or one with the "
        "scope admin. Nothing was changed."
    )


def _require_own(worker_id: str, is_own: bool) -> None:
    if not is_own:
        raise Forbidden(
            f"{worker_id} was registered with another token: only that one speaks for it. "
            "Register a worker of your own. Nothing was changed."
        )


def _is_own(session: Session, caller: Caller, worker_id: str) -> bool:
    of_worker = select(Worker.project_id, Worker.token_id).where(Worker.worker_id == worker_id)
    worker = session.execute(of_worker).first()
    if worker is None or not caller.visibility.sees(worker.project_id):
        raise NotFound(f"There is no worker {worker_id}. Register it first.")
    return caller.is_bound(worker.token_id)


def require_usable_worker_id(session: Session, visibility: Visibility, worker_id: str) -> None:
    """Raise `Conflict` if the asker can't see the worker that has this id already."""
    there = session.get(Worker, worker_id)
    if there is not None and not visibility.sees(there.project_id):
        raise Conflict(f"The id {worker_id} is taken; choose another.", "worker_id")


def role_numbered(session: Session, visibility: Visibility, worker_type_id: int) -> WorkerType:
    """A worker type."""
    role = WorkerType.get(session, worker_type_id)
    visibility.require(role.project_id, "There is no such worker type; it may have been deleted.")
    return role


def template_numbered(session: Session, visibility: Visibility, template_id: int) -> PlanTemplate:
    """A plan template."""
    template = PlanTemplate.get(session, template_id)
    visibility.require(template.project_id, PlanTemplate.MISSING)
    return template


def visible_event(session: Session, visibility: Visibility, event_id: int) -> None:
    """Raise `NotFound` unless there is such an event and the asker can see it."""
    of_event = select(Event.project_id).where(Event.id == event_id)
    _require(session, visibility, of_event, f"There is no event {event_id}.")


def _require(session: Session, visibility: Visibility, of_row: Any, missing: str) -> None:
    found = session.execute(of_row).first()
    if found is None or not visibility.sees(found[0]):
        raise NotFound(missing)
