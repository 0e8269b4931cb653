"""One thing that waits for a person, and where such things come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_
from sqlalchemy.orm import Session

from app.values import immutable
from app.visibility import Visibility

QUOTED = 400
"""Characters of what was said; a line has no room for more."""


@immutable
class InboxItem:
    """One thing that waits for a person. `kind`: ticket, attempts, gate, worker, event or silent.

    `event_id`: the event to mark as dealt with; what waits at a ticket is dealt with there.
    """

    kind: str
    since: datetime
    subject: str
    title: str
    stage: str | None
    said: str | None
    said_by: str | None
    key: str
    is_urgent: bool = False
    tries: str | None = None
    event_id: int | None = None

    @property
    def rank(self) -> tuple[bool, datetime, str]:
        """What is urgent comes first, then what has waited longest."""
        return not self.is_urgent, self.since, self.key


@immutable
class Source:
    """Things that wait for the same reason: how many there are, and the first of them."""

    count: Callable[[Visibility, str], ScalarSelect[int]]
    first: Callable[[Session, Visibility, str, int], Iterable[InboxItem]]


def visible_in(visibility: Visibility, project: str, column: Any) -> ColumnElement[bool]:
    """Whether somebody may see what is of the project in this column, and looks at that project or
    at all of them."""
    return and_(visibility.of(column), column == project) if project else visibility.of(column)
