"""The fields of a query, in one table: name, a line of help, and their conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased

from app.db.plans import checked, is_there, one_of, unindexed
from app.models import (
    Comment,
    Project,
    StageRun,
    Ticket,
    TicketDependency,
    TicketLabel,
    User,
    Worker,
    WorkerType,
)
from app.models.ticket import PLAN_KEY, PLAN_KEY_LENGTH, UNLABELLED, WITH_PARTS
from app.queries.language.json_list import json_list_holds
from app.queries.language.kinds import (
    Condition,
    Field,
    Names,
    Priority,
    Reader,
    Shape,
    Times,
    Words,
)
from app.queries.language.query import ENDED, SITUATIONS_IN, Value
from app.queries.queues import queue_places
from app.queries.tickets.conditions import STAGE, STATES, in_queue_at, looks_like, state_is
from app.queries.workers.conditions import is_live
from app.visibility import Visibility


class Situations(Words):
    """Where a ticket stands, and whose it is."""

    def bound(self, values: Sequence[Value], reader: Reader) -> list[Any]:
        return [reader.name] if any(value.text == "mine" for value in values) else []

    def one(self, word: str, place: str, *, is_first: bool) -> Condition:
        if word == "mine":
            me = bindparam(f"{place}_0", type_=Text())
            is_mine = _assignee_is_in(lambda name: name == me, False)
            return checked(or_(is_mine, Ticket.created_by == me))
        return super().one(word, place, is_first=is_first)


def _column(column: Any) -> Callable[[Callable[[Any], Condition], bool], Condition]:
    def is_in(compare: Callable[[Any], Condition], is_first: bool) -> Condition:
        return compare(column if is_first else unindexed(column))

    return is_in


def _stage_is_in(compare: Callable[[Any], Condition], is_first: bool) -> Condition:
    if not is_first:
        return compare(unindexed(STAGE))
    # Project by project: the index of a project's stages has what else is asked of most tickets.
    return and_(Ticket.project_id.in_(select(Project.repository_name)), compare(STAGE))


class Stages(Names):
    """The stage where it stands. That of a ticket which is done is empty, and is sorted by, too; no
    index of what was closed at a stage has it."""

    def shape(self, values: Sequence[Value]) -> Shape:
        is_empty = any(not value.text for value in values)
        return (*super().shape(values), *(("empty",) if is_empty else ()))

    def condition(self, shape: Shape, place: str, *, is_first: bool) -> Condition:
        stands = super().condition(shape, place, is_first=is_first)
        # PostgreSQL without statistics would read all that are done to find these among them.
        return checked(stands) if "empty" in shape and not is_first else stands


def _id_is_in(compare: Callable[[Any], Condition], is_first: bool) -> Condition:
    return compare(func.lower(Ticket.ticket_id if is_first else unindexed(Ticket.ticket_id)))


def _parent_is_in(compare: Callable[[Any], Condition], is_first: bool) -> Condition:
    parent = aliased(Ticket)
    ids = select(parent.ticket_id).where(compare(func.lower(parent.ticket_id)))
    column: ColumnElement[Any] = Ticket.parent_id.expression
    return one_of(column if is_first else unindexed(column), ids.scalar_subquery())


def _assignee_is_in(compare: Callable[[Any], Condition], is_first: bool) -> Condition:
    column: ColumnElement[Any] = Ticket.assignee_id.expression
    ids = select(User.id).where(compare(User.name))
    return (column if is_first else unindexed(column)).in_(ids)


class Labels(Names):
    """Its labels. Tickets that have one are found by what it repeats of them, those that have none
    by an index of their own."""

    NONE_FINDS = 48

    def rank(self, shape: Shape) -> int | None:
        return self.NONE_FINDS if shape == ("none",) else super().rank(shape)


class Authors(Names):
    """Who made it: somebody who made most tickets, or none."""

    def condition(self, shape: Shape, place: str, *, is_first: bool) -> Condition:
        if not is_first or shape != ("one",):
            return super().condition(shape, place, is_first=is_first)
        # As a range, because one value has no order in which an index could be read.
        name = bindparam(f"{place}_0", type_=Text())
        return Ticket.created_by.between(name, name)


def _label_is_in(compare: Callable[[Any], Condition], _is_first: bool) -> Condition:
    return is_there(TicketLabel.ticket_id == Ticket.ticket_id, compare(TicketLabel.label))


def _plan_is_in(compare: Callable[[Any], Condition], is_first: bool) -> Condition:
    is_in = json_list_holds(Ticket.execution_plan, compare)
    if not is_first:
        return is_in
    plans = _plans_with(compare)
    # With statistics both databases would read all tickets to learn that none has any of no plans.
    return and_(exists(plans), PLAN_KEY_COLUMN.in_(plans), is_in)


PLAN_KEY_COLUMN: ColumnElement[str] = literal_column(PLAN_KEY.text, Text())


def _plans_with(compare: Callable[[Any], Condition]) -> Select[str]:
    """The keys of the plans that hold it, and of those too long to be told by their keys. They are
    as few as a board has different plans: one look into their index leads to the next."""
    first = select(func.min(PLAN_KEY_COLUMN).label("key")).select_from(Ticket)
    keys = first.cte(recursive=True)
    following = first.where(keys.c.key < PLAN_KEY_COLUMN).correlate(keys).scalar_subquery()
    keys = keys.union_all(select(following).where(keys.c.key.is_not(None)))
    is_whole = func.length(keys.c.key) < PLAN_KEY_LENGTH
    holds = case((is_whole, json_list_holds(keys.c.key, compare)), else_=true())
    return select(keys.c.key).where(keys.c.key.is_not(None), holds)


def _is_starved() -> Condition:
    alive = _is_anybody_alive(Ticket.project_id, Ticket.current_stage)
    return and_(looks_like("ready"), ~alive)


def _is_anybody_alive(project: Any, stage: Any) -> Condition:
    return exists().where(Worker.project_id == project, Worker.worker_type == stage, is_live())


def _found_by_situation(word: str) -> Condition:
    if word != "starved":
        return state_is(word)
    places = queue_places(Visibility.everything()).c
    is_gate = exists().where(
        WorkerType.project_id == places.project_id,
        WorkerType.worker_type == places.stage,
        WorkerType.is_gate,
    )
    left = select(places.project_id, places.stage).where(
        ~is_gate, ~_is_anybody_alive(places.project_id, places.stage)
    )
    return and_(in_queue_at(left), ~Ticket.in_backoff())


def _situation(word: str) -> Callable[[], Condition]:
    return lambda: looks_like(word)


def _found_by_having(word: str) -> Condition:
    if word == "ref":
        # Most have none, and those are in this index, too: SQLite passes by them for a range only.
        return Ticket.external_ref >= literal_column("''")
    if word == "children":
        return and_(WITH_PARTS)
    return (Ticket.parent_id if word == "parent" else Ticket.assignee_id).is_not(None)


HAS: Mapping[str, Callable[[], Condition]] = {
    "children": lambda: unindexed(Ticket.has_children),
    "parent": lambda: unindexed(Ticket.parent_id).is_not(None),
    "assignee": lambda: unindexed(Ticket.assignee_id).is_not(None),
    "blockers": lambda: is_there(TicketDependency.ticket_id == Ticket.ticket_id),
    "comments": lambda: is_there(Comment.ticket_id == Ticket.ticket_id),
    "runs": lambda: is_there(StageRun.ticket_id == Ticket.ticket_id),
    "labels": lambda: unindexed(Ticket.has_labels),
    "description": lambda: Ticket.description != "",
    "ref": lambda: unindexed(Ticket.external_ref).is_not(None),
}
SITUATIONS = {word: _situation(word) for word in STATES}
FEW = {"running": 12, "backoff": 16, "on_hold": 18, "waiting": 45, "starved": 45, "stopped": 82}
"""Where few tickets of a board stand at once."""
ENDS = {
    word: name == "closed" or word in ENDED
    for name in ("open", "closed")
    for word in (name, *SITUATIONS_IN[name])
} | {"starved": False}
"""Whether a ticket that stands there is closed, which its labels say too."""
SORTS = ("id", "title", "stage", "state", "priority", "created", "updated")

_EVERY: tuple[Field, ...] = (
    Names(
        "project",
        "The project, such as acme/web.",
        _column(Ticket.project_id),
        finds=50,
        completes="projects",
        repeated=TicketLabel.project_id,
    ),
    Situations(
        "is",
        "Where it stands. open: all that isn't closed; starved: ready where no worker is alive; "
        "mine: assigned to you, or made by you.",
        {**SITUATIONS, "starved": _is_starved, "mine": false},
        _found_by_situation,
        finds=90,
        unfound={"mine", "all"},
        few=FEW,
        ends=ENDS,
    ),
    Words(
        "state",
        "Where it stands, too.",
        SITUATIONS,
        _found_by_situation,
        finds=90,
        unfound={"all"},
        few=FEW,
        ends=ENDS,
    ),
    Stages(
        "stage",
        "The worker type whose turn it is.",
        _stage_is_in,
        finds=60,
        completes="stages",
    ),
    Priority(
        "priority", "By word or number, or compared: <2 is more urgent than medium.", finds=70
    ),
    Labels(
        "label",
        "Its labels; label:none has none.",
        _label_is_in,
        is_none=lambda: and_(UNLABELLED),
        finds=20,
        completes="labels",
    ),
    Names("id", "Its id, in whatever case.", _id_is_in, finds=10, completes="ids", is_lower=True),
    Names(
        "parent",
        "The ticket that it is a part of.",
        _parent_is_in,
        is_none=lambda: unindexed(Ticket.parent_id).is_(None),
        finds=30,
        completes="ids",
        is_lower=True,
    ),
    Names(
        "worker",
        "The worker who is at it.",
        _column(Ticket.claimed_by),
        is_none=lambda: unindexed(Ticket.claimed_by).is_(None),
        finds=25,
        completes="workers",
    ),
    Authors(
        "author",
        "Who made it; author:me is you.",
        _column(Ticket.created_by),
        is_none=lambda: unindexed(Ticket.created_by).is_(None),
        has_me=True,
        finds=65,
        completes="people",
    ),
    Names(
        "assignee",
        "Who looks after it; assignee:me is you, assignee:none nobody.",
        _assignee_is_in,
        is_none=lambda: unindexed(Ticket.assignee_id).is_(None),
        has_me=True,
        finds=28,
        completes="people",
        is_lower=True,
    ),
    Times("created", "When it was made.", Ticket.created_at, finds=80),
    Times(
        "updated",
        "When anything last happened to it: <7d is in the last seven days.",
        Ticket.updated_at,
        finds=80,
    ),
    Times(
        "closed",
        "When it was closed.",
        Ticket.closed_at,
        lambda inside: and_(Ticket.state == "closed", inside),
        finds=75,
    ),
    Words(
        "has",
        "What belongs to it.",
        HAS,
        _found_by_having,
        finds=85,
        unfound={*HAS} - {"children", "parent", "assignee", "ref"},
        few={"children": 49},
    ),
    Names(
        "plan",
        "A worker type anywhere in its plan.",
        _plan_is_in,
        finds=88,
        completes="stages",
    ),
    Names(
        "ref",
        "Where it was imported from.",
        _column(Ticket.external_ref),
        is_none=lambda: unindexed(Ticket.external_ref).is_(None),
        finds=15,
    ),
    Words(
        "sort",
        "The order; - begins at the end: sort:priority,-updated.",
        {f"{sign}{name}": true for name in SORTS for sign in ("", "-")},
    ),
)
FIELDS: Mapping[str, Field] = {field.name: field for field in _EVERY}
