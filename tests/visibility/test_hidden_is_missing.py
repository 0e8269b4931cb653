"""What one may not see is answered word for word as what nobody has, by every interface."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote_plus

import pytest
from flask import Flask

from app.mcp.tools import tools
from app.operations import routes
from tests.api.conftest import Program
from tests.conftest import SignIn
from tests.mcp.conftest import Agent
from tests.visibility.conftest import OTHER
from tests.visibility.readings import PART, STAND_INS, page_rules, path_of, told
from tests.visibility.rows import MISSING, OPEN, Rows

Parts = Mapping[str, Any]

NOT_A_PROJECTS = {*STAND_INS, "user_id", "session_id", "token_id", "invitation_id", "identity_id"}
"""Parts of addresses that name nothing of a project."""

BODIES: Mapping[str, Mapping[str, Any]] = {
    "update_ticket": {"title": "x"},
    "amend_plan": {"execution_plan": ["review"]},
    "edit_comment": {"content": "x"},
    "move_ticket": {"place": "top"},
    "move_ticket_to_project": {"project_id": OPEN},
    "add_comment": {"content": "x"},
    "add_ticket_comment": {"content": "x"},
    "complete_stage": {"comment": "x"},
    "return_stage": {"to_stage": 1, "reason": "x"},
    "request_attention": {"reason": "x"},
    "fail_stage": {"reason": "x"},
    "update_project": {"path": "/x"},
    "update_worker_type": {"worker_type": "x"},
}
"""What must be said with an id in the address, so that it comes to the id."""


@pytest.fixture
def rows(both: tuple[Rows, Rows]) -> Rows:
    """What the askers may see."""
    return both[0]


@pytest.fixture
def hidden(both: tuple[Rows, Rows]) -> Rows:
    """What they may not see."""
    return both[1]


def as_of_hidden(text: str, hidden: Rows) -> str:
    """What was said of something missing, as it would be said of something hidden."""
    for part, value in MISSING.items():
        text = text.replace(str(value), str(hidden.parts[part]))
    return text.replace(quote_plus(str(MISSING["name"])), quote_plus(str(hidden.parts["name"])))


def test_each_part_of_an_address_is_looked_at(app: Flask) -> None:
    parts = {part for rule in page_rules(app) for part in rule.arguments}
    assert parts - MISSING.keys() <= NOT_A_PROJECTS


@pytest.mark.parametrize("role", ["viewer", "lead"])
def test_pages_of_what_is_hidden_are_pages_of_nothing(
    app: Flask, sign_in: SignIn, rows: Rows, hidden: Rows, role: str
) -> None:
    client = sign_in(role)
    for method, endpoint, part, parts in _with_a_part_hidden(app, rows, hidden):
        urls = app.url_map.bind("")
        there = urls.build(endpoint, parts)
        nowhere = urls.build(endpoint, {**parts, part: MISSING[part]})
        for headers in ({}, {"HX-Request": "true"}):
            answer = client.open(there, method=method, headers=headers)
            missing = client.open(nowhere, method=method, headers=headers)
            assert answer.status_code in (403, 404), (method, there)
            assert told(answer) == as_of_hidden(told(missing), hidden), (method, there)


def _with_a_part_hidden(
    app: Flask, rows: Rows, hidden: Rows
) -> Iterator[tuple[str, str, str, Parts]]:
    """Method, endpoint, part and parts of every address in which one part names what is hidden."""
    for rule in page_rules(app):
        for part in rule.arguments & hidden.parts.keys():
            others = {name: rows.parts.get(name, 404) for name in rule.arguments - {part}}
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                yield method, rule.endpoint, part, {**others, part: hidden.parts[part]}


@pytest.mark.parametrize(
    ("scopes", "project"), [(("read", "work", "plan"), None), (("admin",), OTHER)]
)
def test_the_api_knows_nothing_of_what_is_hidden(
    program: Callable[..., Program],
    rows: Rows,
    hidden: Rows,
    scopes: tuple[str, ...],
    project: str | None,
) -> None:
    caller = program(*scopes, project=project)
    for each in routes():
        for part in PART.findall(each.rule):
            parts = {**rows.parts, part: hidden.parts[part]}
            body = BODIES.get(each.name, {} if each.body else None)
            query = {"confirm": OPEN} if each.name == "delete_project" else {}
            answers = [
                caller.client.open(
                    f"/api/v1{path_of(each, one)}",
                    method=each.method,
                    json=body,
                    query_string=query,
                    headers={"Authorization": f"Bearer {caller.secret}"},
                )
                for one in (parts, {**parts, part: MISSING[part]})
            ]
            if answers[1].status_code != 403:  # it lacks the scope, whatever the id
                assert answers[1].status_code == 404, (each.name, answers[1].text)
            assert told(answers[0]) == as_of_hidden(told(answers[1]), hidden), each.name


@pytest.mark.parametrize(
    ("scopes", "project"), [(("read", "work", "plan"), None), (("admin",), OTHER)]
)
def test_tools_know_nothing_of_what_is_hidden(
    agent: Callable[..., Agent],
    rows: Rows,
    hidden: Rows,
    scopes: tuple[str, ...],
    project: str | None,
) -> None:
    caller = agent(*scopes, project=project)
    for tool in tools().values():
        for part in tool.ids:
            ids = {name: rows.parts[name] for name in tool.ids}
            arguments = {**ids, **BODIES.get(tool.name, {})}
            said, missing = (
                caller.request("tools/call", {"name": tool.name, "arguments": one}).text
                for one in ({**arguments, part: value[part]} for value in (hidden.parts, MISSING))
            )
            assert said == as_of_hidden(missing, hidden), tool.name


def test_the_resource_of_a_hidden_ticket_is_none(agent: Callable[..., Agent], hidden: Rows) -> None:
    caller = agent("plan")
    uris = [f"callboard://tickets/{one['ticket_id']}" for one in (hidden.parts, MISSING)]
    said, missing = (json.dumps(caller.fault("resources/read", {"uri": uri})) for uri in uris)
    assert said == as_of_hidden(missing, hidden)


TO_MANY = "/tickets/bulk/actions"
"""Tells of each ticket what became of it, also when that is nothing."""

ASKED_BY_PROGRAMS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    (
        "POST",
        "/tickets",
        {"project_id": "{project_id}", "title": "x", "execution_plan": ["review"]},
    ),
    (
        "POST",
        "/tickets/bulk",
        {
            "project_id": "{project_id}",
            "execution_plan": ["review"],
            "tickets": [{"key": "a", "title": "x"}],
        },
    ),
    ("POST", TO_MANY, {"action": "hold", "ticket_ids": ["{ticket_id}"]}),
    (
        "POST",
        TO_MANY,
        {"action": "parent", "ticket_ids": ["{open_ticket}"], "parent_id": "{ticket_id}"},
    ),
    ("POST", "/worker-types", {"project_id": "{project_id}", "worker_type": "x"}),
    ("POST", "/plan-templates", {"project_id": "{project_id}", "name": "x", "plan": ["review"]}),
    ("POST", "/workers", {"project_id": "{project_id}", "worker_id": "w", "worker_type": "review"}),
    ("POST", "/claims", {"worker_id": "{worker_id}"}),
    ("POST", "/workers/lantern-w1/heartbeat", {"run_id": "{run_id}"}),
    ("POST", "/tickets/{open_ticket}/comments", {"content": "x", "run_id": "{run_id}"}),
    (
        "POST",
        "/tickets",
        {
            "project_id": OPEN,
            "title": "x",
            "execution_plan": ["review"],
            "parent_id": "{ticket_id}",
        },
    ),
    (
        "POST",
        "/tickets",
        {
            "project_id": OPEN,
            "title": "x",
            "execution_plan": ["review"],
            "blocked_by": ["{ticket_id}"],
        },
    ),
    (
        "POST",
        "/tickets/bulk",
        {
            "project_id": OPEN,
            "execution_plan": ["review"],
            "tickets": [
                {"key": "a", "title": "x", "parent": "{ticket_id}", "blocked_by": ["{ticket_id}"]}
            ],
        },
    ),
    *(
        ("GET", f"{path}?project={{project_id}}", {})
        for path in (
            "/tickets",
            "/workers",
            "/runs",
            "/events",
            "/queues",
            "/worker-types",
            "/plan-templates",
            "/dependencies",
        )
    ),
    ("GET", "/runs?ticket_id={ticket_id}", {}),
    ("GET", "/runs?worker_id={worker_id}", {}),
    ("GET", "/events?ticket_id={ticket_id}", {}),
    ("GET", "/events?worker_id={worker_id}", {}),
    ("GET", "/tickets?parent_id={ticket_id}&state=all", {}),
)


def test_ids_that_programs_send_otherwise_find_nothing_hidden(
    program: Callable[..., Program], rows: Rows, hidden: Rows
) -> None:
    caller = program("read", "work", "plan")
    for method, path, body in ASKED_BY_PROGRAMS:
        both = []
        for parts in (hidden.parts, MISSING):
            known = {**parts, "open_ticket": rows.parts["ticket_id"]}
            sent = _filled(body, known)
            answer = caller.send(method, path.format(**known), sent if method == "POST" else None)
            tells = method == "GET" or path == TO_MANY
            assert answer.status_code in ((200,) if tells else (404, 422)), (path, body)
            both.append(told(answer))
        assert both[0] == as_of_hidden(both[1], hidden), (path, body)


def _filled(value: Any, parts: Parts) -> Any:
    """A body with the parts put in."""
    if isinstance(value, Mapping):
        return {name: _filled(one, parts) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, parts) for one in value]
    named = str(value).strip("{}")
    return parts[named] if str(value).startswith("{") else value


TYPED_BY_PEOPLE: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    *(
        ("GET", f"{path}project={{project_id}}", {})
        for path in (
            "/tickets?",
            "/workers?",
            "/inbox?",
            "/events?show=all&",
            "/tickets/new?",
            "/tickets?stage=review&",
        )
    ),
    ("GET", "/events?show=all&processed=any&ticket={ticket_id}", {}),
    ("GET", "/events?show=all&processed=any&worker={worker_id}", {}),
    ("GET", "/tickets?state=all&q={ticket_id}", {}),
    ("GET", "/tickets/new?project=acme/web&parent={ticket_id}&blocked_by={ticket_id}", {}),
    ("POST", "/tickets/new", {"project": "{project_id}", "title": "x", "plan": "review"}),
    *(
        (
            "POST",
            "/tickets/new",
            {
                "project": OPEN,
                "title": "x",
                "plan": "review",
                "priority": "2",
                field: "{ticket_id}",
            },
        )
        for field in ("parent_id", "blocked_by")
    ),
    *(
        ("POST", path, {"relation": relation, "other_id": "{ticket_id}"})
        for path in ("/tickets/{open}/dependencies", "/tickets/{open}/dependencies/remove")
        for relation in ("waits-for", "blocks")
    ),
    ("POST", "/events", {"event": "{event_id}", "note": "x"}),
    ("POST", "/inbox", {"event": "{event_id}", "note": "x"}),
)


def test_ids_that_people_type_find_nothing_hidden(
    sign_in: SignIn, rows: Rows, hidden: Rows
) -> None:
    client = sign_in("lead")
    for method, path, fields in TYPED_BY_PEOPLE:
        both = []
        for parts in (hidden.parts, MISSING):
            known = {**parts, "open": rows.tickets["ready"]}
            typed = {name: value.format(**known) for name, value in fields.items()}
            address = path.format(**known)
            answer = client.open(address, method=method, data=typed, follow_redirects=True)
            both.append(told(answer))
        assert both[0] == as_of_hidden(both[1], hidden), (path, fields)
