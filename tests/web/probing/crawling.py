"""The forms that the board's pages hold, as whoever fills them would send them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient

from tests.visibility.readings import addresses


@dataclass(slots=True)
class Form:
    """A form that is posted. `route`: the rule that takes it."""

    action: str
    route: str = ""
    fields: dict[str, str] = field(default_factory=dict)


class FormReader(HTMLParser):
    """Finds forms, and what stands in their fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.within: Form | None = None
        self.page, self.name = page, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms and fields."""
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and values.get("method", "").lower() == "post":
            self.within = Form(values.get("action") or self.page)
            self.found.append(self.within)
        if self.within is None:
            return
        if tag in ("input", "textarea", "select", "button") and values.get("name"):
            self._note(tag, values)
        elif tag == "option" and self.name and ("selected" in values):
            self.within.fields[self.name] = values.get("value", "")

    def _note(self, tag: str, values: Mapping[str, str]) -> None:
        assert self.within is not None
        self.name = values["name"] if tag == "select" else ""
        is_off = values.get("type") in ("checkbox", "radio") and "checked" not in values
        if not is_off or values["name"] not in self.within.fields:
            # A text's own words come as data; any do.
            said = "A text." if tag == "textarea" else values.get("value", "")
            self.within.fields[values["name"]] = said

    def handle_endtag(self, tag: str) -> None:
        """A form ends."""
        if tag == "form":
            self.within = None


def forms_of(app: Flask, client: FlaskClient, parts: Mapping[str, Any]) -> list[Form]:
    """All forms of all pages, each once."""
    found: dict[tuple[str, tuple[str, ...]], Form] = {}
    for page in _pages(app, parts):
        answer = client.get(page, buffered=True)
        if answer.mimetype == "text/html":
            reader = FormReader(page)
            reader.feed(answer.text)
            for form in reader.found:
                found.setdefault((urlsplit(form.action).path, tuple(form.fields)), form)
    urls = app.url_map.bind("localhost")
    for form in found.values():
        rule, _ = urls.match(urlsplit(form.action).path, method="POST", return_rule=True)
        form.route = rule.rule
    return list(found.values())


def _pages(app: Flask, parts: Mapping[str, Any]) -> Iterator[str]:
    for address in addresses(app, parts):
        if "?" not in address and not address.startswith("/static"):
            yield address
    yield f"/tickets/new?project={parts['name']}"
