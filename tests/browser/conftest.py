"""A real server, a real browser, and a page that fails its test when the console complains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)
from sqlalchemy.orm import Session

from app.db.base import db
from tests.conftest import OpenSession, cookie_of
from tests.databases import empty_all_tables
from tests.serving import BoardServer

PATIENCE_MS = 60_000
"""So long a page may take for what must happen, on a machine that does much else."""

expect.set_options(timeout=PATIENCE_MS)
CHROMIUM_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--in-process-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Of an address that isn't this machine's own, browsers think otherwise.
    "--host-resolver-rules=MAP board.test 127.0.0.1",
)


class Server(BoardServer):
    """Callboard served as `make run` does, on a port of its own."""

    def let_in(self, context: BrowserContext, role: str = "lead", name: str = "ann") -> None:
        """Sign someone in on a browser, as if they had done so before."""
        signer: Any = SecureCookieSessionInterface().get_signing_serializer(self.app)
        cookie = signer.dumps({**cookie_of(self.app, role, name), "_permanent": True})
        context.add_cookies([{"name": "callboard", "value": cookie, "url": self.url}])


@pytest.fixture(scope="session")
def server(
    new_database: Callable[[str], str],
    make_app: Callable[..., Flask],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """One server for all browser tests, on a scratch SQLite database."""
    with Server(make_app(new_database("sqlite")), tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def board(server: Server) -> Iterator[OpenSession]:
    """`with board() as session:` changes what the server shows, from another process; commits."""

    @contextmanager
    def open_session() -> Iterator[Session]:
        with server.app.app_context():
            yield db.session()
            db.session.commit()

    yield open_session
    with server.app.app_context():
        empty_all_tables()


@pytest.fixture(scope="session")
def browser(chromium: Path) -> Iterator[Browser]:
    """Chromium, without a window."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        yield found
        found.close()


class Visits:
    """Tests visit the board one after the other in one browser context: to make one for each would
    take half of the time of most. Its first page stays open, and later ones share its process."""

    def __init__(self, browser: Browser, server: Server, **options: Any) -> None:
        self.context = new_context(browser, server, **options)
        self._first = self.context.new_page()
        self._first.goto("/healthz")

    def new_page(self) -> Page:
        """A page that has nothing of the ones before, but for the cache."""
        with self.context.expect_page() as opened:
            self._first.evaluate("open('about:blank') && 0")
        return opened.value

    def forget(self) -> None:
        """Whatever the last test left."""
        for page in self.context.pages:
            if page != self._first:
                page.close()
        self.context.clear_cookies()
        self.context.clear_permissions()
        self._first.evaluate("localStorage.clear()")


def new_context(browser: Browser, server: Server, **options: Any) -> BrowserContext:
    """Of someone who wants no animations, which would be drawn sixty times a second."""
    size: ViewportSize = {"width": 1280, "height": 900}
    chosen: dict[str, Any] = {"viewport": size, "reduced_motion": "reduce", **options}
    context = browser.new_context(base_url=server.url, **chosen)
    context.set_default_timeout(PATIENCE_MS)
    return context


@pytest.fixture(scope="session")
def visits(browser: Browser, server: Server) -> Visits:
    """With scripts."""
    return Visits(browser, server)


@pytest.fixture(scope="session")
def plain_visits(browser: Browser, server: Server) -> Visits:
    """Without scripts."""
    return Visits(browser, server, java_script_enabled=False)


@pytest.fixture
def context(visits: Visits, server: Server, board: OpenSession) -> Iterator[BrowserContext]:
    """A browser of a lead named ann, who is signed in."""
    server.let_in(visits.context)
    yield visits.context
    visits.forget()


@pytest.fixture
def complaints() -> list[str]:
    """What the page's console complained about; a test that expects a complaint clears it."""
    return []


TELL_OF_BREACHES = """
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
    console.error(`breach of the policy: ${effectiveDirective} ${blockedURI}`));
"""


@pytest.fixture
def page(visits: Visits, context: BrowserContext, complaints: list[str]) -> Iterator[Page]:
    """A page. Errors of scripts and breaches of the content security policy fail the test."""
    found = visits.new_page()
    listen(found, complaints)
    yield found
    assert not complaints, complaints


def listen(page: Page, complaints: list[str]) -> None:
    """Keep what the page's console complains about."""

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.add_init_script(TELL_OF_BREACHES)
    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))


A_POLL_MS = 5_500
"""A little more than the five seconds between the polls of a page."""


@pytest.fixture
def page_of_fast_polls(
    browser: Browser, server: Server, board: OpenSession, complaints: list[str]
) -> Iterator[Page]:
    """A page whose clock `wait_for_poll` puts forward; between that it goes as fast as any."""
    # A context keeps its clock for good.
    context = new_context(browser, server)
    server.let_in(context)
    page = context.new_page()
    listen(page, complaints)
    page.clock.install()
    yield page
    context.close()
    assert not complaints, complaints


def wait_for_poll(page: Page) -> None:
    """Put the page's clock forward to its next poll, for which nobody has to wait then."""
    page.clock.fast_forward(A_POLL_MS)


@pytest.fixture
def plain_page(plain_visits: Visits, server: Server, board: OpenSession) -> Iterator[Page]:
    """A page of a browser that runs no scripts."""
    server.let_in(plain_visits.context)
    yield plain_visits.new_page()
    plain_visits.forget()
