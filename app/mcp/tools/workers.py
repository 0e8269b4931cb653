"""Workers: an agent that takes stages registers, claims, shows that it lives, and says when it
ends."""

from __future__ import annotations

from app import pipeline
from app.callers import Caller
from app.db.base import db
from app.loading import own_worker, require_usable_worker_id, visible_run, worker_to_stop
from app.mcp.registry import tool
from app.mcp.tools.ids import AWorker
from app.models import Project, Worker
from app.queries.tickets.brief import assignment
from app.queries.workers.list import worker_row
from app.schemas.claims import ClaimNew
from app.schemas.tools import Claimed
from app.schemas.workers import Heartbeat, HeartbeatAnswer, Stopped, WorkerNew, WorkerResponse

TAKEN = (
    "Do this stage now, as system_prompt and ticket.description say. Send heartbeat with this "
    "run_id while you work. When done call complete_stage; or return_stage, request_attention, "
    "fail_stage or release_stage."
)
NOTHING = (
    "There is nothing to do now. Wait a minute, then call claim_stage again: the call is your sign "
    "of life. If you can't wait, call finish_worker and end."
)
STOP = "A person asked you to stop: call finish_worker, then end."


@tool("work", repeatable=True)
def register_worker(caller: Caller, body: WorkerNew) -> WorkerResponse:
    """Step 1 of working: put yourself on the board as a worker of one role in one project.

    Choose a `worker_id` that nobody else has, such as review-7f3a, and keep it: all later calls
    name it. Give `hostname` and `pid` if you know them; they keep others from taking your id. Then
    call claim_stage.
    """
    Project.get(db.session(), caller.require_project(body.project_id))
    require_usable_worker_id(db.session(), caller.visibility, body.worker_id)
    pipeline.register_worker(
        db.session(),
        **body.model_dump(),
        token_id=caller.token_id,
        actor=caller.actor,
        may_take_over=caller.may_step_in,
    )
    return _shown(body.worker_id)


@tool("work", repeatable=True)
def claim_stage(caller: Caller, body: ClaimNew) -> Claimed:
    """Step 2 of working: take the next stage of your queue, with all that you need to do it.

    You can't choose: you get the most urgent, then the oldest. The answer holds the ticket, your
    instructions (`system_prompt`), the plan, and what earlier stages said. It is yours until
    `lease_seconds` are over; heartbeat extends that. You hold one stage at a time: until you
    report on it, this gives you the same one again. `next_step` says what to do now.
    """
    session = db.session()
    own_worker(session, caller, body.worker_id)
    claim = pipeline.claim_next(session, body.worker_id, caller.token_id)
    if claim:
        return Claimed.of(assignment=assignment(session, claim.run_id), next_step=TAKEN)
    is_to_stop = Worker.get(session, body.worker_id).stop_requested_at is not None
    return Claimed(assignment=None, next_step=STOP if is_to_stop else NOTHING)


@tool("work", repeatable=True)
def heartbeat(caller: Caller, worker_id: AWorker, body: Heartbeat) -> HeartbeatAnswer:
    """Show that you are alive, and keep the stage that you hold from being given to another.

    Call it with your `run_id` before `next_heartbeat_seconds` are over, best after a third of
    them. If `instruction` is `stop`, finish or release what you hold, then call finish_worker. An
    error that says that the run is over means: stop working on that ticket at once.
    """
    own_worker(db.session(), caller, worker_id)
    if body.run_id is not None:
        visible_run(db.session(), caller.visibility, body.run_id)
    told = pipeline.heartbeat(db.session(), worker_id, body.run_id, body.output_tail)
    return HeartbeatAnswer.telling(told, due=Worker.get(db.session(), worker_id).expected_by)


@tool("work", repeatable=True)
def finish_worker(caller: Caller, worker_id: AWorker, body: Stopped) -> WorkerResponse:
    """Last step of working: say that you end, so that nobody looks for you.

    A stage that you still hold is given back unharmed. To work again later, register again.
    """
    actor = worker_to_stop(db.session(), caller, worker_id)
    pipeline.finish_worker(
        db.session(), worker_id, body.reason, actor, needs_attention=body.needs_attention
    )
    return _shown(worker_id)


def _shown(worker_id: str) -> WorkerResponse:
    return WorkerResponse.model_validate(worker_row(db.session(), worker_id))
