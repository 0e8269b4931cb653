"""The entities: one file each (tickets: one an aspect), with state, invariants and verbs."""

from app.models.api_token import ApiToken
from app.models.audit import AuditEntry
from app.models.comment import Comment, CommentVersion
from app.models.day_totals import DayTotals
from app.models.event import EVENT_TYPES, Event
from app.models.idempotency import IdempotencyKey
from app.models.identity import Identity
from app.models.invitation import Invitation
from app.models.label import TicketLabel
from app.models.mention import Mention
from app.models.plan_template import PlanTemplate
from app.models.project import Project, ProjectMember
from app.models.saved_view import DefaultView, SavedView
from app.models.sign_in_attempt import SignInAttempt
from app.models.stage_run import StageRun
from app.models.ticket import DescriptionVersion, RelatedTickets, Ticket, TicketDependency
from app.models.user import User
from app.models.user_session import UserSession
from app.models.worker import Worker
from app.models.worker_type import GateApprover, PromptVersion, WorkerType

__all__ = [
    "EVENT_TYPES",
    "ApiToken",
    "AuditEntry",
    "Comment",
    "CommentVersion",
    "DayTotals",
    "DefaultView",
    "DescriptionVersion",
    "Event",
    "GateApprover",
    "IdempotencyKey",
    "Identity",
    "Invitation",
    "Mention",
    "PlanTemplate",
    "Project",
    "ProjectMember",
    "PromptVersion",
    "RelatedTickets",
    "SavedView",
    "SignInAttempt",
    "StageRun",
    "Ticket",
    "TicketDependency",
    "TicketLabel",
    "User",
    "UserSession",
    "Worker",
    "WorkerType",
]
