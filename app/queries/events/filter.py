"""Which events are wanted, and the index that leads to them.

Of several things asked at once one may find a handful of events and another millions, and no
planner knows which: one team deals with all that happens, another with nothing. So it is counted
first, up to a cap, how many each finds alone. The one that finds fewest leads, by its index; all
others are asked row by row. A ticket leads uncounted: it never has many.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    TextClause,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from app.db.plans import checked, one_of, unindexed
from app.db.rows import rows_of
from app.models import Event
from app.models.event import ANSWERED, INBOX, UNPROCESSED
from app.values import immutable
from app.visibility import STATEMENTS_KEPT, Visibility

COUNTED = 10_000
"""How far it is counted what each thing finds, which takes half a millisecond. Where one finds
fewer, so many rows at most are read in vain."""

Words = ColumnElement[bool] | TextClause
Within = Callable[[Any], tuple[ColumnElement[bool], ...]]
"""Conditions on the numbers of events."""


def all_events(_number: Any) -> tuple[ColumnElement[bool], ...]:
    """Those of any number."""
    return ()


def older(number: Any) -> tuple[ColumnElement[bool], ...]:
    """Those on later pages of a list."""
    return (number < bindparam("before"),)


def in_between(number: Any) -> tuple[ColumnElement[bool], ...]:
    """The part of a feed that is read."""
    # PostgreSQL without statistics believes that few are between two numbers, and would sort them.
    return number > bindparam("after"), checked(number <= bindparam("up_to"))


@immutable
class Asked:
    """One thing asked of events: row by row, and in the words of the indexes that find it.
    `in_order`: in the order of the events' numbers."""

    row_by_row: ColumnElement[bool]
    indexed: tuple[Words, ...] = ()
    in_order: bool = True

    def ids(self, within: Within) -> Select[int] | CompoundSelect[int]:
        """The numbers of all that it alone finds."""
        near = within(Event.id if self.in_order else unindexed(Event.id))
        parts = [select(Event.id).where(part, *near).correlate(None) for part in self.indexed]
        return union_all(*parts) if len(parts) > 1 else parts[0]


@immutable
class EventFilter:
    """Which events are wanted; empty parts want all. `processed`: None wants both."""

    only_attention: bool = False
    processed: bool | None = None
    event_type: str = ""
    project: str = ""
    ticket: str = ""
    worker: str = ""

    @property
    def is_narrowed(self) -> bool:
        """Whether more than attention was filtered for."""
        asked = self.event_type or self.project or self.ticket or self.worker
        return bool(asked) or self.processed is not (False if self.only_attention else None)

    def asked(self, visibility: Visibility) -> dict[str, Asked]:
        """Each thing by its name."""
        values: dict[str, tuple[Any, str | None]] = {
            "ticket": (Event.ticket_id, self.ticket),
            "worker": (Event.worker_id, self.worker),
            "project": (Event.project_id, self.project or visibility.only),
            "type": (Event.event_type, self.event_type),
        }
        asked = {
            name: Asked(unindexed(column) == wanted, (column == wanted,))
            for name, (column, wanted) in values.items()
            if wanted
        }
        if standing := self._standing():
            asked["standing"] = standing
        return asked

    def _standing(self) -> Asked | None:
        attention, processed = unindexed(Event.needs_attention), unindexed(Event.processed)
        is_open = processed == false()
        if not self.only_attention:
            if self.processed is None:
                return None
            return Asked(processed) if self.processed else Asked(is_open, (UNPROCESSED,))
        if self.processed is None:
            return Asked(attention, (INBOX, ANSWERED), in_order=False)
        if self.processed:
            return Asked(and_(attention, processed), (ANSWERED,), in_order=False)
        return Asked(and_(attention, is_open), (INBOX,))

    def conditions(self, visibility: Visibility, lead: str, within: Within) -> list[Any]:
        """The filter for a `where`. The index of `lead` finds the events; all else that is asked
        is asked of each."""
        asked = self.asked(visibility)
        found: list[Any] = [checked(one.row_by_row) for name, one in asked.items() if name != lead]
        if visibility.hidden or (self.project and visibility.only not in (None, self.project)):
            found.append(checked(visibility.of(unindexed(Event.project_id))))
        if not lead:
            return [*within(Event.id), *found]
        leading = asked[lead]
        if leading.in_order:
            return [*leading.indexed, *within(Event.id), *found]
        return [one_of(Event.id.expression, leading.ids(within).scalar_subquery()), *found]


def lead_of(session: Session, visibility: Visibility, wanted: EventFilter, **near: int) -> str:
    """By which of the things asked to find the newest events, or the first of those in a feed that
    are `after` a number and `up_to` another; "": one after the other."""
    asked = _indexed(visibility, wanted)
    first = next(iter(asked), "")
    if not asked or first == "ticket" or (len(asked) == 1 and asked[first].in_order):
        return first
    if near and near["up_to"] - near["after"] < COUNTED:
        return ""
    counted = rows_of(session, _counts(visibility, wanted, is_feed=bool(near)), cap=COUNTED, **near)
    # Of those that reach the cap, the one that is counted furthest has the fewest where they are
    # looked for; one in another order would have to be read to its end.
    leads = [
        (number, reach, name)
        for name, number, reach in counted
        if number < COUNTED or asked[name].in_order
    ]
    return min(leads)[-1] if leads else ""


@lru_cache(STATEMENTS_KEPT)
def _indexed(visibility: Visibility, wanted: EventFilter) -> dict[str, Asked]:
    return {name: one for name, one in wanted.asked(visibility).items() if one.indexed}


@lru_cache(STATEMENTS_KEPT)
def _counts(
    visibility: Visibility, wanted: EventFilter, is_feed: bool
) -> CompoundSelect[*tuple[Any, ...]]:
    within, order = (in_between, Event.id) if is_feed else (all_events, Event.id.desc())
    counts = []
    for name, one in _indexed(visibility, wanted).items():
        ids = one.ids(within)
        some = (ids.order_by(order) if one.in_order else ids).limit(bindparam("cap")).subquery()
        reach = -func.max(some.c.id) if is_feed else func.min(some.c.id)
        counts.append(select(literal_column(f"'{name}'"), func.count(), reach).select_from(some))
    return union_all(*counts)
