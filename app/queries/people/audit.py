"""The audit as admins read it, and as leads read it of one project."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.models import AuditEntry
from app.queries.paging import PAGE_SIZE, capped_count
from app.values import immutable


@immutable
class AuditFilter:
    """Which entries are wanted; empty parts want all."""

    action: str = ""
    actor: str = ""
    project: str = ""
    since: datetime | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether something was filtered for."""
        return bool(self.action or self.actor or self.project or self.since)

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter for a `where`."""
        found: list[Any] = [
            column == wanted
            for column, wanted in (
                (AuditEntry.action, self.action),
                (AuditEntry.actor, self.actor),
                (AuditEntry.project_id, self.project),
            )
            if wanted
        ]
        if self.since:
            found.append(AuditEntry.created_at >= self.since)
        return found


@immutable
class AuditPage:
    """Some entries, newest first, and whether older ones follow."""

    rows: list[AuditEntry]
    has_older: bool


def audit_page(
    session: Session, wanted: AuditFilter, *, before: int | None = None, size: int = PAGE_SIZE
) -> AuditPage:
    """The newest wanted entries, or the newest of those older than `before`."""
    rows = select(AuditEntry).where(*wanted.conditions())
    rows = rows.order_by(AuditEntry.id.desc()).limit(size + 1)
    if before is not None:
        rows = rows.where(AuditEntry.id < before)
    found = list(session.scalars(rows))
    return AuditPage(found[:size], has_older=len(found) > size)


def count_audit(session: Session, wanted: AuditFilter) -> int:
    """How many entries are wanted, counted up to the cap."""
    return capped_count(session, select(AuditEntry.id).where(*wanted.conditions()))
