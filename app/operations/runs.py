"""Runs: how a worker reports on the stage that it claimed, and what came of each attempt."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.callers import Caller
from app.loading import run_to_report, visible_run
from app.operations.operation import Tool, operation
from app.queries.runs import run_row, run_slice
from app.schemas.base import RunParam
from app.schemas.runs import Completion, Reason, Release, Return, RunPage, RunResponse, RunsQuery

TAG = "Runs"
ONE = "/runs/<int:run_id>"


def run_shown(session: Session, run_id: int) -> RunResponse:
    return RunResponse.model_validate(run_row(session, run_id))


@operation(
    "POST",
    f"{ONE}/complete",
    tag=TAG,
    scope="work",
    tool=Tool("complete_stage", repeatable=True),
    answer=run_shown,
)
def complete_stage(session: Session, caller: Caller, run_id: RunParam, body: Completion) -> int:
    """Step 3 of working: your stage is done, and the ticket moves on to the next one.

    Say in `comment` what you did, what you decided, and what the next worker must know: it sees
    nothing else of your work. After the last stage the ticket is closed.
    """
    run, actor = run_to_report(session, caller, run_id)
    run.complete(body.comment, actor)
    return run_id


@operation(
    "POST",
    f"{ONE}/return",
    tag=TAG,
    scope="work",
    tool=Tool("return_stage", repeatable=True),
    answer=run_shown,
)
def return_stage(session: Session, caller: Caller, run_id: RunParam, body: Return) -> int:
    """Instead of step 3: send the ticket back to an earlier stage, because its work isn't right.

    `to_stage` is that stage's number in the plan, from 1; `reason` tells its worker what to do
    differently. All stages from there on are done again.
    """
    run, actor = run_to_report(session, caller, run_id)
    run.send_back(body.to_stage, body.reason, actor)
    return run_id


@operation(
    "POST",
    f"{ONE}/attention",
    tag=TAG,
    scope="work",
    tool=Tool("request_attention", repeatable=True),
    answer=run_shown,
)
def request_attention(session: Session, caller: Caller, run_id: RunParam, body: Reason) -> int:
    """Instead of step 3: you can't go on without a decision or a right that only a person has.

    The ticket goes on hold, your question in `reason` shows in everyone's inbox, and the stage is
    done again when someone has answered. Ask so that it can be answered in one sentence.
    """
    run, actor = run_to_report(session, caller, run_id)
    run.ask_attention(body.reason, actor)
    return run_id


@operation(
    "POST",
    f"{ONE}/fail",
    tag=TAG,
    scope="work",
    tool=Tool("fail_stage", repeatable=True),
    answer=run_shown,
)
def fail_stage(session: Session, caller: Caller, run_id: RunParam, body: Reason) -> int:
    """Instead of step 3: the attempt failed, for a reason that may be gone at the next attempt.

    Another attempt follows after a pause, until the role's attempts are used up; then the ticket
    waits for a person. If another attempt can't help, use request_attention.
    """
    run, actor = run_to_report(session, caller, run_id)
    run.fail(body.reason, actor)
    return run_id


@operation(
    "POST",
    f"{ONE}/release",
    tag=TAG,
    scope="work",
    tool=Tool("release_stage", repeatable=True),
    answer=run_shown,
)
def release_stage(session: Session, caller: Caller, run_id: RunParam, body: Release) -> int:
    """Instead of step 3: give the stage back as if you had never taken it, because you must end.

    It costs no attempt; the next free worker begins anew.
    """
    run, actor = run_to_report(session, caller, run_id)
    run.release(body.reason, actor)
    return run_id


@operation("GET", "/runs", tag=TAG, scope="read")
def list_runs(session: Session, caller: Caller, query: RunsQuery) -> RunPage:
    """List runs, newest first."""
    found = run_slice(
        session,
        caller.visibility,
        project=caller.chosen_project(query.project),
        ticket_id=query.ticket_id,
        worker_id=query.worker_id,
        is_finished=query.finished,
        cursor=query.cursor,
        limit=query.limit,
    )
    return RunPage.of(items=found.rows, next=found.next)


@operation("GET", ONE, tag=TAG, scope="read")
def get_run(session: Session, caller: Caller, run_id: RunParam) -> RunResponse:
    """One run: whether it goes on, or how it ended."""
    visible_run(session, caller.visibility, run_id)
    return run_shown(session, run_id)
