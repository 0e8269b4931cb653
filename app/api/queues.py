"""Queues: what waits where, and who is there to take it."""

from __future__ import annotations

from app.api.operation import operation
from app.callers import Caller
from app.db.base import db
from app.queries import queues
from app.schemas.queues import QueueList, QueuesQuery

TAG = "Queues and events"


@operation("GET", "/queues", tag=TAG, scope="read")
def queue_status(caller: Caller, query: QueuesQuery) -> QueueList:
    """How deep each queue is, how long the oldest has waited, and how many workers are alive."""
    project = caller.chosen_project(query.project)
    return QueueList.of(items=queues.queue_status(db.session(), caller.visibility, project))
