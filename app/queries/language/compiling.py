"""From a query to conditions on tickets, made once for each shape."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import lru_cache
from typing import Any, Self

from sqlalchemy import (
    ColumnElement,
    Exists,
    Select,
    Subquery,
    Text,
    UnaryExpression,
    and_,
    bindparam,
    case,
    false,
    intersect,
    literal_column,
    not_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from app.db.plans import expected
from app.models import Ticket, TicketLabel
from app.models.ticket import CLOSED_AT_STAGE, STOPPED
from app.queries.language.fields import FIELDS
from app.queries.language.kinds import Names, Reader
from app.queries.language.query import STATE_FIELDS, Query
from app.queries.search.texts import TextMatches, match_texts
from app.queries.tickets.conditions import NOT_CLOSED, STAGE, state_is
from app.values import immutable
from app.visibility import Visibility

SHAPES_KEPT = 256
TextShape = tuple[str, bool, tuple[str, ...]]
QueryShape = tuple[TextShape, ...]
"""Fields, whether they are negated, and what of their values the conditions depend on."""


@immutable
class Matches:
    """The tickets that hold a query's words, and those that hold what isn't wanted."""

    wanted: TextMatches | None
    unwanted: tuple[TextMatches, ...] = ()

    @property
    def is_cut(self) -> bool:
        """Whether older texts hold the words too, and weren't looked at."""
        return any(matches.is_cut for matches in self._named.values())

    @property
    def shape(self) -> Matches:
        """Without the tickets: a key for statements, which are the same whatever is found."""
        wanted = self.wanted and replace(self.wanted, ticket_ids=[])
        return Matches(wanted, tuple(replace(one, ticket_ids=[]) for one in self.unwanted))

    @property
    def parameters(self) -> dict[str, Any]:
        """The tickets, to be sent with statements for their shape."""
        return {name: matches.value for name, matches in self._named.items()}

    def conditions(self) -> list[ColumnElement[bool]]:
        """Whether a ticket is among the ones, and not among the others."""
        found = {name: matches.condition(name) for name, matches in self._named.items()}
        return [one if name == WANTED else not_(one) for name, one in found.items()]

    @property
    def _named(self) -> dict[str, TextMatches]:
        named = {f"unwanted_{number}": one for number, one in enumerate(self.unwanted)}
        return {WANTED: self.wanted, **named} if self.wanted else named


WANTED = "wanted"


def text_matches(query: Query, session: Session, visibility: Visibility) -> Matches | None:
    """What the words find, looked up once for all statements of a list; None without words."""
    if not query.text and not query.unwanted_texts:
        return None
    project = query.only_value("project")
    return Matches(
        match_texts(session, visibility, query.text, project) if query.text else None,
        tuple(match_texts(session, visibility, text, project) for text in query.unwanted_texts),
    )


def shape_of(query: Query) -> QueryShape:
    """The query without its values: queries of one shape share their statements."""
    terms = (
        (term.field, term.is_negated, FIELDS[term.field].shape(term.values))
        for term in query.conditions
    )
    return tuple(SAME_AS.get(term, term) for term in terms)


SAME_AS: Mapping[TextShape, TextShape] = {
    ("has", True, ("labels",)): ("label", False, ("none",)),
}
"""What an index finds in other words only."""


@immutable
class Shaped:
    """A query as a key of what is kept for all of its shape: statements, but none of its words."""

    shape: QueryShape
    query: Query = field(compare=False)

    @classmethod
    def of(cls, query: Query) -> Self:
        """The query with its shape."""
        return cls(shape_of(query), query)


def parameters(query: Query, reader: Reader) -> dict[str, Any]:
    """The values, to be sent with a statement that has the query's conditions; times are those of
    now."""
    found: dict[str, Any] = {}
    for number, term in enumerate(query.conditions):
        bound = FIELDS[term.field].bound(term.values, reader)
        found |= {f"q{number}_{place}": value for place, value in enumerate(bound)}
    return found


def conditions(query: Query, matches: Matches | None = None) -> list[ColumnElement[bool]]:
    """All of them. SQLite finds the tickets by the first, and looks at each for the others."""
    has_found = matches is not None and matches.wanted is not None
    made = _conditions(shape_of(query), has_found)
    return [*made, *(matches.conditions() if matches else ())]


def only_project(query: Query) -> ColumnElement[bool] | None:
    """Whether a ticket is in the one project that is asked for; None where any may be."""
    for number, term in enumerate(shape_of(query)):
        if term == ("project", False, ("one",)):
            return Names.named(Ticket.project_id, term[2], f"q{number}")
    return None


def only_stage(query: Query) -> ColumnElement[str] | None:
    """The name of the one stage that is asked for; None where a ticket may stand at any."""
    for number, (name, is_negated, values) in enumerate(shape_of(query)):
        if name == "stage" and not is_negated and "one" in values:
            return bindparam(f"q{number}_0", type_=Text())
    return None


def order_found(query: Query) -> list[UnaryExpression[Any]]:
    """In what order the tickets that these find are best read, if they are somebody's and nothing
    else that is asked has an index: from the newest on, of which more are open. Without an order
    PostgreSQL would begin by reading all entries of whoever made most tickets."""
    shape = shape_of(query)
    asked = {shape[number][0] for _, number in _ranked(shape)}
    is_by_author = [shape[number] for number in _finding(shape)] == [("author", False, ("one",))]
    return [Ticket.created_by.desc()] if is_by_author and asked <= {"author", *STATE_FIELDS} else []


def conditions_in_order(query: Query, matches: Matches | None = None) -> list[ColumnElement[bool]]:
    """The same for tickets that are met in the order of a list."""
    made = _conditions(shape_of(query), True)
    return [*made, *(matches.conditions() if matches else ())]


def found_by_labels(query: Query, visibility: Visibility) -> Select[str] | None:
    """The tickets that a query finds, where labels say of them all that it asks: their index alone
    tells them. None where they don't."""
    shape = shape_of(query)
    labels = [number for number, term in enumerate(shape) if _names_labels(term)]
    met, said = _at_labels(shape)
    told = said.union(labels, _of_any_state(shape))
    if not labels or len(told) < len(shape) or len(_said_to_be_closed(shape)) > 1:
        return None
    seen = visibility.of(TicketLabel.project_id)
    each = [_with_label(shape, number).where(*met, seen) for number in labels]
    is_plain = len(each) == 1 and "many" not in shape[labels[0]][2]
    return each[0] if is_plain else select(_in_all(each).c.ticket_id)


def while_open(query: Query) -> Query:
    """The same for tickets that aren't closed."""
    is_open = _said_to_be_closed(shape_of(query)) == {False}
    # The last term, so that the conditions of the others are numbered as before.
    return query if is_open else query.adding("is", "open")


def is_led(query: Query) -> bool:
    """Whether something that it asks has an index, besides that tickets are open, or closed."""
    shape = shape_of(query.by_owner[0])
    return any(shape[number] not in OPEN_OR_CLOSED for _, number in _ranked(shape))


def is_of_open_index(query: Query) -> bool:
    """Whether it asks one thing, by which an index has the tickets that aren't closed."""
    asked = [term for term in shape_of(query) if term not in OPEN_OR_CLOSED]
    if len(asked) != 1:
        return False
    name, is_negated, values = asked[0]
    is_state = FIELDS[name].ends(values) is False
    return not is_negated and (is_state or name in OF_OPEN or (name, values) in WITH_STATES)


OF_OPEN = ("created", "updated", "priority", "stage")


@lru_cache(SHAPES_KEPT)
def _conditions(shape: QueryShape, is_found: bool) -> tuple[ColumnElement[bool], ...]:
    """`is_found`: the tickets are found by something else."""
    if len(_said_to_be_closed(shape)) > 1:
        return (false(),)
    if not is_found and (at_stage := _at_stage(shape)):
        return at_stage
    first = () if is_found else _finding(shape)
    found, by_labels = _by_labels(shape) if first and _names_labels(shape[first[0]]) else ((), ())
    made = {
        number: _condition(term, f"q{number}", is_first=number in first)
        for number, term in enumerate(shape)
        if number not in by_labels
    }
    if first and shape[first[0]] == AT_STAGE and _stopped(made, shape):
        # What was completed stands at no stage any more.
        named = Names.named(STAGE, shape[first[0]][2], f"q{first[0]}")
        made[first[0]] = and_(CLOSED_AT_STAGE, named)
    if len(first) == 1 and shape[first[0]][::2] in WITH_STATES:
        found = [*found, *_in_state(shape, made.pop(first[0]))]
    beside = [number for number in first if number in made]
    others = (made[number] for number in made if number not in beside)
    return (*found, *(made[number] for number in beside), *others)


def _at_stage(shape: QueryShape) -> tuple[ColumnElement[bool], ...]:
    """The conditions where no more is asked than that tickets at a stage are closed, or aren't:
    the index of the ones or the others tells it. None where more is asked."""
    states = [term for term in shape if term in OPEN_OR_CLOSED]
    stages = [number for number, term in enumerate(shape) if term == AT_STAGE]
    if not states or len(stages) != 1 or len(states) + 1 < len(shape):
        return ()
    is_closed = expected(Ticket.state == literal_column("'closed'"))
    among = and_(is_closed, Ticket.current_stage.is_not(None)) if _is_closed(shape) else NOT_CLOSED
    # To find one value SQLite takes whichever index was made last; for a range that of fewer.
    stage = bindparam(f"q{stages[0]}_0", type_=Text())
    return STAGE.between(stage, stage), among


def _in_state(shape: QueryShape, condition: ColumnElement[bool]) -> Sequence[ColumnElement[bool]]:
    """Whether a ticket is one of those that an index has with their states: by no more than whether
    they are closed, if that is known. Whatever else is asked of them is in other indexes."""
    is_closed = _is_closed(shape)
    if is_closed is None:
        return [condition]
    ids = select(Ticket.ticket_id).where(condition, state_is("closed" if is_closed else "open"))
    return [Ticket.ticket_id == ids.subquery().c.ticket_id]


def _names_labels(term: TextShape) -> bool:
    name, is_negated, values = term
    return name == "label" and not is_negated and "none" not in values


def _by_labels(shape: QueryShape) -> tuple[Sequence[ColumnElement[bool]], Collection[int]]:
    """Whether a ticket is one of those that labels lead to, by all that the labels say of them;
    and the terms that this leaves nothing of."""
    labels = [number for number, term in enumerate(shape) if _names_labels(term)]
    met, said = _at_labels(shape)
    each = [_with_label(shape, number).where(*met) for number in labels]
    closed, is_closed = _among_closed(shape), _is_closed(shape)
    if not closed or is_closed is False:
        return [Ticket.ticket_id == _in_all(each).c.ticket_id], said.union(labels)
    found = _in_all([*(ids.where(TicketLabel.is_closed == true()) for ids in each), *closed])
    if is_closed is None:
        others = _in_all([ids.where(TicketLabel.is_closed == false()) for ids in each])
        found = union_all(select(others.c.ticket_id), select(found.c.ticket_id)).subquery()
    return [Ticket.ticket_id == found.c.ticket_id], said.union(labels)


def _at_labels(shape: QueryShape) -> tuple[Sequence[ColumnElement[bool]], frozenset[int]]:
    """What labels say of their tickets, and the terms of which they say all."""
    found = {
        number: FIELDS[name].at_label(values, f"q{number}")
        for number, (name, is_negated, values) in enumerate(shape)
        if not is_negated
    }
    said = {number: at_label for number, at_label in found.items() if at_label}
    met = [condition for condition, _ in said.values()]
    return met, frozenset(number for number, (_, is_all) in said.items() if is_all)


def _in_all(each: Sequence[Select[str]]) -> Subquery:
    """The tickets that all of these find."""
    if len(each) == 1:
        return each[0].subquery()
    # In order, SQLite goes through all side by side; but for the limit it would forget it.
    return intersect(*each).order_by("ticket_id").limit(ALL).subquery()


def _is_closed(shape: QueryShape) -> bool | None:
    """Whether all its tickets are closed; None if some may be."""
    said = _said_to_be_closed(shape)
    return True in said if len(said) == 1 else None


def _said_to_be_closed(shape: QueryShape) -> set[bool]:
    """What its terms say of that: both, if it wants what can't be."""
    said = {FIELDS[name].ends(values) for name, is_negated, values in shape if not is_negated}
    return {one for one in said if one is not None}


def _of_any_state(shape: QueryShape) -> list[int]:
    """The terms that every ticket meets."""
    return [
        number
        for number, (name, is_negated, values) in enumerate(shape)
        if name in STATE_FIELDS and not is_negated and "all" in values
    ]


def _among_closed(shape: QueryShape) -> list[Select[str]]:
    """What an index of few has of the closed tickets that a term finds."""
    found = []
    for number, (name, is_negated, values) in enumerate(shape):
        if (name, is_negated, values) in WAS_STOPPED:
            found.append(select(Ticket.ticket_id).where(STOPPED))
        if (name, is_negated, values) == AT_STAGE:
            at_stage = Names.named(STAGE, values, f"q{number}")
            found.append(select(Ticket.ticket_id).where(CLOSED_AT_STAGE, at_stage))
    return found


AT_STAGE: TextShape = ("stage", False, ("one",))
OPEN_OR_CLOSED: Collection[TextShape] = {
    (name, False, (word,)) for name in STATE_FIELDS for word in ("open", "closed")
}
WAS_STOPPED: Collection[TextShape] = {(name, False, ("stopped",)) for name in STATE_FIELDS}
ALL: ColumnElement[int] = literal_column(str(2**63 - 1))


def _with_label(shape: QueryShape, number: int) -> Select[str]:
    values = shape[number][2]
    ids = select(TicketLabel.ticket_id).where(Names.named(TicketLabel.label, values, f"q{number}"))
    return ids.distinct() if "many" in values else ids


def _finding(shape: QueryShape) -> tuple[int, ...]:
    """The terms by which the tickets are found: the one that fewest have, and what has an index
    together with it."""
    ranked = sorted(_ranked(shape))
    if not ranked:
        return ()
    first, others = ranked[0][1], [number for _, number in ranked[1:]]
    name, _, values = shape[first]
    if (stopped := _stopped(others, shape)) and _is_more(first, shape):
        return stopped
    if name == "project":
        return first, *_beside_project(others, shape)
    if (name, values) in WITH_STATES:
        return first, *(n for n in others if shape[n] in OPEN_OR_CLOSED)
    if name == "updated":
        # An index has the tickets of each state in the order in which they changed.
        words = "open", "closed", "stopped"
        return first, *(n for n in _states(others, shape) if shape[n][2][0] in words)
    return (first,)


MOST = ("open", "closed", "completed")
"""Where most tickets of a project stand, or those of a priority that are open."""
WITH_STATES = (("label", ("none",)), ("has", ("children",)))
"""What an index of few tickets has together with their states."""


def _ranked(shape: QueryShape) -> Iterator[tuple[int, int]]:
    for number, (name, is_negated, values) in enumerate(shape):
        # What isn't there is in no index.
        rank = None if is_negated else FIELDS[name].rank(values)
        if rank is not None:
            yield rank, number


def _beside_project(others: Sequence[int], shape: QueryShape) -> Sequence[int]:
    """The term that has an index together with a project's: a stage, or where tickets stand. One
    index has a project's tickets with their priorities, and whether they are closed."""
    names = {shape[number][0]: number for number in reversed(others)}
    if "stage" in names:
        at_none = _is_more(names["stage"], shape)
        return (at_none and _stopped(others, shape)) or [names["stage"]]
    states = _states(others, shape)
    if "priority" in names:
        return [number for number in states if shape[number][2][0] not in MOST]
    return states


def _stopped(others: Iterable[int], shape: QueryShape) -> tuple[int, ...]:
    """The term for tickets that were stopped, which are few of those that are closed."""
    return tuple(n for n in others if shape[n] in WAS_STOPPED)


def _is_more(number: int, shape: QueryShape) -> bool:
    """Whether a term finds more tickets than were stopped: those of a priority, or without a stage.
    One index has the tickets at each stage with their priorities."""
    name, _, values = shape[number]
    is_priority_asked = any(name == "priority" for name, *_ in shape)
    return name == "priority" or ("empty" in values and not is_priority_asked)


def _states(others: Sequence[int], shape: QueryShape) -> Sequence[int]:
    return [n for n in others if shape[n][0] in STATE_FIELDS and len(shape[n][2]) == 1][:1]


def _condition(term: TextShape, place: str, *, is_first: bool) -> ColumnElement[bool]:
    name, is_negated, values = term
    condition = FIELDS[name].condition(values, place, is_first=is_first)
    return _is_not(condition) if is_negated else condition


def _is_not(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """That it doesn't hold; where a column is empty, it doesn't."""
    if isinstance(condition, Exists):
        # Which is never empty. Of the words below PostgreSQL believes that few tickets meet them.
        return not_(condition)
    zero: ColumnElement[int] = literal_column("0")
    return case((condition, literal_column("1")), else_=zero) == zero
