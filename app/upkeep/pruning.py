"""Deletes old events in small batches, so that claims hardly wait meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from app.models import Event

BATCH = 500


@dataclass(slots=True)
class EventPruning:
    """The processed events from before a moment; those that wait for someone always stay."""

    before: datetime
    upto: int = 0
    _after: int = 0

    def count(self, session: Session) -> int:
        """How many there are; remembers where the newest stands, so that no batch looks further."""
        found = select(func.count(), func.max(Event.id)).where(*self._conditions())
        number, newest = session.execute(found).one()
        self.upto = newest or 0
        return int(number)

    def delete_batch(self, session: Session) -> int:
        """Delete the next few; returns how many. The caller commits."""
        some = (
            select(Event.id)
            .where(Event.id > self._after, Event.id <= self.upto, *self._conditions())
            .order_by(Event.id)
            .limit(BATCH)
        )
        deleted = session.scalars(
            delete(Event)
            .where(Event.id.in_(some), Event.processed)
            .returning(Event.id)
            .execution_options(synchronize_session=False)
        ).all()
        self._after = max(deleted, default=self._after)
        return len(deleted)

    def _conditions(self) -> tuple[ColumnElement[bool], ...]:
        return (Event.processed.is_(True), Event.created_at < self.before)
