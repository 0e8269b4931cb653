"""What the worker of a stage reads: the answer to a claim, and its preview on the ticket's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, func, select
from sqlalchemy.orm import Session

from app import clock
from app.db.plans import PLANNED_ONCE
from app.db.rows import rows_of
from app.models import Comment, Project, PromptVersion, WorkerType
from app.queries.runs import run_row
from app.queries.tickets.records import Record, ticket_record
from app.queries.tickets.related import Related, is_waited_for_by, waits_for
from app.queries.tickets.view import TicketView
from app.values import immutable

COMMENTS_MAX = 200
"""Comments that are read: the newest ones."""


_PROJECT_AND_PROMPT = (
    select(*Project.__table__.columns, PromptVersion.system_prompt)
    .outerjoin(
        WorkerType,
        and_(
            WorkerType.project_id == Project.repository_name,
            WorkerType.worker_type == bindparam("role"),
        ),
    )
    .outerjoin(
        PromptVersion,
        and_(
            PromptVersion.worker_type_id == WorkerType.id,
            PromptVersion.version == bindparam("version"),
        ),
    )
    .where(Project.repository_name == bindparam("project_id"))
    .execution_options(**PLANNED_ONCE)
)
_ROLES = (
    select(WorkerType.worker_type, WorkerType.short_description)
    .where(WorkerType.project_id == bindparam("project_id"))
    .execution_options(**PLANNED_ONCE)
)
_NEWEST_COMMENTS = (
    select(*Comment.__table__.columns)
    .where(Comment.ticket_id == bindparam("ticket_id"), Comment.withdrawn_at.is_(None))
    .order_by(Comment.id.desc())
    .limit(bindparam("limit"))
    .execution_options(**PLANNED_ONCE)
)


@immutable
class Section:
    """A part of what the worker reads."""

    title: str
    text: str


@immutable
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


def assignment(session: Session, run_id: int) -> dict[str, Any]:
    """All that a worker needs to do the stage that it claimed by this run. Raises `NotFound` when
    its project was deleted since."""
    run = run_row(session, run_id)
    ticket = ticket_record(session, run.ticket_id)
    return {
        "run": run,
        "lease_seconds": (run.lease_expires_at - clock.now()).total_seconds(),
        **_brief(session, ticket, run.stage_number, run.worker_type, run.prompt_version),
    }


def brief_sections(session: Session, ticket_id: str) -> list[Section]:
    """What an assignment would say if the ticket's current stage were claimed now, in the order in
    which it is read; empty parts are left out."""
    ticket = ticket_record(session, ticket_id)
    number, role = ticket["completed_stages"] + 1, ticket["current_stage"]
    version = session.scalar(
        select(WorkerType.prompt_version).where(
            WorkerType.project_id == ticket["project_id"], WorkerType.worker_type == role
        )
    )
    brief = _brief(session, ticket, number, role, version)
    title = f"System prompt of {role}, version {version}" if version else "System prompt"
    left_out = brief["comments_left_out"]
    sections = [
        Section(title, brief["system_prompt"]),
        Section("Plan", "\n".join(_stage_line(stage) for stage in brief["stages"])),
        Section("Description", ticket["description"]),
        Section("It waits for", _ticket_lines(brief["blocked_by"])),
        Section("These wait for it", _ticket_lines(brief["blocks"])),
        Section("Older comments", f"Left out: {left_out}." if left_out else ""),
        *(
            Section(f"Comment by {comment.worker_type or comment.author or 'someone'}", text)
            for comment in brief["comments"]
            if (text := comment.content)
        ),
    ]
    return [section for section in sections if section.text]


def brief_sizes(session: Session, view: TicketView) -> Sizes:
    """How much that is; one query."""
    ticket = view.ticket
    row = rows_of(
        session,
        _SIZES,
        project_id=ticket.project_id,
        stage=ticket.current_stage,
        ticket_id=ticket.ticket_id,
    ).one()
    return Sizes(row[0], row[1], row[2], len(ticket.description), row[3], row[4])


def _sizes() -> Select[*tuple[Any, ...]]:
    project = Project.repository_name == bindparam("project_id")
    prompt = select(func.length(WorkerType.system_prompt)).where(
        WorkerType.project_id == bindparam("project_id"),
        WorkerType.worker_type == bindparam("stage"),
    )
    newest = (
        select(func.length(Comment.content).label("length"))
        .where(Comment.ticket_id == bindparam("ticket_id"), Comment.withdrawn_at.is_(None))
        .order_by(Comment.id.desc())
        .limit(COMMENTS_MAX)
        .subquery()
    )
    return select(
        func.coalesce(prompt.scalar_subquery(), 0),
        select(func.length(Project.rules)).where(project).scalar_subquery(),
        select(func.length(Project.patterns)).where(project).scalar_subquery(),
        func.coalesce(func.sum(newest.c.length), 0),
        func.count(newest.c.length),
    )


_SIZES = _sizes()


def newest_comments(
    session: Session, ticket_id: str, limit: int = COMMENTS_MAX
) -> tuple[Sequence[Row[Any]], int]:
    """The newest comments, oldest first, and how many older ones there are."""
    newest = rows_of(session, _NEWEST_COMMENTS, ticket_id=ticket_id, limit=limit).all()
    if len(newest) < limit:
        return newest[::-1], 0
    of_ticket = Comment.ticket_id == ticket_id, Comment.withdrawn_at.is_(None)
    total = session.scalar(select(func.count()).select_from(Comment).where(*of_ticket)) or 0
    return newest[::-1], total - len(newest)


def _brief(
    session: Session, ticket: Record, number: int, role: str | None, version: int | None
) -> dict[str, Any]:
    """What whoever does that stage reads, with their prompt in that version."""
    ticket_id = ticket["ticket_id"]
    project = rows_of(
        session, _PROJECT_AND_PROMPT, project_id=ticket["project_id"], role=role, version=version
    ).one()
    comments, left_out = newest_comments(session, ticket_id)
    return {
        "ticket": ticket,
        "stages": _stages(session, ticket, number),
        "project": project,
        "system_prompt": _system_prompt(project),
        "comments": comments,
        "comments_left_out": left_out,
        "blocked_by": waits_for(session, ticket_id),
        "blocks": is_waited_for_by(session, ticket_id),
    }


def _stages(session: Session, ticket: Record, current: int) -> list[dict[str, Any]]:
    roles = rows_of(session, _ROLES, project_id=ticket["project_id"])
    descriptions: dict[str, str | None] = dict(tuple(row) for row in roles)
    plan: Sequence[str] = ticket["execution_plan"]
    return [
        {
            "number": number,
            "worker_type": name,
            "short_description": descriptions.get(name),
            "status": "yours" if number == current else "done" if number < current else "to_come",
        }
        for number, name in enumerate(plan, 1)
    ]


def _system_prompt(project: Row[Any]) -> str:
    """The role's prompt, then what holds for the whole project."""
    parts = [
        project.system_prompt or "",
        f"# Rules of {project.repository_name}\n\n{project.rules}" if project.rules else "",
        f"# Patterns of {project.repository_name}\n\n{project.patterns}"
        if project.patterns
        else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _stage_line(stage: dict[str, Any]) -> str:
    about = f": {stage['short_description']}" if stage["short_description"] else ""
    return f"{stage['number']}. {stage['worker_type']} ({stage['status'].replace('_', ' ')}){about}"


def _ticket_lines(tickets: Sequence[Related]) -> str:
    return "\n".join(f"{each.ticket_id} ({each.state}) {each.title}" for each in tickets)
