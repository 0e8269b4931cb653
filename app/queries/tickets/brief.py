"""What the worker of a ticket's next stage reads, and how much that is."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Comment, Project, Ticket, WorkerType
from app.queries.tickets.view import TicketView

COMMENTS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Section:
    """A part of what the worker reads."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Sizes:
    """Characters of each part."""

    prompt: int
    rules: int
    patterns: int
    description: int
    comments: int
    comment_count: int

    @property
    def total(self) -> int:
        """All parts together."""
        return self.prompt + self.rules + self.patterns + self.description + self.comments


def sizes_of(session: Session, view: TicketView) -> Sizes:
    """How much the next worker reads; one query."""
    ticket = view.ticket
    prompt = (
        select(func.length(WorkerType.system_prompt))
        .where(
            WorkerType.project_id == ticket.project_id,
            WorkerType.worker_type == ticket.current_stage,
        )
        .scalar_subquery()
    )
    project = Project.repository_name == ticket.project_id
    comments = Comment.ticket_id == ticket.ticket_id
    row = session.execute(
        select(
            func.coalesce(prompt, 0),
            select(func.length(Project.rules)).where(project).scalar_subquery(),
            select(func.length(Project.patterns)).where(project).scalar_subquery(),
            select(func.coalesce(func.sum(func.length(Comment.content)), 0))
            .where(comments)
            .scalar_subquery(),
            select(func.count()).where(comments).scalar_subquery(),
        )
    ).one()
    return Sizes(row[0], row[1], row[2], len(ticket.description), row[3], row[4])


def brief_of(session: Session, ticket: Ticket) -> list[Section]:
    """The parts in full, in the order they are read; empty ones are left out."""
    project = Project.get(session, ticket.project_id)
    role = WorkerType.named(session, ticket.project_id, ticket.current_stage or "")
    sections = [
        Section("Project rules", project.rules),
        Section("Project patterns", project.patterns),
        Section("Description", ticket.description),
        *_comments(session, ticket.ticket_id),
    ]
    if role:
        title = f"System prompt of {role.worker_type}, version {role.prompt_version}"
        sections.insert(0, Section(title, role.system_prompt))
    return [section for section in sections if section.text]


def _comments(session: Session, ticket_id: str) -> list[Section]:
    newest_first = session.execute(
        select(Comment.author, Comment.worker_type, Comment.content)
        .where(Comment.ticket_id == ticket_id)
        .order_by(Comment.id.desc())
        .limit(COMMENTS_SHOWN)
    ).all()
    return [
        Section(f"Comment by {worker_type or author or 'someone'}", content)
        for author, worker_type, content in reversed(newest_first)
    ]
