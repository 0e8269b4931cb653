"""The versions of a worker type's system prompt."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import PromptVersion
from app.queries.text_diff import Change, change
from app.values import immutable


@immutable
class Version:
    """One version of a prompt, without its text."""

    number: int
    created_at: datetime
    created_by: str
    length: int


@immutable
class Comparison:
    """One version's text, and what changed to it from another. Only a first one has no other."""

    old: int | None
    new: int
    text: str
    change: Change | None


def versions(session: Session, worker_type_id: int) -> list[Version]:
    """Every version of a worker type's prompt, the newest first."""
    rows = session.execute(
        select(
            PromptVersion.version,
            PromptVersion.created_at,
            PromptVersion.created_by,
            func.length(PromptVersion.system_prompt),
        )
        .where(PromptVersion.worker_type_id == worker_type_id)
        .order_by(PromptVersion.version.desc())
    )
    return [Version(*row) for row in rows]


def comparison(session: Session, worker_type_id: int, old: int | None, new: int) -> Comparison:
    """A version beside another."""
    rows = session.execute(
        select(PromptVersion.version, PromptVersion.system_prompt).where(
            PromptVersion.worker_type_id == worker_type_id, PromptVersion.version.in_({old, new})
        )
    )
    texts = dict(rows.all())
    changed = change(texts.get(old, ""), texts.get(new, "")) if old is not None else None
    return Comparison(old, new, texts.get(new, ""), changed)
