"""The entities: one file each, with its state, its invariants, and the verbs that change it."""

from app.models.account import ApiToken, SavedView, User
from app.models.comment import Comment
from app.models.dependency import TicketDependency
from app.models.event import EVENT_TYPES, Event
from app.models.idempotency import IdempotencyKey
from app.models.label import TicketLabel
from app.models.plan_template import PlanTemplate
from app.models.project import Project
from app.models.stage_run import StageRun
from app.models.ticket import Ticket
from app.models.worker import Worker
from app.models.worker_type import PromptVersion, WorkerType

__all__ = [
    "EVENT_TYPES",
    "ApiToken",
    "Comment",
    "Event",
    "IdempotencyKey",
    "PlanTemplate",
    "Project",
    "PromptVersion",
    "SavedView",
    "StageRun",
    "Ticket",
    "TicketDependency",
    "TicketLabel",
    "User",
    "Worker",
    "WorkerType",
]
