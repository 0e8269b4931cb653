"""Claims: a worker takes the next stage of its queue."""

from __future__ import annotations

from app import pipeline
from app.api.operation import operation
from app.callers import Caller
from app.db.base import db
from app.loading import own_worker
from app.queries.tickets.brief import assignment
from app.schemas.claims import Assignment, ClaimNew

TAG = "Workers"


@operation("POST", "/claims", tag=TAG, scope="work", status=201)
def claim_stage(caller: Caller, body: ClaimNew) -> Assignment | None:
    """Take the next stage of the worker's queue: the most urgent, then the oldest.

    The answer holds all that is needed to do it. 204: there is nothing to do now, or the worker is
    asked to stop. A worker holds one run at a time: it gets the same one again until it reports on
    it, in case the first answer was lost.
    """
    session = db.session()
    own_worker(session, caller, body.worker_id)
    claim = pipeline.claim_next(session, body.worker_id, caller.token_id)
    if claim is None:
        return None
    return Assignment.model_validate(assignment(session, claim.run_id))
