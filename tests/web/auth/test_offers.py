"""Nobody is offered what they may not do: every link and form of every page is held against the
table of roles."""

from __future__ import annotations

import re
from html import unescape

import pytest

from app.models import Event, WorkerType
from app.models.user import ROLES, may
from app.web.auth.access import is_for_programs
from tests.factories import GATE, claim, make_project, make_ticket, make_worker
from tests.web.roles import ANYONE, NEEDS, is_let_in

TAG = re.compile(r"<(a|form|button)\b([^>]*)>")
ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')


@pytest.fixture
def pages(app, board):
    """Addresses of every kind of page, on a board where everything has happened."""
    with board() as session:
        make_project(session, "acme/empty", roles=(), gates=())
        make_project(session)
        held, waiting, running = (
            make_ticket(session),
            make_ticket(session, [GATE]),
            make_ticket(session),
        )
        worker = make_worker(session)
        run = claim(session, worker)
        run.ask_attention("Which one?")
        claim(session, worker)
        event = session.query(Event).order_by(Event.id.desc()).first().id
        role = session.query(WorkerType).first()
        assert role is not None
        tickets = [t.ticket_id for t in (held, waiting, running)]
        return [
            "/", "/projects", "/projects/acme/web", "/projects/acme/empty", "/tickets", "/workers",
            "/tickets?state=closed", "/inbox", "/events?show=all", f"/events/{event}", "/account",
            "/projects/acme/web/-/worker-types", "/projects/acme/empty/-/worker-types",
            "/projects/acme/web/-/plans", f"/worker-types/{role.id}",
            f"/workers/{worker.worker_id}", *[f"/tickets/{name}" for name in tickets],
            f"/tickets/{held.ticket_id}/brief",
        ]  # fmt: skip


def offered(app, page, here):
    """The routes that a page leads to."""
    adapter = app.url_map.bind("localhost")
    for tag, rest in TAG.findall(page):
        attributes = dict(ATTRIBUTE.findall(rest))
        target = {"a": "href", "form": "action", "button": "formaction"}[tag]
        if target not in attributes and tag != "form":
            continue
        path = unescape(attributes.get(target, here)).partition("?")[0].partition("#")[0]
        is_post = tag == "button" or attributes.get("method") == "post"
        if path.startswith("/"):
            yield adapter.match(path, method="POST" if is_post else "GET")[0], path


@pytest.mark.parametrize("role", ROLES)
def test_no_page_offers_what_its_reader_may_not_do(app, sign_in, pages, role):
    reader = sign_in(role)
    seen = set()
    for address in pages:
        answer = reader.get(address)
        assert answer.status_code == 200, address
        for endpoint, path in offered(app, answer.text, address):
            needed = ANYONE if is_for_programs(endpoint) else NEEDS[endpoint]
            seen.add(endpoint)
            assert is_let_in(role, needed), f"{address} offers {path} ({needed})"
    for endpoint, least in (
        ("tickets.new", "member"),
        ("tickets.resume", "member"),
        ("comments.add", "member"),
        ("projects.settings", "lead"),
        ("worker_types.edit", "lead"),
        ("people.index", "admin"),
        ("audit.index", "admin"),
        ("accounts.sign_out", "viewer"),
    ):
        assert (endpoint in seen) is may(role, least), endpoint
