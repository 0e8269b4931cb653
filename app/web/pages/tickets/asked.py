"""What the address of a list or a board asks for: a query, which every link and drop-down edits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import urlencode

from flask import request
from werkzeug.datastructures import MultiDict

from app.models.ticket import PRIORITIES
from app.queries.language.mistakes import NotUnderstood, nearest_of
from app.queries.language.parsing import parse
from app.queries.language.query import Query, Value
from app.queries.paging import Page
from app.queries.tickets.list_order import DEFAULT_ORDER, NEWEST_FIRST
from app.web.pages.listing import page_number, pager_of


class Chosen(NamedTuple):
    """What the form's drop-downs show, besides labels, of which there may be several."""

    project: str = ""
    state: str = ""
    stage: str = ""
    priority: str = ""
    assignee: str = ""

    @classmethod
    def of(cls, query: Query) -> Self:
        """What they show of a query: it may say more than they can."""
        shown = {name: query.only_value(name) for name in cls._fields}
        state = query.or_open().state
        shown["state"] = "" if state == "open" else state
        return cls(**shown)._replace(priority=_word_of(shown["priority"]))


WAS = "was"
"""Sent by the form alone: the query that its drop-downs showed. What differs was chosen anew."""


class QueryListing:
    """What is asked of a list or a board, and the addresses that ask for a little else.

    Older addresses say it in parameters (`state=closed&label=ui`); they become a part of the query.
    `mistakes`: what is wrong with it, told at its words. With one that can't be read as a query, as
    `is_understood` says, nothing can be listed. `keeps`: what else the address says, besides the
    view and the page. `project`: whose board is asked for. `layout`: of the views that are kept of
    such an address; None: none is.
    """

    def __init__(
        self, *keeps: str, project: str = "", layout: Literal["list", "board"] | None = None
    ) -> None:
        args = request.args
        self.project = project
        self.layout = layout
        self.is_list = layout == "list"
        self.kept = {name: [each for each in args.getlist(name) if each] for name in keeps}
        self.path = request.script_root + request.path
        self.is_form = WAS in args
        self.is_bare = not args
        self.text = _text_in(args)
        self.mistakes: list[NotUnderstood] = []
        self.problems: list[str] = []
        self.query = Query()
        try:
            self.query = parse(self.text)
        except NotUnderstood as error:
            self.mistakes.append(error)
        self.is_understood = not self.mistakes
        self.view = args.get("view", type=int)
        self.page = page_number(args.get("page", "1"), self.problems)
        self.orders = self.query.sorts or DEFAULT_ORDER
        self.sort, self.descending = self.orders[0]

    @property
    def status(self) -> int:
        """200, or 400 when a part of the address can't be understood."""
        return 400 if self.mistakes or self.problems else 200

    @property
    def wanted(self) -> Query:
        """The query with what is meant where it names no state."""
        return self.query.or_open()

    @property
    def chosen(self) -> Chosen:
        """What the drop-downs show."""
        return Chosen.of(self.query)

    @property
    def labels(self) -> tuple[str, ...]:
        """What isn't offered once more."""
        return tuple(self.query.values_of("label"))

    def value(self, name: str) -> str:
        """Something kept, as it was typed; empty when the address doesn't say it."""
        return next(iter(self.kept[name]), "").strip()

    def choice(self, name: str, choices: Collection[str]) -> str:
        """Something kept that is one of some words; another is told as a problem."""
        value = self.value(name)
        if value and value not in choices:
            self.problems.append(f"There is no {name} “{value}”; choose {', '.join(choices)}.")
            return ""
        return value

    def check_names(self, known: Mapping[str, Collection[str]]) -> None:
        """Tell of names that nothing on the board bears: `known` are those of some fields."""
        for term in self.query.conditions:
            for value in term.values if term.field in known and not term.is_negated else ():
                if value.special or value.text in known[term.field]:
                    continue
                nearest = nearest_of(value.text, known[term.field])
                self.mistakes.append(
                    NotUnderstood(
                        f"There is no {term.field} {value.text[:64]}.",
                        value.text, value.start, value.end,
                        str(Value.of(nearest)) if nearest else None,
                    )
                )  # fmt: skip

    @property
    def as_view(self) -> str:
        """The query as a view keeps it, which names the project itself."""
        return str(self.query.naming("project", self.project)) if self.project else self.text

    @property
    def asked(self) -> str:
        """What the address says, for a form that leads back here."""
        return self.url().partition("?")[2]

    @property
    def as_came(self) -> str:
        """What the pages of its tickets are told of the list, to lead on in it."""
        return urlencode({"list": self.text}, safe=":,/")

    @property
    def clear_url(self) -> str:
        """The address of all that there is."""
        return self.url(q="", view=None, page=None)

    def url(self, **changes: Any) -> str:
        """This list's address with some values changed; None leaves a value out."""
        args = {
            "q": self.text,
            "view": self.view,
            "page": self.page if self.page > 1 else None,
            **self.kept,
            **changes,
        }
        # A list whose address says nothing begins with the view that the person chose for it.
        given = {
            key: value for key, value in args.items() if value or (key == "q" and self.is_list)
        }
        return f"{self.path}?{urlencode(given, doseq=True, safe=':,/')}"

    def query_url(self, query: Query) -> str:
        """The address of another query, on its first page."""
        return self.url(q=str(query), page=None)

    def state_url(self, state: str) -> str:
        """The address of the same in another state."""
        others = self.query.in_states()
        is_default = state == "open" and not others.names_state
        return self.query_url(others if is_default else self.query.in_states(state))

    def sort_url(self, key: str) -> str:
        """The address sorted by a column; by the current one, the other way round."""
        descends = not self.descending if self.sort == key else key in NEWEST_FIRST
        is_default = ((key, descends),) == DEFAULT_ORDER
        orders = () if is_default else (f"-{key}" if descends else key,)
        return self.query_url(self.query.replacing("sort", *orders))

    def then_url(self, key: str) -> str:
        """The address sorted by the same, then by this; turned round where it is a part of it."""
        known = dict(self.orders)
        known[key] = not known[key] if key in known else key in NEWEST_FIRST
        words = (f"-{name}" if descends else name for name, descends in known.items())
        return self.query_url(self.query.replacing("sort", *words))

    def rank(self, key: str) -> int:
        """Which of the list's orders it is, from 1; 0: none of them."""
        keys = [name for name, _ in self.orders]
        return keys.index(key) + 1 if key in keys else 0

    def descends(self, key: str) -> bool:
        """Whether the list is sorted by it from its end."""
        return dict(self.orders).get(key, False)

    def corrected_url(self, mistake: NotUnderstood) -> str:
        """The address with the word that was perhaps meant."""
        before, after = self.text[: mistake.start], self.text[mistake.end :]
        return self.url(q=f"{before}{mistake.nearest}{after}", page=None)

    def pager(self, page: Page[Any]) -> dict[str, Any]:
        """What the `pager` macro shows."""
        return pager_of(page, self.url)


def _text_in(args: MultiDict[str, str]) -> str:
    typed = args.get("q", "").strip()
    asked = _asked_in(args)
    if not asked:
        return typed
    try:
        return str(_edited(parse(typed), asked))
    except NotUnderstood:
        # Nothing is lost, and what is wrong with it stays where it was.
        return f"{typed} {_edited(Query(), asked)}".strip()


def _asked_in(args: MultiDict[str, str]) -> list[tuple[str, str]]:
    """What is to be changed in the query: all that an older address says, or what was chosen in the
    form since it was drawn."""
    values = {name: args.get(name, "").strip() for name in Chosen._fields}
    if WAS in args:
        shown = Chosen.of(_understood(args[WAS]))._asdict()
        asked = [(name, value) for name, value in values.items() if value != shown[name]]
    else:
        values |= {"parent": args.get("parent") or args.get("parent_id", "")}
        values |= {"sort": args.get("sort", "")}
        asked = [(name, value) for name, value in values.items() if value]
    labels = dict.fromkeys(label.strip() for label in args.getlist("label"))
    return [*asked, *(("label", label) for label in labels if label)]


def _understood(text: str) -> Query:
    try:
        return parse(text)
    except NotUnderstood:
        return Query()


def _edited(query: Query, asked: list[tuple[str, str]]) -> Query:
    for name, value in asked:
        query = _with(query, name, value)
    return query


def _with(query: Query, name: str, value: str) -> Query:
    if name == "label":
        return query.naming(name, value)
    if name == "state":
        return query.in_states(*([value] if value and value != "open" else []))
    if name == "sort":
        return query.replacing(name, *value.split(","))
    if name == "priority":
        value = _word_of(value)
    return query.replacing(name, *([value] if value else []))


def _word_of(priority: str) -> str:
    """Older addresses have its number."""
    return PRIORITIES[int(priority)] if priority in ("0", "1", "2", "3") else priority
