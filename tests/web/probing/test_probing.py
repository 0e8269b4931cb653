"""Hostile requests to every route: each is answered, calmly, and none does what it should not.

A seeded choice of the probes runs each time; `PROBES=20000` runs so many of them, and `PROBES=all`
every one: some 180,000, which take more than an hour.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.models import ApiToken
from tests.conftest import OpenSession, SignIn, client_of
from tests.factories import ANN
from tests.visibility.furnished import begin_with
from tests.visibility.rows import Rows, furnish
from tests.web.probing.answers import contents, faults
from tests.web.probing.crawling import forms_of
from tests.web.probing.probes import Probe, Probes, chosen, in_forms

pytestmark = pytest.mark.slow

PROBES = os.environ.get("PROBES", "1500")
MOST = None if PROBES == "all" else int(PROBES)
SEED = 4

FORMS = "field of a form"
SHARES = {
    "parameter that is read": 0.25,
    "parameter": 0.08,
    "part of a path": 0.15,
    "header": 0.08,
    "method": 0.08,
    FORMS: 0.15,
    "JSON": 0.08,
    "MCP": 0.08,
    "body": 0.08,
}
"""How the probes are shared out among the places where something hostile may stand."""

ANSWERS = {
    "parameter that is read": {200, 303, 400, 403, 422},
    "parameter": {200, 400, 422},
    "part of a path": {400, 403, 404},
    "header": {200, 303, 403, 422},
    "method": {200, 405},
    FORMS: {200, 303, 401, 403, 409, 422},
    "JSON": {200, 401, 403, 409, 422},
    "MCP": {200, 401},
    "body": {303, 403, 415, 422},
}
"""How some of them are answered: probes that are all refused alike would find nothing."""

DESTROYS = ("/delete", "/revoke", "/disable", "/archive", "/remove", "/limit", "/declare-dead")
"""What takes away the rows that others want to probe comes last."""

Send = Callable[[Probe], TestResponse]
SHOWN_FAULTS = 20


@pytest.fixture
def unswept(app: Flask) -> Iterator[None]:
    """Nobody sweeps: a request that reads changes nothing on the way."""
    app.extensions["callboard.next_sweep"] = float("inf")
    yield
    del app.extensions["callboard.next_sweep"]


@pytest.fixture
def rows(app: Flask) -> Rows:
    """One of everything."""
    return begin_with(app, furnish)


@pytest.fixture
def send(app: Flask, board: OpenSession, sign_in: SignIn) -> Send:
    """Send a probe as an admin, as a viewer, or as a stranger; programs have tokens instead."""
    roles = {"admin": "admin", "viewer": "viewer", "stranger": None}
    clients = {name: sign_in(role) for name, role in roles.items()}
    with board() as session:
        secrets = {
            role: ApiToken.issue(session, name=role, scopes=[scope], actor=ANN)[1]
            for role, scope in (("admin", "admin"), ("viewer", "read"))
        }

    def send(probe: Probe) -> TestResponse:
        headers = dict(probe.headers)
        if probe.path.startswith(("/api/", "/mcp")) and probe.role in secrets:
            headers.setdefault("Authorization", f"Bearer {secrets[probe.role]}")
        client: FlaskClient = clients[probe.role]
        # The client would take "//evil.example" for the name of a host; servers don't.
        path = "/" if probe.path.startswith("//") else probe.path
        as_sent = {"PATH_INFO": probe.path} if path != probe.path else {}
        request: dict[str, Any] = {"method": probe.method, "headers": headers, "data": probe.body}
        answer = client.open(path, **request, environ_overrides=as_sent, buffered=True)
        if not probe.is_safe and "/sign-in" in answer.headers.get("Location", ""):
            clients[probe.role] = sign_in(roles[probe.role])  # it signed itself out
        return answer

    return send


def test_every_route_is_probed(app: Flask, rows: Rows) -> None:
    found = {
        probe.route for place in SHARES.keys() - {FORMS} for probe in share_of(app, rows, place)
    }
    assert found >= {rule.rule for rule in app.url_map.iter_rules()}


@pytest.mark.parametrize("place", SHARES)
def test_nothing_that_is_asked_of_any_route_gets_through(
    app: Flask,
    board: OpenSession,
    rows: Rows,
    sign_in: SignIn,
    send: Send,
    unswept: None,
    record_property: Callable[[str, object], None],
    place: str,
) -> None:
    if place == FORMS:
        probes = share(FORMS, in_forms(forms_of(app, sign_in("admin"), rows.parts)))
    else:
        probes = share_of(app, rows, place)

    with board() as session:
        before = contents(session)
    wrong, safe = send_all([probe for probe in probes if probe.is_safe], send)
    with board() as session:
        changed = {table for table, rows in contents(session).items() if rows != before[table]}
    more, unsafe = send_all(sorted(filter(is_unsafe, probes), key=destroys), send)

    statuses = safe + unsafe
    record_property("figures", told(place, statuses))
    assert not wrong + more, "\n".join(wrong + more)
    assert changed == set()
    assert statuses.keys() >= ANSWERS[place]


def test_behind_a_proxy_no_header_leads_elsewhere(
    new_database: Callable[[str], str], make_app: Callable[..., Flask]
) -> None:
    app = make_app(new_database("sqlite"), proxy_hops=1, trusted_hosts=["localhost"])
    probes = Probes(app, {"name": "acme/web"}).at("header")
    client = client_of(app, "admin")

    def send(probe: Probe) -> TestResponse:
        return client.open(probe.path, method=probe.method, headers=probe.headers, buffered=True)

    wrong, statuses = send_all(chosen(probes, 300, SEED), send)
    assert not wrong, "\n".join(wrong)
    assert statuses[400] > 5


_shares: dict[str, list[Probe]] = {}


def share_of(app: Flask, rows: Rows, place: str) -> list[Probe]:
    """Chosen once from many thousands: new boards have the same routes and the same ids."""
    if place not in _shares:
        _shares[place] = share(place, Probes(app, rows.parts).at(place))
    return _shares[place]


def share(place: str, probes: Iterable[Probe]) -> list[Probe]:
    return chosen(probes, None if MOST is None else int(MOST * SHARES[place]), SEED)


def is_unsafe(probe: Probe) -> bool:
    return not probe.is_safe


def destroys(probe: Probe) -> bool:
    return probe.method == "DELETE" or any(word in probe.path for word in DESTROYS)


def send_all(probes: Iterable[Probe], send: Send) -> tuple[list[str], Counter[int]]:
    """Send them; gives what is wrong with the answers, and their statuses."""
    wrong: list[str] = []
    statuses: Counter[int] = Counter()
    for probe in probes:
        answer = send(probe)
        statuses[answer.status_code] += 1
        for fault in faults(probe, answer):
            if len(wrong) < SHOWN_FAULTS:
                wrong.append(f"{fault}: {str(probe)[:600]}")
    return wrong, statuses


def told(place: str, statuses: Counter[int]) -> str:
    by_status = ", ".join(f"{number:,} x {status}" for status, number in sorted(statuses.items()))
    return f"{statuses.total():,} probes with something hostile in a {place}: {by_status}"
