"""One thing that waits for a person, and where such things come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam
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
    """Things that wait for the same reason: how many there are, where the first of them stand in
    the list, as many as the parameter `number` says, and what some of them are, by their ids.

    A place is whether something is less urgent, since when it waits, and its id as a text.
    """

    count: Callable[[Visibility, str], ColumnElement[int]]
    places: Callable[[Visibility, str], Select[int, Any, str]]
    read: Callable[[Session, Visibility, Sequence[str]], Iterable[InboxItem]]


IDS: BindParameter[Any] = bindparam("ids", expanding=True)
"""The ids of what is read."""


def visible_in(visibility: Visibility, project: str, column: Any) -> ColumnElement[bool]:
    """Whether somebody may see what is of the project in this column, and looks at that project or
    at all of them."""
    return and_(visibility.of(column), column == project) if project else visibility.of(column)
