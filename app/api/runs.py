"""Runs: how a worker reports on the stage that it claimed."""

from __future__ import annotations

from sqlalchemy import select

from app.api.operation import operation
from app.callers import Caller
from app.db.base import db
from app.loading import run_to_report, visible_run
from app.models import StageRun, Ticket
from app.queries.keyset import Order, take_slice
from app.schemas.runs import Completion, Reason, Release, Return, RunPage, RunResponse, RunsQuery
from app.visibility import Visibility

TAG = "Runs"

NEWEST_FIRST = Order("run_id", (StageRun.run_id.expression,), descending=True)


@operation("POST", "/runs/<int:run_id>/complete", tag=TAG, scope="work")
def complete_stage(caller: Caller, run_id: int, body: Completion) -> RunResponse:
    """The stage is done: the ticket moves on to the next one, or is closed after the last."""
    run, actor = run_to_report(db.session(), caller, run_id)
    run.complete(body.comment, actor)
    return RunResponse.model_validate(run)


@operation("POST", "/runs/<int:run_id>/return", tag=TAG, scope="work")
def return_stage(caller: Caller, run_id: int, body: Return) -> RunResponse:
    """Send the ticket back to an earlier stage: a review that found something, say."""
    run, actor = run_to_report(db.session(), caller, run_id)
    run.send_back(body.to_stage, body.reason, actor)
    return RunResponse.model_validate(run)


@operation("POST", "/runs/<int:run_id>/attention", tag=TAG, scope="work")
def request_attention(caller: Caller, run_id: int, body: Reason) -> RunResponse:
    """Ask a person: the ticket goes on hold until someone answers."""
    run, actor = run_to_report(db.session(), caller, run_id)
    run.ask_attention(body.reason, actor)
    return RunResponse.model_validate(run)


@operation("POST", "/runs/<int:run_id>/fail", tag=TAG, scope="work")
def fail_stage(caller: Caller, run_id: int, body: Reason) -> RunResponse:
    """The attempt failed: another follows after a pause, until the role's attempts are used up."""
    run, actor = run_to_report(db.session(), caller, run_id)
    run.fail(body.reason, actor)
    return RunResponse.model_validate(run)


@operation("POST", "/runs/<int:run_id>/release", tag=TAG, scope="work")
def release_stage(caller: Caller, run_id: int, body: Release) -> RunResponse:
    """Give the stage back unharmed, as when the process must end. It costs no attempt."""
    run, actor = run_to_report(db.session(), caller, run_id)
    run.release(body.reason, actor)
    return RunResponse.model_validate(run)


@operation("GET", "/runs", tag=TAG, scope="read")
def list_runs(caller: Caller, query: RunsQuery) -> RunPage:
    """List runs, newest first."""
    rows = select(*StageRun.__table__.columns)
    project = caller.chosen_project(query.project)
    if project or caller.visibility != Visibility.everything():
        rows = rows.join(Ticket, Ticket.ticket_id == StageRun.ticket_id)
        rows = rows.where(caller.visibility.of(Ticket.project_id))
    if project:
        rows = rows.where(Ticket.project_id == project)
    if query.ticket_id is not None:
        rows = rows.where(StageRun.ticket_id == query.ticket_id)
    if query.worker_id is not None:
        rows = rows.where(StageRun.worker_id == query.worker_id)
    if query.finished is not None:
        rows = rows.where(StageRun.finished_at.is_not(None) == query.finished)
    found = take_slice(db.session(), rows, NEWEST_FIRST, cursor=query.cursor, limit=query.limit)
    return RunPage.of(items=found.rows, next=found.next)


@operation("GET", "/runs/<int:run_id>", tag=TAG, scope="read")
def get_run(caller: Caller, run_id: int) -> RunResponse:
    """One run: whether it goes on, or how it ended."""
    visible_run(db.session(), caller.visibility, run_id)
    return RunResponse.model_validate(db.session.get_one(StageRun, run_id))
