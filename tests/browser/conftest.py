"""A real server, a real browser, and a page that fails its test when the console complains."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)
from sqlalchemy.orm import Session

from app.db.base import db
from app.settings.board import ROOT
from tests.conftest import OpenSession, cookie_of, empty_all_tables
from tests.processes import PATIENCE, free_port

STOP_SECONDS = 10
PATIENCE_MS = 60_000
"""So long a page may take for what must happen, on a machine that does much else."""

expect.set_options(timeout=PATIENCE_MS)
CHROMIUM_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Server:
    """Callboard served by gunicorn on a port of its own, as `make run` does."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self.app = app
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve, and return when it answers."""
        config = ROOT / "deploy" / "gunicorn.conf.py"
        command = f"-m gunicorn --config {config} --workers 1 --bind 127.0.0.1:{self.port} wsgi:app"
        environment = {
            **os.environ,
            "CALLBOARD_DATABASE_URL": self.app.config["SQLALCHEMY_DATABASE_URI"],
            "CALLBOARD_INSTANCE_PATH": self.app.instance_path,
        }
        log = (self._folder / "gunicorn.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [sys.executable, *command.split()],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End the process that was started, and only that one."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def let_in(self, context: BrowserContext, role: str = "lead", name: str = "ann") -> None:
        """Sign someone in on a browser, as if they had done so before."""
        signer: Any = SecureCookieSessionInterface().get_signing_serializer(self.app)
        cookie = signer.dumps({**cookie_of(self.app, role, name), "_permanent": True})
        context.add_cookies([{"name": "callboard", "value": cookie, "url": self.url}])

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=1):
                    return
            except (URLError, OSError):
                time.sleep(0.1)
        self.stop()
        pytest.fail(f"no answer: {(self._folder / 'gunicorn.log').read_text()[-2000:]}")


@pytest.fixture(scope="session")
def server(
    new_database: Callable[[str], str],
    make_app: Callable[..., Flask],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """One server for all browser tests, on a scratch SQLite database."""
    found = Server(make_app(new_database("sqlite")), tmp_path_factory.mktemp("server"))
    found.start()
    yield found
    found.stop()


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


@pytest.fixture
def context(browser: Browser, server: Server, board: OpenSession) -> Iterator[BrowserContext]:
    """A browser of a lead named ann, who is signed in."""
    found = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900})
    server.let_in(found)
    found.set_default_timeout(PATIENCE_MS)
    yield found
    found.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the page's console complained about; a test that expects a complaint clears it."""
    return []


TELL_OF_BREACHES = """
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
    console.error(`breach of the policy: ${effectiveDirective} ${blockedURI}`));
"""


@pytest.fixture
def page(context: BrowserContext, board: OpenSession, complaints: list[str]) -> Iterator[Page]:
    """A page. Errors of scripts and breaches of the content security policy fail the test."""

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    found = context.new_page()
    found.add_init_script(TELL_OF_BREACHES)
    found.on("console", listen)
    found.on("pageerror", lambda error: complaints.append(str(error)))
    yield found
    found.close()
    assert not complaints, complaints


A_POLL_MS = 5_500
"""A little more than the five seconds between the polls of a page."""


@pytest.fixture
def page_of_fast_polls(page: Page) -> Page:
    """A page whose clock `wait_for_poll` puts forward; between that it goes as fast as any."""
    page.clock.install()
    return page


def wait_for_poll(page: Page) -> None:
    """Put the page's clock forward to its next poll, for which nobody has to wait then."""
    page.clock.fast_forward(A_POLL_MS)


@pytest.fixture
def plain_page(browser: Browser, server: Server, board: OpenSession) -> Iterator[Page]:
    """A page of a browser that runs no scripts."""
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    server.let_in(context)
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()
