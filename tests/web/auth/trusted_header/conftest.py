"""A real gunicorn that believes one proxy, and browsers behind it or elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy.orm import Session

from app.actor import Actor
from app.db.base import db
from app.models import User
from tests.clients import plain_client
from tests.conftest import OpenSession
from tests.databases import empty_all_tables
from tests.serving import BoardServer
from tests.web.auth.trusted_header.naming import (
    HEADER,
    PROXY,
    SETTINGS,
    NewBrowser,
    owner_of,
)


@pytest.fixture(scope="module")
def server(new_database, make_app, tmp_path_factory) -> Iterator[BoardServer]:
    app = make_app(new_database("sqlite"))
    settings = {**SETTINGS, "CALLBOARD_SECRET_KEY": app.config["SECRET_KEY"]}
    with BoardServer(app, tmp_path_factory.mktemp("board"), **settings) as server:
        yield server


@pytest.fixture
def board(server: BoardServer) -> Iterator[OpenSession]:
    """With one admin, whom nobody has connected with a name of the proxy's."""

    @contextmanager
    def open_session() -> Iterator[Session]:
        with server.app.app_context():
            yield db.session()
            db.session.commit()

    with open_session() as session:
        User.create(session, name="root", role="admin", actor=Actor.system())
    yield open_session
    with server.app.app_context():
        empty_all_tables()


@pytest.fixture
def new_browser(server: BoardServer, board: OpenSession) -> Iterator[NewBrowser]:
    """`new_browser("ann")`: the proxy names them ann; `address`: where the connection is from."""
    browsers = []

    def make(name: str | None = None, address: str = PROXY) -> httpx.Client:
        transport = httpx.HTTPTransport(local_address=address, verify=False)
        headers = {HEADER: name} if name else {}
        browser = plain_client(server.url, transport=transport, headers=headers)
        browsers.append(browser)
        return browser

    yield make
    for browser in browsers:
        browser.close()


@pytest.fixture
def has(server: BoardServer) -> Callable[[httpx.Client, str], bool]:
    """Whether the board takes a browser for someone's."""

    def has(browser: httpx.Client, name: str) -> bool:
        is_in = browser.get("/account").status_code == 200
        return is_in and owner_of(server.app, browser.cookies.get("callboard")) == name

    return has
