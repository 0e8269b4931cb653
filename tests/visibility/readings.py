"""Every way to read the board: all its pages, all that the API and MCP tell, with all filters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.mcp.tools import tools
from app.models.event import EVENT_TYPES
from app.models.worker import STATUSES
from app.operations import Operation, routes
from app.queries.inbox.list import KINDS
from app.queries.language.fields import SORTS
from app.queries.tickets.conditions import STATES
from app.queries.workers.list import SORTS as WORKER_SORTS
from app.web.auth import access
from tests.api.conftest import Program
from tests.mcp.conftest import Agent

Readings = dict[str, str]
"""What was read, by where."""

NEVER_TWICE_THE_SAME = re.compile(r'(?<=value=")(?:[0-9a-f]{32}|[\w-]+\.[\w-]+\.[\w-]+)(?=")')
"""Numbers of forms, and their tokens."""

PART = re.compile(r"<(?:\w+:)?(\w+)>")
"""A part of an operation's rule that names something."""

STAND_INS = {
    "figure": "flow",
    "filename": "css/tokens.css",
    "bundle": "callboard.css",
    "secret": "none",
    "provider": "none",
    "view_id": 987_654,
}
"""What stands for parts of addresses that name nothing of a project."""

FILTERS = {
    "board.show_all": [
        "?lanes=project",
        "?lanes=priority",
        "?q=shared",
        "?label=common",
        "?unfold=stage-review",
    ],
    "board.more_cards": ["?cell=on_hold&after={ticket_id}", "?cell=done&after={ticket_id}"],
    "projects.show": ["?lanes=priority", "?state=ready"],
    "tickets.index": [
        *(f"?state={state}" for state in STATES),
        *(f"?state=all&sort=-{sort}" for sort in SORTS),
        "?q=shared&state=all",
        "?label=common&state=all",
        "?stage=review&state=all",
        "?priority=0",
        "?page=2&state=all",
    ],
    "workers.index": [
        "?status=all",
        *(f"?status={status}" for status in ("silent", *STATUSES)),
        *(f"?status=all&sort=-{sort}" for sort in WORKER_SORTS),
        "?type=review",
    ],
    "connect.show": ["?project={project_id}", "?agent=codex"],
    "inbox.index": [*(f"?kind={kind}" for kind in KINDS), "?project={project_id}"],
    "events.index": [
        "?show=all",
        *(f"?show=all&processed={word}" for word in ("no", "yes", "any")),
        *(f"?show=all&processed=any&type={kind}" for kind in EVENT_TYPES),
        "?show=all&before=999999999999",
    ],
    "tickets.new": ["?project={project_id}"],
    "tickets.show": ["?all=1"],
}
QUERIES: Mapping[str, list[dict[str, Any]]] = {
    "list_tickets": [
        *({"state": state} for state in ("all", "closed", "blocked", "waiting", "on_hold")),
        {"q": "shared", "state": "all"},
        {"label": "common", "sort": "-updated"},
        {"stage": "review"},
        {"limit": 2},
    ],
    "list_events": [
        {"limit": 200},
        {"after": "latest"},
        {"needs_attention": True},
        {"processed": True},
        {"processed": False},
        {"event_type": "worker_started"},
        {"event_type": "ticket_report_refused"},
    ],
    "get_statistics": [
        {"weeks": 52},
        {"q": "shared", "weeks": 4},
        {"figures": "cycle"},
    ],
    "list_workers": [{"status": "all"}, {"worker_type": "review"}, {"status": "failed"}],
    "list_runs": [{"finished": True}, {"finished": False}, {"limit": 1}],
    "list_projects": [{"archived": True}],
    "list_dependencies": [{"open": True}],
}


def pages(app: Flask, client: FlaskClient, parts: Mapping[str, Any]) -> Readings:
    """Every page that can be got, with every filter."""
    return {url: _got(client, url) for url in addresses(app, parts)}


def lists(app: Flask, client: FlaskClient, parts: Mapping[str, Any]) -> Readings:
    """The pages that filter what they find, each without a filter and with the first one."""
    found: Readings = {}
    for rule in page_rules(app):
        if filters := FILTERS.get(rule.endpoint):
            for wanted in ("", filters[0]):
                url = _address(app, rule, parts) + wanted.format(**parts)
                found[url] = _got(client, url)
    return found


def regions(
    app: Flask, client: FlaskClient, parts: Mapping[str, Any], *, filtered: bool
) -> Readings:
    """The same as regions that poll get it: without the frame, which names projects too."""
    asks = {"HX-Request": "true"}
    return {url: _got(client, url, asks) for url in addresses(app, parts, filtered=filtered)}


def addresses(app: Flask, parts: Mapping[str, Any], *, filtered: bool = True) -> Iterator[str]:
    """The address of every page, with every filter unless told otherwise."""
    for rule in page_rules(app):
        if "GET" in (rule.methods or ()):
            for wanted in ("", *(FILTERS.get(rule.endpoint, ()) if filtered else ())):
                yield _address(app, rule, parts) + wanted.format(**parts)


def _address(app: Flask, rule: Rule, parts: Mapping[str, Any]) -> str:
    values = {name: parts.get(name, STAND_INS.get(name, 404)) for name in rule.arguments}
    return app.url_map.bind("").build(rule.endpoint, values)


def _got(client: FlaskClient, url: str, headers: dict[str, str] | None = None) -> str:
    answer = client.get(url, headers=headers, buffered=True)
    assert answer.status_code < 500, url
    return told(answer)


def page_rules(app: Flask) -> list[Rule]:
    """The rules of all pages; interfaces for programs have their own."""
    return [rule for rule in app.url_map.iter_rules() if not access.is_for_programs(rule.endpoint)]


def api(program: Program, parts: Mapping[str, Any]) -> Readings:
    """All that the API tells."""
    found: Readings = {}
    for each in routes():
        if each.method == "GET":
            for query in ({}, *QUERIES.get(each.name, ())):
                asked = {name: as_text(value) for name, value in query.items()}
                answer = program.get(path_of(each, parts), **asked)
                assert answer.status_code in (200, 403), answer.text
                found[f"{each.name} {query}"] = told(answer) + str(answer.headers.get("Link"))
    return found


def path_of(each: Operation, parts: Mapping[str, Any]) -> str:
    """An operation's address."""
    return PART.sub(lambda found: str(parts[found[1]]), each.rule)


def mcp(agent: Agent, parts: Mapping[str, Any]) -> Readings:
    """All that the tools which only read tell, and the resources."""
    found: Readings = {}
    for tool in tools().values():
        if tool.operation.is_reading:
            ids = {name: parts[name] for name in tool.ids}
            for query in ({}, *QUERIES.get(tool.name, ())):
                arguments = {**ids, **query}
                result = agent.ask("tools/call", {"name": tool.name, "arguments": arguments})
                found[f"{tool.name} {query}"] = json.dumps(result)
    found["resource"] = agent.request(
        "resources/read", {"uri": f"callboard://tickets/{parts['ticket_id']}"}
    ).text
    for method in ("tools/list", "prompts/list", "resources/list", "resources/templates/list"):
        found[method] = agent.request(method).text
    return found


def told(answer: TestResponse) -> str:
    """The status and all that was said, without what is new each time."""
    return f"{answer.status_code} {NEVER_TWICE_THE_SAME.sub('', answer.text)}"


def as_text(value: Any) -> str:
    """A value as an address has it."""
    return json.dumps(value) if isinstance(value, bool) else str(value)


def differing(before: Readings, after: Readings) -> list[str]:
    """Where something else is read than before."""
    assert before.keys() == after.keys()
    return [where for where, text in before.items() if after[where] != text]


def holding(word: str, readings: Readings) -> set[str]:
    """Where the word is read."""
    return {where for where, text in readings.items() if word in text.lower()}
