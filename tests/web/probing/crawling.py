"""The forms that the board's pages hold, as whoever fills them would send them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bs4 import Tag
from flask import Flask
from flask.testing import FlaskClient

from tests.pages import parsed
from tests.visibility.readings import addresses


@dataclass(slots=True)
class Form:
    """A form that is posted. `route`: the rule that takes it."""

    action: str
    route: str = ""
    fields: dict[str, str] = field(default_factory=dict)


def forms_in(html: str, page: str) -> Iterator[Form]:
    """The forms of a page that are posted, with what stands in their fields."""
    for form in parsed(html, only="form").select("form[method=post i]"):
        found = Form(str(form.get("action") or page))
        for each in form.select("input[name], textarea[name], select[name], button[name]"):
            name, is_off = str(each["name"]), each.get("type") in ("checkbox", "radio")
            if name not in found.fields or not is_off or each.has_attr("checked"):
                found.fields[name] = _said(each)
        yield found


def _said(element: Tag) -> str:
    """What a field holds; any text serves as a text."""
    if element.name == "textarea":
        return "A text."
    chosen = element.select_one("option[selected]") if element.name == "select" else element
    return str(chosen.get("value", "")) if chosen else ""


def forms_of(app: Flask, client: FlaskClient, parts: Mapping[str, Any]) -> list[Form]:
    """All forms of all pages, each once."""
    found: dict[tuple[str, tuple[str, ...]], Form] = {}
    for page in _pages(app, parts):
        answer = client.get(page, buffered=True)
        if answer.mimetype == "text/html":
            for form in forms_in(answer.text, page):
                found.setdefault((urlsplit(form.action).path, tuple(form.fields)), form)
    urls = app.url_map.bind("localhost")
    for form in found.values():
        rule, _ = urls.match(urlsplit(form.action).path, method="POST", return_rule=True)
        form.route = rule.rule
    return list(found.values())


def _pages(app: Flask, parts: Mapping[str, Any]) -> Iterator[str]:
    for address in addresses(app, parts, filtered=False):
        if not address.startswith("/static"):
            yield address
    yield f"/tickets/new?project={parts['name']}"
