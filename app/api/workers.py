"""Workers: they register, send heartbeats, and say when they end."""

from __future__ import annotations

from app import pipeline
from app.api.operation import operation
from app.callers import Caller
from app.db.base import db
from app.loading import (
    own_worker,
    require_usable_worker_id,
    visible_run,
    visible_worker,
    worker_to_stop,
)
from app.models import Project, Worker
from app.queries.workers.list import worker_row, worker_slice
from app.schemas.workers import (
    Heartbeat,
    HeartbeatAnswer,
    Stopped,
    WorkerNew,
    WorkerPage,
    WorkerResponse,
    WorkersQuery,
)

TAG = "Workers"


@operation("POST", "/workers", tag=TAG, scope="work", status=201)
def register_worker(caller: Caller, body: WorkerNew) -> WorkerResponse:
    """Put a process on the board, before it claims anything.

    The same id from the same host and pid is the same worker again, whatever became of it
    meanwhile. From another process it is refused as long as that worker lives. The worker, and
    what it claims, is bound to the token that registers it: no other speaks for it.
    """
    session = db.session()
    Project.get(session, caller.require_project(body.project_id))
    require_usable_worker_id(session, caller.visibility, body.worker_id)
    pipeline.register_worker(
        session,
        **body.model_dump(),
        token_id=caller.token_id,
        actor=caller.actor,
        may_take_over=caller.may_step_in,
    )
    return _shown(body.worker_id)


@operation("GET", "/workers", tag=TAG, scope="read")
def list_workers(caller: Caller, query: WorkersQuery) -> WorkerPage:
    """List workers: those alive, unless asked for others."""
    wanted = query.wanted(caller.chosen_project(query.project))
    items, following = worker_slice(
        db.session(), caller.visibility, wanted, cursor=query.cursor, limit=query.limit
    )
    return WorkerPage.of(items=items, next=following)


@operation("GET", "/workers/<worker_id>", tag=TAG, scope="read")
def get_worker(caller: Caller, worker_id: str) -> WorkerResponse:
    """One worker, and the run that it holds."""
    visible_worker(db.session(), caller.visibility, worker_id)
    return _shown(worker_id)


@operation("POST", "/workers/<worker_id>/heartbeat", tag=TAG, scope="work")
def heartbeat(caller: Caller, worker_id: str, body: Heartbeat) -> HeartbeatAnswer:
    """Say that the worker lives; extend the lease of the run it holds; learn what to do.

    If that run is over the answer is 409 `run_not_current`, and the sign of life counts all the
    same.
    """
    session = db.session()
    own_worker(session, caller, worker_id)
    if body.run_id is not None:
        visible_run(session, caller.visibility, body.run_id)
    told = pipeline.heartbeat(session, worker_id, body.run_id, body.output_tail)
    return HeartbeatAnswer.telling(told, due=Worker.get(session, worker_id).expected_by)


@operation("POST", "/workers/<worker_id>/stopped", tag=TAG, scope="work")
def worker_stopped(caller: Caller, worker_id: str, body: Stopped) -> WorkerResponse:
    """Say that the process ends in order; a run it still holds is given back unharmed."""
    actor = worker_to_stop(db.session(), caller, worker_id)
    pipeline.finish_worker(
        db.session(), worker_id, body.reason, actor, needs_attention=body.needs_attention
    )
    return _shown(worker_id)


@operation("POST", "/workers/<worker_id>/ask-to-stop", tag=TAG, scope="plan")
def ask_worker_to_stop(caller: Caller, worker_id: str) -> WorkerResponse:
    """Ask a worker to stop; its next heartbeat tells it. Until then it gets no new stage."""
    visible_worker(db.session(), caller.visibility, worker_id)
    Worker.lock(db.session(), worker_id).ask_to_stop(caller.actor)
    return _shown(worker_id)


@operation("POST", "/workers/<worker_id>/declare-dead", tag=TAG, scope="plan")
def declare_worker_dead(caller: Caller, worker_id: str) -> WorkerResponse:
    """Say that the process is gone: what it holds is freed at once, as a lost attempt."""
    visible_worker(db.session(), caller.visibility, worker_id)
    pipeline.declare_dead(db.session(), worker_id, caller.actor)
    return _shown(worker_id)


def _shown(worker_id: str) -> WorkerResponse:
    return WorkerResponse.model_validate(worker_row(db.session(), worker_id))
