"""Limits on work in progress: how many runs of a role at once, how many tickets begun at once.

A claim takes a stage only where there is room. To count and to take must be one step: on SQLite
nobody else writes meanwhile; on PostgreSQL the claims of a project that has a limit come one after
the other.
"""

from __future__ import annotations

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased

from app.models import Ticket

_Running, _Begun = aliased(Ticket), aliased(Ticket)

_RUNNING = (
    select(func.count())
    .where(
        _Running.claimed_by.is_not(None),
        _Running.project_id == bindparam("in_project"),
        _Running.current_stage == bindparam("stage"),
    )
    .scalar_subquery()
)
_IN_PROGRESS = (
    select(func.count())
    .where(
        _Begun.project_id == bindparam("in_project"),
        _Begun.state != literal_column("'closed'"),
        or_(_Begun.completed_stages > 0, _Begun.claimed_by.is_not(None)),
    )
    .scalar_subquery()
)
_TAKE_TURNS = select(
    func.pg_advisory_xact_lock(func.hashtext(bindparam("in_project", type_=Text())))
)


def has_room() -> ColumnElement[bool]:
    """Whether one more run of the role may start, at this ticket: one that is begun already
    adds nothing to those in progress. Takes `in_project`, `stage`, and the two limits."""
    return and_(
        func.coalesce(bindparam("max_running", type_=Integer()) > _RUNNING, true()),
        or_(
            Ticket.completed_stages > 0,
            func.coalesce(bindparam("max_in_progress", type_=Integer()) > _IN_PROGRESS, true()),
        ),
    )


def take_turns(connection: Connection, project_id: str) -> None:
    """Let no other claim of the project count before this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(_TAKE_TURNS, {"in_project": project_id})
