"""All that a worker needs to do a stage that it claimed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from app import clock
from app.models import Comment, Project, PromptVersion, StageRun, WorkerType
from app.queries.tickets.records import Record, is_waited_for_by, ticket_record, waits_for

COMMENTS_MAX = 200
"""Comments that come with a claim: the newest ones."""


def assignment(session: Session, run_id: int) -> dict[str, Any]:
    """The run, its ticket, its project, what the worker is told, and what was said so far."""
    run = session.execute(select(*StageRun.__table__.columns).where(StageRun.run_id == run_id))
    claim = run.one()
    ticket = ticket_record(session, claim.ticket_id)
    project = session.get_one(Project, ticket["project_id"])
    comments, left_out = newest_comments(session, claim.ticket_id)
    lease = (claim.lease_expires_at - clock.now()).total_seconds()
    return {
        "run": claim,
        "lease_seconds": lease,
        "ticket": ticket,
        "stages": _stages(session, ticket, claim.stage_number),
        "project": project,
        "system_prompt": _system_prompt(session, project, claim),
        "comments": comments,
        "comments_left_out": left_out,
        "blocked_by": waits_for(session, claim.ticket_id),
        "blocks": is_waited_for_by(session, claim.ticket_id),
    }


def newest_comments(
    session: Session, ticket_id: str, limit: int = COMMENTS_MAX
) -> tuple[Sequence[Row[Any]], int]:
    """The newest comments, oldest first, and how many older ones there are."""
    of_ticket = Comment.ticket_id == ticket_id
    newest = session.execute(
        select(*Comment.__table__.columns).where(of_ticket).order_by(Comment.id.desc()).limit(limit)
    ).all()
    if len(newest) < limit:
        return newest[::-1], 0
    total = session.scalar(select(func.count()).select_from(Comment).where(of_ticket)) or 0
    return newest[::-1], total - len(newest)


def _stages(session: Session, ticket: Record, current: int) -> list[dict[str, Any]]:
    roles = select(WorkerType.worker_type, WorkerType.short_description).where(
        WorkerType.project_id == ticket["project_id"]
    )
    descriptions = dict(session.execute(roles).all())
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


def _system_prompt(session: Session, project: Project, run: Row[Any]) -> str:
    """The prompt in the version that the run was given, then what holds for the whole project."""
    prompt = session.scalar(
        select(PromptVersion.system_prompt)
        .join(WorkerType, WorkerType.id == PromptVersion.worker_type_id)
        .where(
            WorkerType.project_id == project.repository_name,
            WorkerType.worker_type == run.worker_type,
            PromptVersion.version == run.prompt_version,
        )
    )
    parts = [
        prompt or "",
        f"# Rules of {project.repository_name}\n\n{project.rules}" if project.rules else "",
        f"# Patterns of {project.repository_name}\n\n{project.patterns}"
        if project.patterns
        else "",
    ]
    return "\n\n".join(part for part in parts if part)
