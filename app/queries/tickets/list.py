"""The list of tickets: its pages, and what one row shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Row,
    Select,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.visitors import replacement_traverse

from app.db.places import name_at, sent
from app.db.plans import unordered
from app.db.rows import rows_of
from app.models import Event, StageRun, Ticket, TicketDependency, TicketLabel, User
from app.models.ticket import PRIORITIES
from app.queries.keyset import Order, cursor_of
from app.queries.language.compiling import Matches, Shaped, parameters, text_matches
from app.queries.language.kinds import Reader
from app.queries.language.query import ENDED, Query, Term, Value
from app.queries.language.statements import found_tickets, in_order
from app.queries.paging import COUNT_CAP, PAGE_SIZE, Page, number_of
from app.queries.tickets.conditions import NOT_CLOSED, RUNNING, STAGE, since, situation
from app.queries.tickets.list_order import (
    DEFAULT_ORDER,
    STATES_IN_ORDER,
    ListOrder,
    Orders,
    in_directions,
)
from app.queries.tickets.rail import SENT_BACK, Rail, numbers_in, rail_of
from app.visibility import STATEMENTS_KEPT, Visibility

Blocker = aliased(Ticket)

SEARCH_MAX = 200

PARTS = ("state", "priority", "stage")
"""What many tickets that are sorted by it come by, one value after the other."""

PASSED, PASSED_FOR_EACH = 5_000, 20
"""Tickets of an order that are passed by to meet those wanted, and how many more for each that
stands on a page before. Of all, some may have none but the last of a million."""
TOTALS = ("open", "closed", "all")
"""States whose tickets are counted in any case."""


@dataclass(frozen=True, slots=True)
class TicketLine:
    """One row. `since`: when its situation began, or for a pause between attempts, when it ends.
    `place`: where it stands in the list, for `neighbours`."""

    ticket_id: str
    project_id: str
    title: str
    situation: str
    since: datetime | None
    open_blockers: int
    blocked_by: str | None
    priority: int
    labels: tuple[str, ...]
    rail: Rail
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    author: str | None
    assignee: str | None
    place: str


@dataclass(frozen=True, slots=True)
class TicketList:
    """A page of the list, and how many tickets the same query finds open and closed."""

    page: Page[TicketLine]
    open: int
    closed: int
    is_cut: bool = False
    """Whether more texts hold the words of a search than it looks at."""


def list_version(session: Session, visibility: Visibility, project: str) -> int:
    """Changes with every event to be seen: of one project, or with an empty name of all.

    One look at an index. What else the list is narrowed to doesn't count: a ticket that leaves the
    list would be missed by a look at those that are in it.
    """
    return rows_of(session, _newest_event(visibility, project)).scalar() or 0


@lru_cache(STATEMENTS_KEPT)
def _newest_event(visibility: Visibility, project: str) -> Select[int | None]:
    newest = select(func.max(Event.id)).where(visibility.of(Event.project_id))
    return newest.where(Event.project_id == project) if project else newest


def list_tickets(
    session: Session,
    visibility: Visibility,
    query: Query,
    reader: Reader,
    number: int,
    size: int = PAGE_SIZE,
) -> TicketList:
    """One page of those that aren't closed, unless the query says itself which are wanted; and how
    many there are."""
    wanted = query.or_open().states_last
    matches = text_matches(wanted, session, visibility)
    # Hardly a search comes twice.
    make_statements = _statements if matches else _kept_statements
    orders = wanted.sorts or DEFAULT_ORDER
    statements = make_statements(visibility, Shaped.of(wanted), orders, matches)
    values = parameters(wanted, reader)
    n_open, n_closed, *others = rows_of(session, statements.counts, **values).one()
    totals = {"open": n_open, "closed": n_closed, "all": min(n_open + n_closed, COUNT_CAP)}
    total = others[0] if others else totals[wanted.state]
    values |= {"offset": (number - 1) * size, "size": size}
    values["passed"] = PASSED + PASSED_FOR_EACH * values["offset"]
    # Nobody turns more pages. To pass by all tickets before a page takes the longer, the deeper it
    # is; they are narrowed instead, or read from the other end.
    last_page = COUNT_CAP // size
    is_found_by_text = matches is not None and matches.wanted is not None
    rows: Iterable[Row[*tuple[Any, ...]]] = ()
    # Looking for nothing by an ordered index would read all of it.
    if total and number <= last_page:
        if not _has_parts(orders) or total < COUNT_CAP or is_found_by_text:
            rows = statements.pages.read(session, total, values)
        else:
            read = _by_stages if orders[0][0] == "stage" else _by_parts
            rows = read(session, visibility, wanted, orders, matches, values, reader)
    cursor = ListOrder(orders).cursor
    page = Page([_line(cursor, *row) for row in rows], number, total, size, last_page)
    return TicketList(page, n_open, n_closed, matches is not None and matches.is_cut)


def _has_parts(orders: Orders) -> bool:
    """Whether no index has the order as a whole. That of priorities or stages alone has one."""
    (sort, _), *others = orders
    return sort in PARTS and (sort == "state" or bool(others))


def _by_parts(
    session: Session,
    visibility: Visibility,
    wanted: Query,
    orders: Orders,
    matches: Matches | None,
    values: dict[str, Any],
    reader: Reader,
) -> list[Row[*tuple[Any, ...]]]:
    """A page of many tickets: first those with one value of what they are sorted by first, then
    those with the next. By states alone they couldn't be sorted without working out that of each,
    and of one priority or at one stage there are too many to sort."""
    make = _statements_of_part if matches else _kept_statements_of_part
    found: list[Row[*tuple[Any, ...]]] = []
    offset, size = values["offset"], values["size"]
    for part in _parts(wanted, orders):
        count, pages = make(visibility, Shaped.of(part), orders, matches)
        values |= parameters(part, reader)
        upto = offset + size - len(found)
        n_there = rows_of(session, count, **values).scalar_one()
        if n_there > offset:
            found += pages.read(session, n_there, {**values, "offset": offset})
        if n_there >= upto:
            break
        offset = max(0, offset - n_there)
    return found[:size]


def _parts(wanted: Query, orders: Orders) -> Iterator[Query]:
    """The query for each value, in the order in which they come."""
    sort, descends = orders[0]
    if sort == "priority":
        for priority in reversed(PRIORITIES) if descends else PRIORITIES:
            yield wanted.adding("priority", priority)
        return
    for states in reversed(STATES_IN_ORDER) if descends else STATES_IN_ORDER:
        asked = [state for state in states if state in wanted.situations]
        if asked:
            yield wanted.in_states("closed" if asked == [*ENDED] else asked[0])


def _by_stages(
    session: Session,
    visibility: Visibility,
    wanted: Query,
    orders: Orders,
    matches: Matches | None,
    values: dict[str, Any],
    reader: Reader,
) -> list[Row[*tuple[Any, ...]]]:
    """The same by stages, of which there may be any number: those that are passed before the page
    is full are counted by one statement. All but the last of them have few tickets."""
    offset, size = values["offset"], values["size"]
    is_open = wanted.situations.isdisjoint(ENDED)
    stages = rows_of(session, OPEN_STAGES if is_open else STAGES).scalars().all()
    in_order = reversed(stages) if orders[0][1] else stages
    passing = _passing if matches else _kept_passing
    at_stage = Shaped.of(Query((*wanted.terms, ANY_STAGE)))
    passed = rows_of(
        session,
        passing(visibility, at_stage, matches),
        stages=sent(in_order),
        upto=offset + size,
        **values,
    ).all()
    parts = [
        (stage, before, after - before)
        for (stage, before), (_, after) in pairwise(passed)
        if after > offset
    ]
    found: list[Row[*tuple[Any, ...]]] = []
    if few := [part for part in parts if part[2] < COUNT_CAP]:
        part = wanted.naming("stage", *(stage for stage, _, _ in few))
        make = _statements if matches else _kept_statements
        asked = {**values, **parameters(part, reader), "offset": max(0, offset - few[0][1])}
        statement = make(visibility, Shaped.of(part), orders, matches).pages.of_few
        found += rows_of(session, statement, **asked)
    for stage, before, number in parts[len(few) :]:
        part = wanted.naming("stage", stage)
        make_part = _statements_of_part if matches else _kept_statements_of_part
        asked = {**values, **parameters(part, reader), "offset": max(0, offset - before)}
        pages = make_part(visibility, Shaped.of(part), orders, matches).pages
        found += pages.read(session, number, asked)
    return found[:size]


ANY_STAGE = Term("stage", (Value("", is_quoted=True),))


def _passing(
    visibility: Visibility, at_stage: Shaped, matches: Matches | None
) -> Select[*tuple[Any, ...]]:
    """One stage after the other, with how many tickets stand at those before it; the last row tells
    it of all. `at_stage`: the query for a stage, which its last condition names."""
    number: ColumnElement[int] = literal_column("0", Integer())
    none = cast(number, BigInteger())  # as counts are on PostgreSQL
    passed = select(
        number.label("number"), name_at("stages", number).label("stage"), none.label("before")
    ).cte("passed", recursive=True)
    # As a text, since SQLAlchemy would have its table again wherever it is named.
    here: ColumnElement[str] = literal_column("passed.stage", Text())
    name = f"q{len(at_stage.query.conditions) - 1}_0"

    def named(element: Any, **_: Any) -> Any:
        return here if isinstance(element, BindParameter) and element.key == name else None

    found: Any = found_tickets(visibility, at_stage.query, matches)
    there: Select[str] = replacement_traverse(found, {}, named)
    following = passed.c.number + 1
    more = select(following, name_at("stages", following), passed.c.before + number_of(there))
    is_not_full = passed.c.before < bindparam("upto", type_=Integer())
    passed = passed.union_all(more.where(passed.c.stage.is_not(None), is_not_full))
    return select(passed.c.stage, passed.c.before).order_by(passed.c.number)


_kept_passing = lru_cache(STATEMENTS_KEPT)(_passing)


def _stages(*conditions: ColumnElement[bool]) -> Select[str]:
    """The stages at which tickets stand, in order: one look into their index leads to the next."""
    # Of a beginning that it doesn't know, PostgreSQL doesn't believe that most tickets come after.
    start = select(literal("", Text).label("stage")).cte("start").prefix_with("MATERIALIZED")
    least = select(func.min(STAGE)).select_from(Ticket).where(*conditions)
    first = least.where(start.c.stage <= STAGE).correlate(start).scalar_subquery()
    stages = select(first.label("stage")).select_from(start).cte("stages", recursive=True)
    following = least.where(stages.c.stage < STAGE).correlate(stages).scalar_subquery()
    stages = stages.union_all(select(following).where(stages.c.stage.is_not(None)))
    return select(stages.c.stage).where(stages.c.stage.is_not(None)).order_by(stages.c.stage)


STAGES, OPEN_STAGES = _stages(), _stages(NOT_CLOSED)


class Pages(NamedTuple):
    """Statements for one page. A few tickets are found and sorted; of many, the first are soon met
    in the order of an index, unless they are far from its beginning."""

    of_few: Select[*tuple[Any, ...]]
    of_many: Select[*tuple[Any, ...]]

    def read(
        self, session: Session, total: int, values: Mapping[str, Any]
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """The rows of a page, of so many tickets in all; counting stops at `COUNT_CAP`."""
        if total >= COUNT_CAP:
            rows = rows_of(session, self.of_many, **values).all()
            if len(rows) == values["size"] or values["offset"] + len(rows) >= COUNT_CAP:
                return rows
        return rows_of(session, self.of_few, **values).all()


class Statements(NamedTuple):
    """What a list asks the database."""

    counts: Select[*tuple[Any, ...]]
    pages: Pages


def _statements(
    visibility: Visibility, shaped: Shaped, orders: Orders, matches: Matches | None
) -> Statements:
    wanted = shaped.query
    counted = [wanted.in_states("open"), wanted.in_states("closed")]
    if wanted.state not in TOTALS:
        counted.append(wanted)
    numbers = [number_of(found_tickets(visibility, each, matches)) for each in counted]
    order = ListOrder(orders)
    return Statements(select(*numbers), _pages(visibility, wanted, order, matches))


def _statements_of_part(
    visibility: Visibility, shaped: Shaped, orders: Orders, matches: Matches | None
) -> Statements:
    """The same for one part."""
    found = found_tickets(visibility, shaped.query, matches)
    pages = _pages(visibility, shaped.query, ListOrder(orders), matches, n_same=1)
    return Statements(select(number_of(found)), pages)


_kept_statements = lru_cache(STATEMENTS_KEPT)(_statements)
_kept_statements_of_part = lru_cache(STATEMENTS_KEPT)(_statements_of_part)


def _pages(
    visibility: Visibility,
    wanted: Query,
    order: ListOrder,
    matches: Matches | None,
    *,
    n_same: int = 0,
) -> Pages:
    """`n_same`: how many keys of the order are the same for all."""
    keys = order.keys[n_same:]
    few = (
        select(Ticket.ticket_id)
        .where(in_order(visibility, wanted, matches, is_few=True))
        .order_by(*in_directions((unordered(key), descends) for key, descends in keys))
    )
    many = (
        select(Ticket.ticket_id)
        .where(in_order(visibility, wanted, matches, is_few=False))
        .order_by(*in_directions(keys))
    )
    if not wanted.is_coarse:
        many = many.where(_is_near(wanted, *keys[0]))
    return Pages(
        *(
            _in_full(ids.limit(bindparam("size")).offset(bindparam("offset")), order).order_by(
                *in_directions(keys)
            )
            for ids in (few, many)
        )
    )


def _is_near(wanted: Query, key: ColumnElement[Any], descends: bool) -> ColumnElement[bool]:
    """Whether a ticket is among so many at the beginning of an order, or like the last of them."""
    by = in_directions([(key, descends)])
    nearest = select(key.label("key")).select_from(Ticket).order_by(*by).limit(bindparam("passed"))
    if wanted.situations.isdisjoint(ENDED):
        nearest = nearest.where(NOT_CLOSED)
    elif wanted.situations.issubset(ENDED) and key is Ticket.updated_at.expression:
        nearest = nearest.where(Ticket.state == "closed")
    keys = nearest.subquery().c.key
    last = select(func.min(keys) if descends else func.max(keys)).scalar_subquery()
    return key >= last if descends else key <= last


def _in_full(ids: Select[str], order: ListOrder) -> Select[*tuple[Any, ...]]:
    """The rows of some tickets, each with what makes its place in the list. Their ids come first,
    from the narrowest rows; only they are then read in full."""
    chosen = ids.subquery("chosen")
    return select(
        Ticket.ticket_id,
        Ticket.project_id,
        Ticket.title,
        Ticket.execution_plan,
        Ticket.completed_stages,
        Ticket.priority,
        Ticket.open_blockers,
        Ticket.ready_at,
        Ticket.created_at,
        Ticket.updated_at,
        situation(),
        STARTED_AT,
        BLOCKED_BY,
        LABELS,
        SENT_BACK,
        Ticket.closed_at,
        Ticket.created_by,
        ASSIGNEE,
        *order.own_keys,
    ).join(chosen, chosen.c.ticket_id == Ticket.ticket_id)


ASSIGNEE = case(
    (
        Ticket.assignee_id.is_not(None),
        select(User.name).where(User.id == Ticket.assignee_id).correlate(Ticket).scalar_subquery(),
    )
)
STARTED_AT = case(
    (
        RUNNING,
        select(StageRun.started_at)
        .where(StageRun.ticket_id == Ticket.ticket_id, StageRun.finished_at.is_(None))
        .scalar_subquery(),
    )
)
BLOCKED_BY = case(
    (
        Ticket.open_blockers > 0,
        select(func.min(TicketDependency.blocked_by_id))
        .join(Blocker, Blocker.ticket_id == TicketDependency.blocked_by_id)
        .where(TicketDependency.ticket_id == Ticket.ticket_id, Blocker.state != "closed")
        .correlate(Ticket)
        .scalar_subquery(),
    )
)
# Written into the statement once, not as parameters: those of a separator would be with each use.
LINE_END: Any = literal_column("'\n'")

LABELS = (
    select(func.aggregate_strings(TicketLabel.label, LINE_END))
    .where(TicketLabel.ticket_id == Ticket.ticket_id)
    .scalar_subquery()
)


def _line(
    cursor: Order,
    ticket_id: str,
    project_id: str,
    title: str,
    plan: list[str],
    completed: int,
    priority: int,
    n_blockers: int,
    ready_at: datetime,
    created_at: datetime,
    updated_at: datetime,
    word: str,
    started_at: datetime | None,
    blocked_by: str | None,
    labels: str | None,
    sent_back: str | None,
    closed_at: datetime | None,
    author: str | None,
    assignee: str | None,
    *keys: Any,
) -> TicketLine:
    return TicketLine(
        ticket_id=ticket_id,
        project_id=project_id,
        title=title,
        situation=word,
        since=since(word, started_at, ready_at),
        open_blockers=n_blockers,
        blocked_by=blocked_by,
        priority=priority,
        labels=tuple(sorted(labels.split("\n"))) if labels else (),
        rail=rail_of(plan, completed, word, numbers_in(sent_back)),
        created_at=created_at,
        updated_at=updated_at,
        closed_at=closed_at,
        author=author,
        assignee=assignee,
        place=cursor_of(cursor, keys),
    )


LABELS_OF = (
    select(TicketLabel.ticket_id, TicketLabel.label)
    .where(TicketLabel.ticket_id.in_(bindparam("ids", expanding=True)))
    .order_by(TicketLabel.label)
)


def labels_of(session: Session, ids: Collection[str]) -> dict[str, list[str]]:
    """The labels of each of these tickets."""
    found: dict[str, list[str]] = defaultdict(list)
    for ticket_id, label in rows_of(session, LABELS_OF, ids=list(ids)):
        found[ticket_id].append(label)
    return found
