"""A query: its terms, all of which a ticket has to meet."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Self

from app.db.full_text import Phrase
from app.queries.search.phrases import phrases_of
from app.queries.tickets.conditions import SITUATIONS, STATES
from app.values import immutable

SPECIAL = ("none", "me")
"""Words that stand for something else unless they are quoted."""

STATE_FIELDS = ("is", "state")
ENDED = ("completed", "stopped")
SITUATIONS_IN = {
    **{name: (name,) for name in SITUATIONS},
    "open": tuple(name for name in SITUATIONS if name not in ENDED),
    "closed": ENDED,
    "all": SITUATIONS,
}
"""By what a state is called, the situations that it is made of."""
ESCAPED = re.compile(r'(["\\])')
NEEDS_QUOTES = re.compile(r'\A\Z|[\s",]')
WORD_NEEDS_QUOTES = re.compile(r'\A\Z|\s|\A"|\A-(?=[^-])|\A-?[A-Za-z_]+:(?!//)')


@immutable
class Value:
    """One value of a field, or one word or phrase to look for. `is_beginning`: a star stands
    behind its quotes."""

    text: str
    is_quoted: bool = False
    is_beginning: bool = False
    start: int = dataclasses.field(default=0, compare=False)
    end: int = dataclasses.field(default=0, compare=False)

    def __str__(self) -> str:
        if not self.is_quoted:
            return self.text
        return '"{}"{}'.format(ESCAPED.sub(r"\\\1", self.text), "*" if self.is_beginning else "")

    @classmethod
    def of(cls, text: str) -> Self:
        """A field's value, in quotes if it can't do without."""
        return cls(text, NEEDS_QUOTES.search(text) is not None)

    @property
    def special(self) -> str:
        """`none` or `me`, where it isn't the name of something."""
        return self.text if self.text in SPECIAL and not self.is_quoted else ""


@immutable
class Term:
    """What a field has to be, or not to be: one of the values. Without a field, a text to find."""

    field: str
    values: tuple[Value, ...]
    is_negated: bool = False
    start: int = dataclasses.field(default=0, compare=False)
    end: int = dataclasses.field(default=0, compare=False)

    def __str__(self) -> str:
        name = f"{self.field}:" if self.field else ""
        return f"{'-' if self.is_negated else ''}{name}{','.join(map(str, self.values))}"


MINE = Term("is", (Value("mine"),))


@immutable
class Query:
    """The terms, in the order in which they were typed. Its text is canonical."""

    terms: tuple[Term, ...] = ()

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    def __len__(self) -> int:
        return len(self.terms)

    @property
    def conditions(self) -> tuple[Term, ...]:
        """The terms that a ticket's fields have to meet."""
        return tuple(term for term in self.terms if term.field not in ("", "sort"))

    @property
    def sorts(self) -> tuple[tuple[str, bool], ...]:
        """What to sort by, and whether from its end; each once."""
        words = [value.text for term in self.terms if term.field == "sort" for value in term.values]
        found = {word.lstrip("-"): word.startswith("-") for word in reversed(words)}
        return tuple(reversed(found.items()))

    @property
    def text(self) -> str:
        """The words and phrases to find, as a search box takes them."""
        return " ".join(
            _typed(term.values[0]) for term in self.terms if not term.field and not term.is_negated
        )

    @property
    def has_text(self) -> bool:
        """Whether words are to be found, or not to be found."""
        return any(not term.field for term in self.terms)

    @property
    def is_personal(self) -> bool:
        """Whether what it finds depends on who asks."""
        values = (value for term in self.conditions for value in term.values)
        return any(value.text in ("me", "mine") for value in values)

    @property
    def unwanted_texts(self) -> tuple[str, ...]:
        """Words and phrases of which none may be found."""
        return tuple(
            _typed(term.values[0]) for term in self.terms if not term.field and term.is_negated
        )

    @property
    def names_state(self) -> bool:
        """Whether it says itself if open or closed tickets are wanted."""
        return any(map(_names_state, self.terms))

    @property
    def state(self) -> str:
        """The one state that tickets shall be in, or `all`; empty where several may be."""
        values = [value.text for term in self._state_terms for value in term.values]
        return values[0] if len(values) == 1 else "" if values else "all"

    @property
    def situations(self) -> frozenset[str]:
        """Those that its states leave to a ticket."""
        found = frozenset(SITUATIONS)
        for term in self._state_terms:
            found &= {name for value in term.values for name in SITUATIONS_IN[value.text]}
        return found

    def in_states(self, *states: str) -> Query:
        """The same for tickets in one of these states, or in any. What it leaves out stays so."""
        term = Term("is", tuple(map(Value, states)))
        mine = self._state_terms
        others = self._keeping(lambda each: each not in mine).terms
        return Query((*others, term) if states else others)

    @property
    def states_last(self) -> Query:
        """The same, with the states that tickets shall be in behind all else: the conditions before
        them are numbered as those of `in_states`."""
        mine = self._state_terms
        return Query((*self.in_states().terms, *mine))

    @property
    def _state_terms(self) -> tuple[Term, ...]:
        return tuple(
            term
            for term in self.terms
            if term.field in STATE_FIELDS
            and not term.is_negated
            and all(value.text in STATES for value in term.values)
        )

    @property
    def by_owner(self) -> tuple[Query, ...]:
        """A query for each index that leads to its tickets, if they are somebody's: for what they
        made, and what they look after. Their conditions are numbered as its own."""
        if MINE not in self.terms:
            return (self,)
        place = self.terms.index(MINE)
        before, after = self.terms[:place], self.terms[place + 1 :]
        each = (Term(name, (Value("me"),)) for name in ("author", "assignee"))
        return tuple(Query((*before, term, *after)) for term in each)

    @property
    def is_coarse(self) -> bool:
        """Whether it asks for no more than what many tickets are: open, closed, or any."""
        words = ("open", "closed", "all")
        return all(
            term.field == "sort"
            or (
                term.field in STATE_FIELDS
                and not term.is_negated
                and all(value.text in words for value in term.values)
            )
            for term in self.terms
        )

    def values_of(self, name: str) -> list[str]:
        """The values that a field may have, without those it may not have."""
        terms = (term for term in self.terms if term.field == name and not term.is_negated)
        return [value.text for term in terms for value in term.values]

    def allows(self, name: str, value: str) -> bool:
        """Whether a field may have that value."""
        terms = (term for term in self.terms if term.field == name)
        return all((value in {v.text for v in term.values}) != term.is_negated for term in terms)

    def only_value(self, name: str) -> str:
        """The value that a field has to have, if it is one alone: what a drop-down shows."""
        terms = [term for term in self.terms if term.field == name]
        is_one = len(terms) == 1 and len(terms[0].values) == 1 and not terms[0].is_negated
        return terms[0].values[0].text if is_one else ""

    def adding(self, name: str, *values: str, is_negated: bool = False) -> Query:
        """With one term more; nothing is added twice."""
        term = Term(name, tuple(map(Value.of, values)), is_negated)
        return self if term in self.terms or not values else Query((*self.terms, term))

    def naming(self, name: str, *values: str) -> Query:
        """With a term for what bears one of these names, were it even `none`."""
        named = (Value(value, value in SPECIAL or Value.of(value).is_quoted) for value in values)
        term = Term(name, tuple(named))
        return self if term in self.terms else Query((*self.terms, term))

    def replacing(self, name: str, *values: str) -> Query:
        """With these values for a field, where its first term stood; without values it is gone."""
        place = next((i for i, term in enumerate(self.terms) if term.field == name), None)
        others = self.without(name)
        if not values or place is None:
            return others.adding(name, *values)
        term = Term(name, tuple(map(Value.of, values)))
        return Query((*self.terms[:place], term, *others.terms[place:]))

    def replacing_text(self, typed: str) -> Query:
        """With these words to find instead of others."""
        return Query((*self.without("").terms, *words_of(typed)))

    def without(self, *names: str) -> Query:
        """Without the terms of these fields."""
        return self._keeping(lambda term: term.field not in names)

    def without_term(self, unwanted: Term) -> Query:
        """Without this term: its chip was taken away."""
        return self._keeping(lambda term: term != unwanted)

    def or_open(self) -> Query:
        """The same for tickets that aren't closed, unless it says itself what is wanted."""
        return self if self.names_state else self.adding("is", "open")

    def _keeping(self, is_kept: Callable[[Term], bool]) -> Query:
        return replace(self, terms=tuple(filter(is_kept, self.terms)))


def _names_state(term: Term) -> bool:
    if term.field in STATE_FIELDS:
        # What isn't blocked might be closed, but nobody who leaves out the blocked ones asks that.
        silent = ("mine", "starved", *SITUATIONS_IN["open"]) if term.is_negated else ("mine",)
        return any(value.text not in silent for value in term.values)
    return term.field == "closed" or (term.field in ("id", "ref") and not term.is_negated)


def words_of(typed: str) -> Iterable[Term]:
    """The words of a search box that knows no fields."""
    found = [_word(phrase) for phrase in phrases_of(typed)]
    if not found and (signs := typed.replace("\0", " ").strip()):
        # Signs alone are looked for too, and not found.
        found = [Value(signs, is_quoted=True)]
    return (Term("", (value,)) for value in found)


def from_parameters(
    project: str = "",
    state: str = "open",
    stage: str = "",
    priority: str = "",
    labels: Sequence[str] = (),
    parent_id: str = "",
    text: str = "",
) -> Query:
    """What older addresses and the API's parameters ask for: a ticket has to have all labels."""
    query = Query(tuple(words_of(text)))
    for label in labels:
        query = query.naming("label", label)
    asked = {"parent": parent_id, "project": project, "stage": stage, "priority": priority}
    for name, value in asked.items():
        if value:
            query = query.adding(name, value)
    return query if state == "all" else query.adding("is", state)


def _word(phrase: Phrase) -> Value:
    text = phrase.text.rstrip("*") if phrase.is_beginning else phrase.text
    if WORD_NEEDS_QUOTES.search(text):
        return Value(text, is_quoted=True, is_beginning=phrase.is_beginning)
    return Value(f"{text}*" if phrase.is_beginning else text)


def _typed(value: Value) -> str:
    text = value.text.replace('"', " ")
    if not value.is_quoted:
        return text
    return '"{}"{}'.format(text, "*" if value.is_beginning else "")
