"""What an address names, for the person who asks. What they may not see is missing, in the very
same words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from app import loading
from app.db.base import db
from app.errors import NotFound
from app.models import PlanTemplate, Project, Ticket, WorkerType
from app.queries.tickets.view import TicketView, view_ticket
from app.visibility import Visibility
from app.web.auth.identity import current_visibility

Named = TypeVar("Named")


def load_project(name: str) -> Project:
    """The project."""
    loading.visible_project(db.session(), current_visibility(), name)
    return Project.get(db.session(), name)


def load_role(worker_type_id: int) -> WorkerType:
    """The worker type."""
    return loading.role_numbered(db.session(), current_visibility(), worker_type_id)


def load_template(session: Session, project_id: str, template_id: int) -> PlanTemplate:
    """The plan template of a project that may be seen."""
    template = PlanTemplate.get(session, template_id)
    if template.project_id != project_id:
        raise NotFound(PlanTemplate.MISSING)
    return template


def load_ticket(ticket_id: str) -> Ticket:
    """The ticket."""
    require_ticket(ticket_id)
    return Ticket.get(db.session(), ticket_id)


def load_view(ticket_id: str) -> TicketView:
    """The ticket with what surrounds it."""
    require_ticket(ticket_id)
    return view_ticket(db.session(), ticket_id)


def require_ticket(ticket_id: str) -> None:
    """Raise `NotFound` for a ticket that may not be seen."""
    _require(loading.visible_ticket, ticket_id)


def require_worker(worker_id: str) -> None:
    """Raise `NotFound` for a worker that may not be seen."""
    _require(loading.visible_worker, worker_id)


def _require(look: Callable[[Session, Visibility, Named], object], named: Named) -> None:
    visibility = current_visibility()
    # Of whoever sees everything nothing needs to be asked: what is read next says what is missing.
    if visibility != Visibility.everything():
        look(db.session(), visibility, named)
