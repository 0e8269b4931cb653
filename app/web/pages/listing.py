"""Lists whose every filter, order and page stands in the address."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlencode

from flask import request

from app.queries.paging import COUNT_CAP, Page

PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,5}")
"""None that follows is anywhere near what a database can count to."""


class Listing:
    """What the address asks of a list, and the addresses that ask for a little else.

    `sort=updated` sorts upwards, `sort=-updated` downwards. What can't be understood is left out
    and told in `problems`.

    `newest_first` names the sorts that begin downwards, and `repeated` the filters that may be set
    more than once. What begins with `ignored` is of one request only.
    """

    def __init__(
        self,
        *,
        sorts: Collection[str] = (),
        default: str = "",
        newest_first: Collection[str] = (),
        repeated: Collection[str] = (),
        ignored: str = "v",
    ) -> None:
        self.problems: list[str] = []
        self._path = request.script_root + request.path
        self._newest_first = newest_first
        self._args: dict[str, str | list[str]] = {
            key: value
            for key, value in request.args.items()
            if value and key != "v" and not key.startswith(ignored)
        }
        for name in repeated:
            stripped = (value.strip() for value in request.args.getlist(name))
            self._args[name] = list(dict.fromkeys(filter(None, stripped)))
        wanted = self._text("sort", default)
        if sorts and wanted.lstrip("-") not in sorts:
            self.problems.append(
                f"This list can't be sorted by “{wanted}”; it can by {', '.join(sorts)}."
            )
            wanted = default
        self.sort = wanted.removeprefix("-")
        self.descending = wanted.startswith("-")
        self.page = page_number(self._text("page", "1"), self.problems)

    def value(self, name: str) -> str:
        """A filter's text as typed; empty when it isn't set."""
        return self._text(name).strip()

    def values(self, name: str) -> list[str]:
        """What a repeated filter is set to, each value once."""
        return list(self._args.get(name, ()))

    def choice(self, name: str, choices: Collection[str]) -> str:
        """A filter that takes one of some words; another word is told as a problem."""
        value = self.value(name)
        if value and value not in choices:
            self.problems.append(f"There is no {name} “{value}”; choose {_either(choices)}.")
            return ""
        return value

    @property
    def status(self) -> int:
        """200, or 400 when a part of the address can't be understood."""
        return 400 if self.problems else 200

    def url(self, **changes: Any) -> str:
        """This list's address with some values changed; None leaves a value out."""
        args = {**self._args, **changes}
        given = {key: value for key, value in args.items() if value not in (None, "", [])}
        query = urlencode(given, doseq=True)
        return f"{self._path}?{query}" if query else self._path

    def without(self, name: str) -> str:
        """The address without one filter, on its first page."""
        return self.url(**{name: None, "page": None})

    def without_value(self, name: str, value: str) -> str:
        """The address without one value of a repeated filter, on its first page."""
        left = [each for each in self.values(name) if each != value]
        return self.url(**{name: left, "page": None})

    def sort_url(self, key: str) -> str:
        """The address sorted by a column; by the current one, the other way round."""
        descends = not self.descending if self.sort == key else key in self._newest_first
        return self.url(sort=f"-{key}" if descends else key, page=None)

    def pager(self, page: Page[Any]) -> dict[str, Any]:
        """What the `pager` macro shows."""
        return pager_of(page, self.url)

    def _text(self, name: str, default: str = "") -> str:
        value = self._args.get(name, default)
        return value if isinstance(value, str) else default


def page_number(text: str, problems: list[str]) -> int:
    """The page that an address names; another word is added to the problems."""
    if PAGE_NUMBER.fullmatch(text):
        return int(text)
    problems.append(f"There is no page “{text}”.")
    return 1


def pager_of(page: Page[Any], url: Callable[..., str]) -> dict[str, Any]:
    """What the `pager` macro shows; `url` makes a list's address with some values changed."""
    total = f"{COUNT_CAP:,}+" if page.total >= COUNT_CAP else page.total
    return {
        "first": page.first,
        "last": page.last,
        "total": total,
        "previous_url": url(page=page.number - 1) if page.number > 1 else None,
        "next_url": url(page=page.number + 1) if page.has_next else None,
    }


def _either(choices: Collection[str]) -> str:
    words = list(choices)
    if len(words) > 12:
        return "one from the list"
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
