"""Every page that there is, by the application's own list: each can be read and used in both colour
schemes, on a desk and on a phone, with much on the board and with nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.actor import Actor
from app.models import Event, Invitation, Project, SavedView, Ticket, User
from app.queries.tickets.conditions import SITUATIONS, situation_is
from tests.browser import long_names
from tests.browser.conftest import Server, new_context
from tests.browser.faults import Inspector
from tests.conftest import OpenSession
from tests.databases import empty_all_tables
from tests.factories import make_ticket
from tests.visibility.readings import page_rules
from tests.visibility.rows import furnish

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NO_PAGES = {
    *("static", "bundle", "health.alive", "health.ready", "metrics.show"),
    *("statistics.download", "statistics.download_of_project"),
    # Parts of pages, for which scripts ask.
    *("board.more_cards", "inbox.waiting", "search.palette"),
    *("tickets.choose", "tickets.name", "tickets.suggest"),
    # They lead elsewhere: the last five unless there is a provider to sign in with.
    *("saved_views.show", "accounts.setup", "connections.confirm"),
    *("sso.start", "sso.join", "sso.come_back", "sso.connect"),
}
"""What a browser may get, and isn't shown as a page."""

FOR_STRANGERS = {"accounts.sign_in", "accounts.join", "accounts.reset"}

SHOWN_OTHERWISE = (
    *(f"/tickets?state={state}" for state in ("all", "closed")),
    "/search?q=shared",
    "/board?lanes=priority",
    "/workers?status=all",
    "/events?show=all&processed=any",
    "/statistics?q=is:open",
    "/api/docs",
)
"""The same pages with something else on them, and the one that no list has."""

MEETS_NOTHING = ("/tickets?q=nowhere", "/search?q=nowhere", "/inbox?kind=worker")


REFUSED = ("/tickets?q=satte:on_hold", "/nowhere", "/people/404")
"""Pages that say no."""

Faults = dict[str, list[str]]


@pytest.fixture
def inspector(page: Page, context: BrowserContext, server: Server) -> Inspector:
    """It looks as an admin, who sees everything."""
    server.let_in(context, "admin", "ada")
    return Inspector(page)


def test_with_much_to_show_and_names_as_long_as_they_may_be(
    inspector: Inspector, context: BrowserContext, server: Server, board: OpenSession
) -> None:
    with board() as session:
        parts, tickets = fill(session)
    pages = pages_of(server.app, parts)
    strangers = {pages.pop(endpoint) for endpoint in FOR_STRANGERS}
    in_each_state = (f"/tickets/{ticket_id}" for ticket_id in tickets)
    wrong = faults(inspector, [*pages.values(), *SHOWN_OTHERWISE, *in_each_state])
    context.clear_cookies()
    assert wrong | faults(inspector, strangers) == {}


def test_with_nothing_to_show(
    inspector: Inspector,
    context: BrowserContext,
    server: Server,
    board: OpenSession,
    complaints: list[str],
) -> None:
    pages = pages_of(server.app, {})
    del pages["accounts.sign_in"]
    wrong = faults(inspector, [*pages.values(), *MEETS_NOTHING])
    assert complaints == []
    wrong |= faults(inspector, REFUSED, refused=True)
    complaints.clear()  # a refusal is an error to the console
    context.clear_cookies()
    with server.app.app_context():
        empty_all_tables()
    assert wrong | faults(inspector, ["/setup"]) == {}


def test_the_first_page_is_ten_requests_and_a_hundred_kilobytes_at_most(
    browser: Browser, server: Server, board: OpenSession
) -> None:
    with board() as session:
        furnish(session)
    context = new_context(browser, server)  # with an empty cache
    server.let_in(context)
    page = context.new_page()
    requests: list[Request] = []

    def note(request: Request) -> None:
        requests.append(request)

    page.on("requestfinished", note)
    page.goto("/", wait_until="networkidle")
    sizes = [request.sizes() for request in requests]
    context.close()
    assert len(sizes) <= 10
    assert sum(size["responseHeadersSize"] + size["responseBodySize"] for size in sizes) <= 100_000


def fill(session: Session) -> tuple[Mapping[str, Any], list[str]]:
    """A board with something in each state; returns what the parts of addresses stand for, those
    of one page by its endpoint, and a ticket in each situation."""
    furnish(session)
    parts = long_names.fill(session)
    ada, actor = User.named(session, "ada"), Actor.person("ada")
    Project.get(session, long_names.PROJECT).add_member(ada, actor)
    view = SavedView.create(session, ada, name=long_names.WORD[:64], query="is:ready", pinned=True)
    comment_id = Ticket.get(session, parts["ticket_id"]).say(f"I say {long_names.WORD}.", actor)
    begun = make_ticket(session, [long_names.ROLE, long_names.GATE], long_names.PROJECT)
    begun.move_to(1)
    session.flush()
    tickets = {
        name: session.scalars(select(Ticket.ticket_id).where(situation_is(name)).limit(1)).one()
        for name in SITUATIONS
    }
    return {
        **parts,
        "user_id": ada.id,
        "view_id": view.id,
        "comment_id": comment_id,
        "event_id": session.scalars(select(Event.id).where(Event.needs_attention).limit(1)).one(),
        "tickets.complete": {"ticket_id": begun.ticket_id},
        "tickets.send_back": {"ticket_id": begun.ticket_id},
        "tickets.resume": {"ticket_id": tickets["on_hold"]},
        "tickets.reopen": {"ticket_id": tickets["stopped"]},
        "accounts.join": {
            "secret": Invitation.to_join(session, role="viewer", note=None, actor=actor)
        },
        "accounts.reset": {"secret": Invitation.to_reset(session, ada, actor)},
    }, list(tickets.values())


def pages_of(app: Flask, parts: Mapping[str, Any]) -> dict[str, str]:
    """The addresses of all pages by their endpoints; without parts, of those that need none."""
    urls = app.url_map.bind("")
    found = {}
    for rule in page_rules(app):
        endpoint = rule.endpoint
        is_page = "GET" in (rule.methods or ()) and endpoint not in NO_PAGES
        if is_page and (parts or not rule.arguments):
            values = {**parts, **parts.get(endpoint, {})}
            found[endpoint] = urls.build(endpoint, {name: values[name] for name in rule.arguments})
    return found


def faults(inspector: Inspector, addresses: Iterable[str], *, refused: bool = False) -> Faults:
    """What is wrong with each of these pages."""
    found = {}
    for address in addresses:
        answer = inspector.page.goto(address)
        assert answer is not None
        assert answer.ok is not refused, address
        if wrong := inspector.look():
            found[address] = wrong
    return found
