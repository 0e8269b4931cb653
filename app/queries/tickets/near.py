"""Tickets near the beginning of an order. Of many that are wanted, the first are soon met there;
but of all tickets, some may have none of them but the last of a million."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select
from sqlalchemy.orm import Session

from app.db.plans import checked
from app.db.rows import rows_of
from app.models import Ticket
from app.queries.language.compiling import Matches, only_project, only_stage
from app.queries.language.query import ENDED, Query
from app.queries.language.statements import found_ids, met_in_order
from app.queries.paging import COUNT_CAP, number_of
from app.queries.tickets.conditions import NOT_CLOSED, STAGE
from app.queries.tickets.list_order import in_directions
from app.visibility import Visibility

PASSED = 5_000
"""Tickets of an order that are passed by to meet those wanted."""


def are_few(
    session: Session,
    visibility: Visibility,
    wanted: Query,
    matches: Matches | None,
    values: Mapping[str, Any],
) -> bool:
    """Whether the wanted tickets had better be found before they are put in order."""
    if wanted.is_coarse:
        return False
    counted = select(number_of(found_ids(visibility, wanted, matches)))
    return (rows_of(session, counted, **values).scalar() or 0) < COUNT_CAP


def met_near(
    visibility: Visibility,
    wanted: Query,
    matches: Matches | None,
    key: ColumnElement[Any],
    descends: bool,
    after: ColumnElement[Any] | None = None,
) -> ColumnElement[bool]:
    """The condition for wanted tickets that are among the first in an order, as many as the
    parameter `passed` says, or like the last of them. `after`: the key from which they are counted,
    if not from the first."""
    among = _among(wanted, key)
    stage = only_stage(wanted) if key is Ticket.ticket_id.expression and after is None else None
    if stage is None:
        nearest = _in_order(among, key, descends, after)
    else:
        nearest = _from_stage(among, stage, descends)
        among = [*among, stage == STAGE]
    nearest = nearest.limit(bindparam("passed"))
    keys = nearest.subquery().c.key
    last = select(func.min(keys) if descends else func.max(keys)).scalar_subquery()
    is_near = key >= last if descends else key <= last
    # They are so few that each is looked at; PostgreSQL would rather find all that are wanted.
    return and_(*among, is_near, checked(met_in_order(visibility, wanted, matches)))


def is_any_far(
    session: Session,
    wanted: Query,
    key: ColumnElement[Any],
    descends: bool,
    after: ColumnElement[Any] | None,
) -> bool:
    """Whether there are tickets beyond those that are near."""
    beyond = _in_order(_among(wanted, key), key, descends, after).offset(PASSED).limit(1)
    return rows_of(session, beyond).first() is not None


def _among(wanted: Query, key: ColumnElement[Any]) -> Sequence[ColumnElement[bool]]:
    """The condition for the tickets whose order is followed, as an index has them."""
    if key is Ticket.updated_at.expression:
        # Those of each state have an index by it, and those that were stopped.
        if wanted.situations == {"stopped"}:
            return [Ticket.resolution == "stopped"]
        if wanted.situations.issubset(ENDED):
            return [Ticket.state == "closed"]
        if wanted.situations == {"on_hold"}:
            return [Ticket.state == "on_hold"]
    among = [NOT_CLOSED] if wanted.situations.isdisjoint(ENDED) else []
    if key is Ticket.project_id.expression and (project := only_project(wanted)) is not None:
        # By their ids those of other projects come before, or after.
        return [*among, project]
    return among


def _in_order(
    among: Sequence[ColumnElement[bool]],
    key: ColumnElement[Any],
    descends: bool,
    after: ColumnElement[Any] | None,
) -> Select[*tuple[Any, ...]]:
    by = in_directions([(key, descends)])
    keys = select(key.label("key")).select_from(Ticket).where(*among).order_by(*by)
    if after is not None:
        keys = keys.where(key <= after if descends else key >= after)
    return keys


def _from_stage(
    among: Sequence[ColumnElement[bool]], stage: ColumnElement[str], descends: bool
) -> Select[*tuple[Any, ...]]:
    """The ids of the tickets at a stage, as an index has them, and then of those at the next: that
    few stand at one, as PostgreSQL believes, it would read all of them to sort them."""
    key = Ticket.ticket_id.expression
    ids = select(key.label("key")).where(*among, stage >= STAGE if descends else stage <= STAGE)
    return ids.order_by(*in_directions([(STAGE, descends), (key, descends)]))
