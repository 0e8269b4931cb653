"""How a page of the list is read: in as many statements whatever it is sorted by, and of a few
tickets or of a million."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Row,
    ScalarSelect,
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
from sqlalchemy.orm import Session
from sqlalchemy.sql.visitors import replacement_traverse

from app.db.places import name_at, sent
from app.db.plans import unindexed, unordered
from app.db.rows import rows_of
from app.models import Ticket
from app.models.ticket import PRIORITIES
from app.queries.language.compiling import Matches, Shaped, conditions_in_order, parameters
from app.queries.language.kinds import Reader
from app.queries.language.query import ENDED, SITUATIONS_IN, Query, Term, Value
from app.queries.language.statements import found_first, found_ids, found_tickets, met_in_order
from app.queries.paging import COUNT_CAP, number_of
from app.queries.tickets.conditions import NOT_CLOSED, STAGE
from app.queries.tickets.list_order import (
    STATES_IN_ORDER,
    ListOrder,
    Orders,
    in_directions,
)
from app.queries.tickets.list_row import in_full
from app.queries.tickets.near import PASSED, met_near
from app.values import immutable
from app.visibility import STATEMENTS_KEPT, Visibility

PASSED_FOR_EACH = 20
"""How many tickets more are passed by for each that stands on a page before."""
TOTALS = ("open", "closed", "all")
"""States whose tickets are counted in any case."""
COARSE = {frozenset(SITUATIONS_IN[word]) for word in TOTALS}
"""The situations of each."""
FOUND_FAR = 2_000
"""Fewer tickets that words find aren't looked for at the beginning of an order: there they would
seldom be met, and to sort them costs no more."""


@immutable
class Asked:
    """The tickets that are wanted, in an order, and where in it the page begins. `matches`: what a
    search found."""

    visibility: Visibility
    wanted: Query
    orders: Orders
    matches: Matches | None
    reader: Reader
    offset: int
    size: int

    def counts(self, session: Session) -> list[int]:
        """How many are open and how many closed; if something else is wanted, how many are that.
        Each up to `COUNT_CAP`."""
        statement, values = self._of(self.wanted).counts, self._values(self.wanted)
        return [min(number, COUNT_CAP) for number in rows_of(session, statement, **values).one()]

    def rows(self, session: Session, total: int) -> Sequence[Row[*tuple[Any, ...]]]:
        """Those of the page, if there are so many in all."""
        by_text = self.matches.wanted if self.matches else None
        if not come_in_parts(self.wanted, self.orders) or total < COUNT_CAP or by_text:
            pages, values = self._of(self.wanted).pages, self._values(self.wanted)
            if by_text and len(by_text.ticket_ids) < FOUND_FAR:
                return rows_of(session, pages.of_few, **values).all()
            return pages.read(session, total, values)
        if self.orders[0][0] == "stage":
            return self._by_stages(session)
        return self._by_parts(session)

    def _of(self, wanted: Query) -> Statements:
        return _statements(self.visibility, Shaped.of(wanted), self.orders, self._shape_of_matches)

    def _of_part(self, part: Query, n_same: int) -> Statements:
        shape = self._shape_of_matches
        return _statements_of_part(self.visibility, Shaped.of(part), self.orders, shape, n_same)

    @property
    def _shape_of_matches(self) -> Matches | None:
        return self.matches and self.matches.shape

    def _values(self, wanted: Query, offset: int | None = None) -> dict[str, Any]:
        return {
            **parameters(wanted, self.reader),
            **(self.matches.parameters if self.matches else {}),
            "offset": self.offset if offset is None else offset,
            "size": self.size,
            "passed": PASSED + PASSED_FOR_EACH * self.offset,
        }

    def _by_parts(self, session: Session) -> Sequence[Row[*tuple[Any, ...]]]:
        """A page of many tickets: first those with one value of what they are sorted by first, then
        those with the next. By states alone they couldn't be sorted without working out that of
        each, and of one priority there are too many to sort."""
        found: list[Row[*tuple[Any, ...]]] = []
        offset = self.offset
        for part, n_same in _parts(self.wanted, self.orders):
            count, pages = self._of_part(part, n_same)
            values = self._values(part, offset)
            upto = offset + self.size - len(found)
            n_there = rows_of(session, count, **values).scalar_one()
            if n_there > offset:
                found += pages.read(session, n_there, values)
            if n_there >= upto:
                break
            offset = max(0, offset - n_there)
        return found[: self.size]

    def _by_stages(self, session: Session) -> Sequence[Row[*tuple[Any, ...]]]:
        """The same by stages, of which there may be any number: those that are passed before the
        page is full are counted by one statement. All but the last of them have few tickets."""
        stages = stages_of(session, self.wanted)
        in_order = reversed(stages) if self.orders[0][1] else stages
        passed = rows_of(
            session,
            _passing(self.visibility, Shaped.of(self.wanted), self._shape_of_matches),
            stages=sent(in_order),
            upto=self.offset + self.size,
            **self._values(self.wanted),
        ).all()
        parts = [
            (stage, before, after - before)
            for (stage, before), (_, after) in pairwise(passed)
            if after > self.offset
        ]
        found: list[Row[*tuple[Any, ...]]] = []
        if few := [part for part in parts if part[2] < COUNT_CAP]:
            part = self.wanted.naming("stage", *(stage for stage, _, _ in few))
            values = self._values(part, max(0, self.offset - few[0][1]))
            found += rows_of(session, self._of(part).pages.of_few, **values)
        for stage, before, number in parts[len(few) :]:
            part = self.wanted.naming("stage", stage)
            values = self._values(part, max(0, self.offset - before))
            found += self._of_part(part, 1).pages.read(session, number, values)
        return found[: self.size]


def come_in_parts(wanted: Query, orders: Orders) -> bool:
    """Whether no index has the order as a whole, or one in which what isn't wanted comes first: all
    of other priorities or stages than those that are named, or at the first stages what is in other
    states."""
    (sort, _), *others = orders
    if sort not in ("priority", "stage"):
        return sort == "state"
    if others or any(term.field == sort and not term.is_negated for term in wanted.conditions):
        return True
    if sort == "stage" and wanted.situations in COARSE:
        # Of those that are done nearly all come first, whichever project they are of.
        is_done = not wanted.situations.isdisjoint(ENDED)
        return is_done and any(term.field == "project" for term in wanted.conditions)
    return sort == "stage"


def parts_of(wanted: Query, orders: Orders) -> Iterator[tuple[int, Query]]:
    """The query for each value of what tickets are sorted by first, a state or a priority, in the
    order in which they come."""
    sort, descends = orders[0]
    values = range(len(PRIORITIES if sort == "priority" else STATES_IN_ORDER))
    for value in reversed(values) if descends else values:
        if sort == "priority":
            yield value, wanted.adding("priority", PRIORITIES[value])
            continue
        states = STATES_IN_ORDER[value]
        asked = [state for state in states if state in wanted.situations]
        if asked:
            yield value, wanted.in_states("closed" if asked == [*ENDED] else asked[0])


def _parts(wanted: Query, orders: Orders, n_same: int = 1) -> Iterator[tuple[Query, int]]:
    """The same without the values, each with how many keys of the order its tickets have alike. No
    index has states, so that what comes by them next is in parts, too."""
    for _, part in parts_of(wanted, orders):
        if orders[1:] and orders[1][0] == "state":
            yield from _parts(part, orders[1:], n_same + 1)
        else:
            yield part, n_same


def stages_of(session: Session, wanted: Query) -> list[str]:
    """The stages at which tickets stand that may be wanted, in order."""
    is_open = wanted.situations.isdisjoint(ENDED)
    there = rows_of(session, OPEN_STAGES if is_open else STAGES).scalars()
    return [stage for stage in there if wanted.allows("stage", stage)]


NO_STAGE, A_STAGE = (Term("stage", (Value(name, is_quoted=True),)) for name in ("", "any"))


@lru_cache(STATEMENTS_KEPT)
def _passing(
    visibility: Visibility, shaped: Shaped, matches: Matches | None
) -> Select[*tuple[Any, ...]]:
    """One stage after the other, with how many tickets stand at those before it; the last row tells
    it of all."""
    number: ColumnElement[int] = literal_column("0", Integer())
    none = cast(number, BigInteger())  # as counts are on PostgreSQL
    passed = select(
        number.label("number"), name_at("stages", number).label("stage"), none.label("before")
    ).cte("passed", recursive=True)
    # As a text, since SQLAlchemy would have its table again wherever it is named.
    here: ColumnElement[str] = literal_column("passed.stage", Text())
    name = f"q{len(shaped.query.conditions)}_0"

    def named(element: Any, **_: Any) -> Any:
        return here if isinstance(element, BindParameter) and element.key == name else None

    def number_at(stage: Term) -> ScalarSelect[int]:
        at_stage = Query((*shaped.query.terms, stage))
        found: Any = found_tickets(visibility, at_stage, matches)
        return number_of(replacement_traverse(found, {}, named))

    there: ColumnElement[int] = number_at(NO_STAGE)
    if shaped.query.situations.issubset(ENDED):
        # What was closed at a stage has an index, which has none of those without.
        there = case((here == literal_column("''"), there), else_=number_at(A_STAGE))
    following = passed.c.number + 1
    more = select(following, name_at("stages", following), passed.c.before + there)
    is_not_full = passed.c.before < bindparam("upto", type_=Integer())
    passed = passed.union_all(more.where(passed.c.stage.is_not(None), is_not_full))
    return select(passed.c.stage, passed.c.before).order_by(passed.c.number)


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
    in the order of an index, unless they are far from its beginning: then they are found, too."""

    of_few: Select[*tuple[Any, ...]]
    of_many: Select[*tuple[Any, ...]]
    of_far: Select[*tuple[Any, ...]]

    def read(
        self, session: Session, total: int, values: Mapping[str, Any]
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """The rows of a page, of so many tickets in all; counting stops at `COUNT_CAP`."""
        if total >= COUNT_CAP:
            rows = rows_of(session, self.of_many, **values).all()
            if len(rows) == values["size"] or values["offset"] + len(rows) >= COUNT_CAP:
                return rows
            return rows_of(session, self.of_far, **values).all()
        return rows_of(session, self.of_few, **values).all()


class Statements(NamedTuple):
    """What a list asks the database."""

    counts: Select[*tuple[Any, ...]]
    pages: Pages


@lru_cache(STATEMENTS_KEPT)
def _statements(
    visibility: Visibility, shaped: Shaped, orders: Orders, matches: Matches | None
) -> Statements:
    wanted = shaped.query
    counted = [wanted.in_states("open"), wanted.in_states("closed")]
    if wanted.state not in TOTALS:
        counted.append(wanted)
    if matches and matches.wanted:
        counts = _counts_of_found(visibility, counted, matches)
    else:
        counts = select(*(number_of(found_ids(visibility, one, matches)) for one in counted))
    return Statements(counts, _pages(visibility, wanted, ListOrder(orders), matches))


def _counts_of_found(
    visibility: Visibility, counted: Iterable[Query], matches: Matches
) -> Select[*tuple[Any, ...]]:
    """How many of the tickets that words find each of some queries wants, which differ in states
    only. They are few, so that each of them is looked at once for all."""
    numbers = (func.count().filter(*conditions_in_order(one)) for one in counted)
    found = (*matches.conditions(), visibility.of(unindexed(Ticket.project_id)))
    return select(*numbers).select_from(Ticket).where(*found)


@lru_cache(STATEMENTS_KEPT)
def _statements_of_part(
    visibility: Visibility,
    shaped: Shaped,
    orders: Orders,
    matches: Matches | None,
    n_same: int,
) -> Statements:
    """The same for one part."""
    found = found_ids(visibility, shaped.query, matches)
    pages = _pages(visibility, shaped.query, ListOrder(orders), matches, n_same=n_same)
    return Statements(select(number_of(found)), pages)


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
    few, far = (
        select(Ticket.ticket_id)
        .where(found_first(visibility, wanted, matches, is_few=is_few))
        .order_by(*in_directions((unordered(key), descends) for key, descends in keys))
        for is_few in (True, False)
    )
    if wanted.is_coarse:
        met = met_in_order(visibility, wanted, matches)
    else:
        met = met_near(visibility, wanted, matches, *keys[0])
    many = select(Ticket.ticket_id).where(met).order_by(*in_directions(keys))
    return Pages(
        *(
            in_full(ids.limit(bindparam("size")).offset(bindparam("offset")), order).order_by(
                *in_directions(keys)
            )
            for ids in (few, many, far)
        )
    )
