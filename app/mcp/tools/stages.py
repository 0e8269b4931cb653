"""Stages: how a worker reports on the one that it claimed. The first report counts."""

from __future__ import annotations

from app.callers import Caller
from app.db.base import db
from app.loading import run_to_report
from app.mcp.registry import tool
from app.mcp.tools.ids import ARun
from app.schemas.runs import Completion, Reason, Release, Return, RunResponse


@tool("work", repeatable=True)
def complete_stage(caller: Caller, run_id: ARun, body: Completion) -> RunResponse:
    """Step 3 of working: your stage is done, and the ticket moves on to the next one.

    Say in `comment` what you did, what you decided, and what the next worker must know: it sees
    nothing else of your work. After the last stage the ticket is closed.
    """
    run, actor = run_to_report(db.session(), caller, run_id)
    run.complete(body.comment, actor)
    return RunResponse.model_validate(run)


@tool("work", repeatable=True)
def return_stage(caller: Caller, run_id: ARun, body: Return) -> RunResponse:
    """Instead of step 3: send the ticket back to an earlier stage, because its work isn't right.

    `to_stage` is that stage's number in the plan, from 1; `reason` tells its worker what to do
    differently. All stages from there on are done again.
    """
    run, actor = run_to_report(db.session(), caller, run_id)
    run.send_back(body.to_stage, body.reason, actor)
    return RunResponse.model_validate(run)


@tool("work", repeatable=True)
def request_attention(caller: Caller, run_id: ARun, body: Reason) -> RunResponse:
    """Instead of step 3: you can't go on without a decision or a right that only a person has.

    The ticket goes on hold, your question in `reason` shows in everyone's inbox, and the stage is
    done again when someone has answered. Ask so that it can be answered in one sentence.
    """
    run, actor = run_to_report(db.session(), caller, run_id)
    run.ask_attention(body.reason, actor)
    return RunResponse.model_validate(run)


@tool("work", repeatable=True)
def fail_stage(caller: Caller, run_id: ARun, body: Reason) -> RunResponse:
    """Instead of step 3: the attempt failed, for a reason that may be gone at the next attempt.

    Another attempt follows after a pause, until the role's attempts are used up; then the ticket
    waits for a person. If another attempt can't help, use request_attention.
    """
    run, actor = run_to_report(db.session(), caller, run_id)
    run.fail(body.reason, actor)
    return RunResponse.model_validate(run)


@tool("work", repeatable=True)
def release_stage(caller: Caller, run_id: ARun, body: Release) -> RunResponse:
    """Instead of step 3: give the stage back as if you had never taken it, because you must end.

    It costs no attempt; the next free worker begins anew.
    """
    run, actor = run_to_report(db.session(), caller, run_id)
    run.release(body.reason, actor)
    return RunResponse.model_validate(run)
