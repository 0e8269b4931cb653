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

    `newest_first` names the sorts that begin downwards.
    """

    def __init__(
        self,
        *,
        sorts: Collection[str] = (),
        default: str = "",
        newest_first: Collection[str] = (),
    ) -> None:
        self.problems: list[str] = []
        self._path = request.script_root + request.path
        self._newest_first = newest_first
        self._args = {key: value for key, value in request.args.items() if value and key != "v"}
        wanted = self._args.get("sort", default)
        if sorts and wanted.lstrip("-") not in sorts:
            self.problems.append(
                f"This list can't be sorted by “{wanted}”; it can by {', '.join(sorts)}."
            )
            wanted = default
        self.sort = wanted.removeprefix("-")
        self.descending = wanted.startswith("-")
        self.page = page_number(self._args.get("page", "1"), self.problems)

    def value(self, name: str) -> str:
        """A filter's text as typed; empty when it isn't set."""
        return self._args.get(name, "").strip()

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
        query = urlencode({key: value for key, value in args.items() if value not in (None, "")})
        return f"{self._path}?{query}" if query else self._path

    def without(self, name: str) -> str:
        """The address without one filter, on its first page."""
        return self.url(**{name: None, "page": None})

    def sort_url(self, key: str) -> str:
        """The address sorted by a column; by the current one, the other way round."""
        descends = not self.descending if self.sort == key else key in self._newest_first
        return self.url(sort=f"-{key}" if descends else key, page=None)

    def pager(self, page: Page[Any]) -> dict[str, Any]:
        """What the `pager` macro shows."""
        return pager_of(page, self.url)


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
        "is_cut": page.is_cut,
    }


def _either(choices: Collection[str]) -> str:
    words = list(choices)
    if len(words) > 12:
        return "one from the list"
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
