"""Workers: how they register, take stages, show that they live, and end."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app import pipeline
from app.callers import Caller
from app.loading import (
    own_claimant,
    own_worker,
    require_usable_worker_id,
    visible_run,
    visible_worker,
    worker_to_stop,
)
from app.models import Project, Worker
from app.operations.operation import Tool, operation
from app.queries.tickets.brief import assignment
from app.queries.workers.list import worker_row, worker_slice
from app.schemas.base import WorkerParam
from app.schemas.claims import Assignment, ClaimNew
from app.schemas.tools import Claimed
from app.schemas.workers import (
    Heartbeat,
    HeartbeatAnswer,
    Stopped,
    WorkerNew,
    WorkerPage,
    WorkerResponse,
    WorkersQuery,
)
from app.values import immutable

TAG = "Workers"
ONE = "/workers/<worker_id>"

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


@immutable
class Turn:
    """What became of a worker's request for a stage. `run_id`: what it holds now."""

    run_id: int | None
    is_to_stop: bool


def worker_shown(session: Session, worker_id: str) -> WorkerResponse:
    return WorkerResponse.model_validate(worker_row(session, worker_id))


def stage_to_do(session: Session, turn: Turn) -> Assignment | None:
    if turn.run_id is None:
        return None
    return Assignment.model_validate(assignment(session, turn.run_id))


def stage_and_next_step(session: Session, turn: Turn) -> Claimed:
    """A model is told what to do, with a stage and without."""
    step = TAKEN if turn.run_id else STOP if turn.is_to_stop else NOTHING
    return Claimed(assignment=stage_to_do(session, turn), next_step=step)


@operation(
    "POST",
    "/workers",
    tag=TAG,
    scope="work",
    status=201,
    tool=Tool(
        "register_worker",
        repeatable=True,
        hint="Choose a `worker_id` that nobody else has, such as review-7f3a, and keep it: all "
        "later calls name it. Then call claim_stage.",
    ),
    answer=worker_shown,
)
def register_worker(session: Session, caller: Caller, body: WorkerNew) -> str:
    """Step 1 of working: put a process on the board, before it claims anything.

    The same id from the same `hostname` and `pid` is the same worker again, whatever became of it
    meanwhile. From another process it is refused as long as that worker lives. The worker, and
    what it claims, is bound to the token that registers it: no other speaks for it.
    """
    Project.get(session, caller.require_project(body.project_id))
    require_usable_worker_id(session, caller.visibility, body.worker_id)
    pipeline.register_worker(
        session,
        **body.model_dump(),
        token_id=caller.token_id,
        actor=caller.actor,
        may_take_over=caller.may_step_in,
    )
    return body.worker_id


@operation("GET", "/workers", tag=TAG, scope="read")
def list_workers(session: Session, caller: Caller, query: WorkersQuery) -> WorkerPage:
    """List workers: those alive, unless asked for others."""
    wanted = query.wanted(caller.chosen_project(query.project))
    items, following = worker_slice(
        session, caller.visibility, wanted, cursor=query.cursor, limit=query.limit
    )
    return WorkerPage.of(items=items, next=following)


@operation("GET", ONE, tag=TAG, scope="read")
def get_worker(session: Session, caller: Caller, worker_id: WorkerParam) -> WorkerResponse:
    """One worker, and the run that it holds."""
    visible_worker(session, caller.visibility, worker_id)
    return worker_shown(session, worker_id)


@operation(
    "POST",
    "/claims",
    tag=TAG,
    scope="work",
    status=201,
    tool=Tool(
        "claim_stage",
        repeatable=True,
        hint="`next_step` says what to do now, with a stage and without.",
        answer=stage_and_next_step,
    ),
    answer=stage_to_do,
)
def claim_stage(session: Session, caller: Caller, body: ClaimNew) -> Turn:
    """Step 2 of working: take the next stage of your queue, with all that you need to do it.

    You can't choose: you get the most urgent, then the oldest. The answer holds the ticket, your
    instructions (`system_prompt`), the plan, and what earlier stages said. It is yours until
    `lease_seconds` are over; heartbeat extends that. You hold one stage at a time: until you
    report on it, this gives you the same one again, in case the first answer was lost. There may
    be none: nothing waits, or you are asked to stop.
    """
    worker = own_claimant(session, caller, body.worker_id)
    claim = pipeline.claim_for(session, worker, caller.token_id)
    return Turn(claim.run_id if claim else None, worker.is_to_stop)


@operation(
    "POST",
    f"{ONE}/heartbeat",
    tag=TAG,
    scope="work",
    tool=Tool(
        "heartbeat",
        repeatable=True,
        hint="If `instruction` is `stop`, finish or release what you hold, then call "
        "finish_worker.",
    ),
)
def heartbeat(
    session: Session, caller: Caller, worker_id: WorkerParam, body: Heartbeat
) -> HeartbeatAnswer:
    """Show that you are alive, and keep the stage that you hold from being given to another.

    Send it with your `run_id` before `next_heartbeat_seconds` are over, best after a third of
    them. If that run is over it is refused, and the sign of life counts all the same: stop working
    on that ticket at once.
    """
    own_worker(session, caller, worker_id)
    if body.run_id is not None:
        visible_run(session, caller.visibility, body.run_id)
    told = pipeline.heartbeat(session, worker_id, body.run_id, body.output_tail)
    return HeartbeatAnswer.telling(told, due=Worker.get(session, worker_id).expected_by)


@operation(
    "POST",
    f"{ONE}/stopped",
    tag=TAG,
    scope="work",
    tool=Tool("finish_worker", repeatable=True),
    answer=worker_shown,
)
def worker_stopped(session: Session, caller: Caller, worker_id: WorkerParam, body: Stopped) -> str:
    """Last step of working: say that you end, so that nobody looks for you.

    A stage that you still hold is given back unharmed. To work again later, register again.
    """
    actor = worker_to_stop(session, caller, worker_id)
    pipeline.finish_worker(
        session, worker_id, body.reason, actor, needs_attention=body.needs_attention
    )
    return worker_id


@operation("POST", f"{ONE}/ask-to-stop", tag=TAG, scope="plan", answer=worker_shown)
def ask_worker_to_stop(session: Session, caller: Caller, worker_id: WorkerParam) -> str:
    """Ask a worker to stop; its next heartbeat tells it. Until then it gets no new stage."""
    visible_worker(session, caller.visibility, worker_id)
    Worker.lock(session, worker_id).ask_to_stop(caller.actor)
    return worker_id


@operation("POST", f"{ONE}/declare-dead", tag=TAG, scope="plan", answer=worker_shown)
def declare_worker_dead(session: Session, caller: Caller, worker_id: WorkerParam) -> str:
    """Say that the process is gone: what it holds is freed at once, as a lost attempt."""
    visible_worker(session, caller.visibility, worker_id)
    pipeline.declare_dead(session, worker_id, caller.actor)
    return worker_id
