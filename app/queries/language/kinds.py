"""Kinds of fields: what each takes, and how it becomes a condition.

A condition is made once for each shape of a query, that is for its fields without their values.
These are bound by name when the statement is sent.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Text,
    and_,
    bindparam,
    false,
    or_,
    select,
    true,
    union_all,
)

from app.db.columns import UTCDateTime
from app.db.plans import unindexed
from app.models import Ticket, TicketLabel
from app.models.ticket import PRIORITIES
from app.queries.language.mistakes import ValueNotUnderstood, nearest_of
from app.queries.language.query import Value
from app.queries.language.times import EXAMPLES, SHORT_MARK, Span, span_of
from app.values import immutable

BEGINNING, END = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
"""Of all times."""
Condition = ColumnElement[bool]
Shape = tuple[str, ...]
"""What of a term's values its condition depends on."""


@immutable
class Reader:
    """Who reads: by the name that their doings bear, and where a day begins for them."""

    name: str = ""
    zone: tzinfo = UTC


class Field(ABC):
    """A field. `finds`: its tickets are found by an index, the fewest first."""

    words: tuple[str, ...] = ()
    completes = ""
    """Which names of the board its values are."""
    has_me = False
    unfound: AbstractSet[str] = frozenset()
    """Parts of a shape that no index finds."""
    few: Mapping[str, int] = {}
    """Parts of a shape that few tickets have: what they find in place of `finds`."""

    def __init__(self, name: str, help_line: str, *, finds: int | None = None) -> None:
        self.name = name
        self.help_line = help_line
        self.finds = finds

    def rank(self, shape: Shape) -> int | None:
        """How soon tickets are found by it, the fewest first; None: no index finds them."""
        if self.finds is None or self.unfound & {*shape}:
            return None
        return max(self.few.get(part, self.finds) for part in shape)

    def at_label(self, shape: Shape, place: str) -> tuple[Condition, bool] | None:  # noqa: ARG002 - labels repeat few fields
        """The condition by what a label repeats of its ticket, and whether it says it all; None
        where labels repeat nothing of it."""
        return None

    def ends(self, shape: Shape) -> bool | None:  # noqa: ARG002 - few fields say it
        """Whether all its tickets are closed, or none is; None if some may be."""
        return None

    @abstractmethod
    def check(self, value: Value) -> None:
        """Raise `ValueNotUnderstood` unless it is one of the field's values."""

    @abstractmethod
    def shape(self, values: Sequence[Value]) -> Shape:
        """What the condition depends on."""

    def bound(self, values: Sequence[Value], reader: Reader) -> list[Any]:  # noqa: ARG002 - fields whose values are names or times need them
        """What is bound when the statement is sent, in the order of its parameters."""
        return []

    @abstractmethod
    def condition(self, shape: Shape, place: str, *, is_first: bool) -> Condition:
        """The condition; its parameters' names begin with `place`. `is_first`: the tickets are
        found by it, else each is looked at."""


class Words(Field):
    """A field with words of its own, each of which is a condition."""

    def __init__(
        self,
        name: str,
        help_line: str,
        met: Mapping[str, Callable[[], Condition]],
        found: Callable[[str], Condition] | None = None,
        *,
        finds: int | None = None,
        unfound: AbstractSet[str] = frozenset(),
        few: Mapping[str, int] | None = None,
        ends: Mapping[str, bool] | None = None,
    ) -> None:
        super().__init__(name, help_line, finds=finds)
        self.words = tuple(met)
        self.unfound = unfound
        self.few = few or {}
        self._ends = ends or {}
        self._met = met
        self._found = found

    def check(self, value: Value) -> None:
        if value.text not in self.words:
            offered = nearest_of(value.text, self.words)
            raise ValueNotUnderstood(_not_one_of(self.name, value.text, self.words), offered)

    def shape(self, values: Sequence[Value]) -> Shape:
        return tuple(dict.fromkeys(value.text for value in values))

    def at_label(self, shape: Shape, place: str) -> tuple[Condition, bool] | None:  # noqa: ARG002 - nothing is bound
        ends = self.ends(shape)
        if ends is None:
            return None
        is_closed: ColumnElement[bool] = true() if ends else false()
        return TicketLabel.is_closed == is_closed, {*shape} <= {"open", "closed"}

    def ends(self, shape: Shape) -> bool | None:
        found = {self._ends.get(word) for word in shape}
        return found.pop() if len(found) == 1 else None

    def condition(self, shape: Shape, place: str, *, is_first: bool) -> Condition:
        parts = [self.one(word, place, is_first=is_first) for word in shape]
        if is_first and len(parts) > 1:
            # Each by its own index; for one or the other SQLite would read all tickets.
            each = (select(Ticket.ticket_id).where(part) for part in parts)
            return Ticket.ticket_id.in_(union_all(*each))
        return parts[0] if len(parts) == 1 else or_(*parts)

    def one(self, word: str, place: str, *, is_first: bool) -> Condition:  # noqa: ARG002 - a word that stands for the reader has a parameter
        """The condition of one word."""
        return self._found(word) if is_first and self._found else self._met[word]()


class Names(Field):
    """A field whose values are names: `none` is no name at all, `me` whoever reads."""

    unfound = frozenset({"none"})

    def __init__(
        self,
        name: str,
        help_line: str,
        is_in: Callable[[Callable[[Any], Condition], bool], Condition],
        *,
        is_none: Callable[[], Condition] | None = None,
        has_me: bool = False,
        finds: int | None = None,
        completes: str = "",
        is_lower: bool = False,
        repeated: Any = None,
    ) -> None:
        super().__init__(name, help_line, finds=finds)
        self._is_in = is_in
        self._is_none = is_none
        self.has_me = has_me
        self.completes = completes
        self._is_lower = is_lower
        self._repeated = repeated
        self.words = (*(("none",) if is_none else ()), *(("me",) if has_me else ()))

    def check(self, value: Value) -> None:
        if not value.text.strip():
            raise ValueNotUnderstood(f"{self.name}: needs a name.")

    def _word(self, value: Value) -> str:
        return value.special if value.special in self.words else ""

    def shape(self, values: Sequence[Value]) -> Shape:
        named = sum(self._word(value) != "none" for value in values)
        has_none = any(self._word(value) == "none" for value in values)
        return (*(("one" if named == 1 else "many",) if named else ()), *(("none",) * has_none))

    def bound(self, values: Sequence[Value], reader: Reader) -> list[Any]:
        names = [
            reader.name if self._word(value) == "me" else value.text
            for value in values
            if self._word(value) != "none"
        ]
        if self._is_lower:
            names = [name.lower() for name in names]
        return [names[0] if len(names) == 1 else names] if names else []

    def condition(self, shape: Shape, place: str, *, is_first: bool) -> Condition:
        parts = []
        if "none" not in shape or len(shape) > 1:
            parts.append(self._is_in(lambda column: self.named(column, shape, place), is_first))
        if "none" in shape and self._is_none:
            parts.append(self._is_none())
        return parts[0] if len(parts) == 1 else or_(*parts)

    def at_label(self, shape: Shape, place: str) -> tuple[Condition, bool] | None:
        return None if self._repeated is None else (self.named(self._repeated, shape, place), True)

    @staticmethod
    def named(column: Any, shape: Shape, place: str) -> Condition:
        """Whether a column has one of the names."""
        if "one" in shape:
            is_one: Condition = column == bindparam(f"{place}_0", type_=Text())
            return is_one
        many: BindParameter[Any] = bindparam(f"{place}_0", type_=Text(), expanding=True)
        is_one_of: Condition = column.in_(many)
        return is_one_of


class Times(Field):
    """A time of the ticket."""

    SHORT_FINDS = 19
    words = EXAMPLES

    def __init__(
        self,
        name: str,
        help_line: str,
        column: Any,
        found: Callable[[Condition], Condition] = lambda inside: inside,
        *,
        finds: int,
    ) -> None:
        super().__init__(name, help_line, finds=finds)
        self._column = column
        self._found = found

    def rank(self, shape: Shape) -> int | None:
        is_short = all(part.endswith(SHORT_MARK) for part in shape)
        return self.SHORT_FINDS if is_short else self.finds

    def check(self, value: Value) -> None:
        span_of(value.text)

    def shape(self, values: Sequence[Value]) -> Shape:
        return tuple(span.shape for span in self._spans(values))

    def bound(self, values: Sequence[Value], reader: Reader) -> list[Any]:
        return [bound for span in self._spans(values) for bound in span.bounds(reader.zone)]

    def condition(self, shape: Shape, place: str, *, is_first: bool) -> Condition:
        column = self._column if is_first else unindexed(self._column)
        parts, number = [], 0
        for ends in shape:
            inside = []
            for end in ends.rstrip(SHORT_MARK):
                at = bindparam(f"{place}_{number}", type_=UTCDateTime())
                inside.append(column >= at if end == "[" else column < at)
                number += 1
            if is_first and len(inside) == 1:
                # Of one end PostgreSQL without statistics believes that a third of all lie beyond.
                inside.append(column < END if ends.startswith("[") else column >= BEGINNING)
            parts.append(and_(*inside))
        condition = parts[0] if len(parts) == 1 else or_(*parts)
        return self._found(condition) if is_first else condition

    @staticmethod
    def _spans(values: Sequence[Value]) -> list[Span]:
        return [span_of(value.text) for value in values]


class Priority(Field):
    """The priority, by its word, its number, or compared: `<2` is more urgent than medium."""

    words = PRIORITIES

    def check(self, value: Value) -> None:
        self._numbers(value.text)

    def shape(self, values: Sequence[Value]) -> Shape:
        return tuple(
            map(str, sorted({one for value in values for one in self._numbers(value.text)}))
        )

    def condition(
        self,
        shape: Shape,
        place: str,  # noqa: ARG002 - its numbers are part of the shape, not bound
        *,
        is_first: bool,
    ) -> Condition:
        is_one_of = self._is_one_of(unindexed(Ticket.priority), shape)
        if not is_first:
            return is_one_of
        # Two indexes have priorities: of all tickets, and of those that aren't closed. To find one
        # SQLite takes whichever was made last; for a range it takes that of fewer.
        within = Ticket.priority.between(int(shape[0]), int(shape[-1]))
        return within if len(shape) == 1 else and_(within, is_one_of)

    def at_label(self, shape: Shape, place: str) -> tuple[Condition, bool] | None:  # noqa: ARG002 - nothing is bound
        return self._is_one_of(TicketLabel.priority.expression, shape), True

    @staticmethod
    def _is_one_of(column: ColumnElement[int], shape: Shape) -> Condition:
        return column == int(shape[0]) if len(shape) == 1 else column.in_(list(map(int, shape)))

    def _numbers(self, text: str) -> list[int]:
        if ".." in text:
            first, last = (self._number(part) for part in text.split("..", 1))
            return self._some(text, range(first, last + 1))
        for sign in ("<=", ">=", "<", ">"):
            if text.startswith(sign):
                limit = self._number(text[len(sign) :])
                each = {
                    "<": range(limit),
                    "<=": range(limit + 1),
                    ">": range(limit + 1, 4),
                    ">=": range(limit, 4),
                }
                return self._some(text, each[sign])
        return [self._number(text)]

    @staticmethod
    def _some(text: str, numbers: range) -> list[int]:
        if not numbers:
            raise ValueNotUnderstood(f"No priority is {text}.")
        return list(numbers)

    def _number(self, text: str) -> int:
        if text in PRIORITIES:
            return PRIORITIES.index(text)
        if text in ("0", "1", "2", "3"):
            return int(text)
        problem = _not_one_of("priority", text, (*PRIORITIES, "0 to 3"))
        raise ValueNotUnderstood(problem, nearest_of(text, PRIORITIES))


def _not_one_of(name: str, text: str, words: Sequence[str]) -> str:
    return f"{name} can't be {text[:64]}: it is {', '.join(words)}."
