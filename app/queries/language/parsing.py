"""From a text to a query, or to what is wrong with it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from app.queries.language.fields import FIELDS
from app.queries.language.grammar import parser
from app.queries.language.mistakes import NotUnderstood, ValueNotUnderstood, nearest_of
from app.queries.language.query import SPECIAL, Query, Term, Value

if TYPE_CHECKING:
    from lark import Token

LENGTH_MAX = 1_000
TERMS_MAX = 40
VALUES_MAX = 100
"""Values of all terms together."""
KEPT = 256

# What no column can hold: NUL, and halves of characters.
NO_CHARACTER = re.compile("[\0\ud800-\udfff]")
ESCAPE = re.compile(r'\\(["\\])')


@lru_cache(KEPT)
def parse(text: str) -> Query:
    """The query that a text says; raises `NotUnderstood`."""
    if len(text) > LENGTH_MAX:
        raise NotUnderstood(
            f"A query has at most {LENGTH_MAX:,} characters.", "", LENGTH_MAX, len(text)
        )
    if found := NO_CHARACTER.search(text):
        raise NotUnderstood("This isn't a character that a text can hold.", "", *found.span())
    terms = [_term(children) for children in _trees(text)]
    if len(terms) > TERMS_MAX:
        place = terms[TERMS_MAX]
        raise NotUnderstood(
            f"A query has at most {TERMS_MAX} terms.", text[place.start : place.end],
            place.start, place.end,
        )  # fmt: skip
    if sum(len(term.values) for term in terms) > VALUES_MAX:
        raise NotUnderstood(f"A query has at most {VALUES_MAX} values.", "", 0, len(text))
    return Query(tuple(terms))


def _trees(text: str) -> list[list[Token | None]]:
    from lark.exceptions import UnexpectedInput

    try:
        tree = parser().parse(text)
    except UnexpectedInput as error:
        # All else that may be wrong is part of the grammar.
        at = cast("int", error.pos_in_stream)
        word = re.split(r"\s", text[at:], maxsplit=1)[0]
        raise NotUnderstood("A space is missing here.", word, at, at + len(word)) from None
    # By the grammar all of these are trees.
    return [child.children for child in tree.children]  # type: ignore[union-attr,misc]


def _term(tokens: list[Token | None]) -> Term:
    sign, _, *rest = tokens
    head = cast("Token", tokens[1])  # the grammar leaves out the sign alone
    place = _start(sign or head), _end(next(filter(None, reversed(tokens)), head))
    if head.type != "FIELD":
        return Term("", (_text(head),), sign is not None, *place)
    name = head[:-1].lower()
    if name not in FIELDS:
        raise NotUnderstood(
            f"There is no field {name[:64]}. To look for the words themselves, put them in quotes.",
            name, _start(head), _end(head) - 1, nearest_of(name, FIELDS),
        )  # fmt: skip
    if name == "sort" and sign is not None:
        raise NotUnderstood(
            "To sort from the end, put the sign before the value.", "-", *place, "sort:-updated"
        )
    return Term(
        name, _values(name, head, [token for token in rest if token]), sign is not None, *place
    )


def _values(name: str, head: Token, tokens: list[Token]) -> tuple[Value, ...]:
    found: list[Value] = []
    before = head
    for token in tokens:
        is_comma = token.type == "COMMA"
        is_value_due = before.type in ("FIELD", "COMMA")
        if is_comma and is_value_due:
            raise NotUnderstood("A value is missing here.", ",", _start(token), _end(token))
        if not is_comma and not is_value_due:
            raise NotUnderstood(
                "Between two values stands a comma.", str(token), _start(token), _end(token)
            )
        if not is_comma:
            found.append(_value(name, token))
        before = token
    if before.type in ("FIELD", "COMMA"):
        raise NotUnderstood(f"{name}: needs a value.", str(before), _start(before), _end(before))
    return tuple(found)


def _value(name: str, token: Token) -> Value:
    value = _text(token)
    if value.is_beginning:
        raise NotUnderstood("A star has no meaning here.", str(token), _start(token), _end(token))
    if value.is_quoted and value.text not in SPECIAL:
        value = Value(value.text, Value.of(value.text).is_quoted, False, value.start, value.end)
    try:
        FIELDS[name].check(value)
    except ValueNotUnderstood as error:
        raise NotUnderstood(
            error.problem, value.text, value.start, value.end, error.nearest
        ) from None
    return value


def _text(token: Token) -> Value:
    start, end = _start(token), _end(token)
    if token.type == "UNCLOSED":
        raise NotUnderstood("This quote isn't closed.", str(token), start, end)
    if token.type != "QUOTED":
        return Value(str(token), False, False, start, end)
    is_beginning = token.endswith("*")
    inside = token[1 : -2 if is_beginning else -1]
    if not inside.strip():
        raise NotUnderstood("There is nothing between these quotes.", str(token), start, end)
    return Value(ESCAPE.sub(r"\1", inside), True, is_beginning, start, end)


def _start(token: Token) -> int:
    return token.start_pos or 0


def _end(token: Token) -> int:
    return token.end_pos or 0
