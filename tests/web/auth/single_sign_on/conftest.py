"""A board beside a real provider of OpenID Connect, and browsers that go between the two."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import httpx
import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from app.actor import Actor
from app.db.base import db
from app.models import User
from tests.clients import plain_client
from tests.conftest import OpenSession
from tests.databases import empty_all_tables
from tests.providers import HonestProvider
from tests.web.auth.single_sign_on.visits import sit_down


@pytest.fixture(scope="package")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HonestProvider]:
    with HonestProvider(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture(scope="package")
def app_on(new_database, make_app, provider) -> Callable[[str], Flask]:
    """`app_on("sqlite")`: one application on each database."""

    @cache
    def make(kind: str) -> Flask:
        return make_app(new_database(kind), oidc_name="Acme", **provider.settings)

    return make


@pytest.fixture(scope="package")
def shared_app(request, app_on) -> Flask:
    """On SQLite, unless a test is the way through the database that asks for both."""
    return app_on(getattr(request, "param", "sqlite"))


@pytest.fixture(scope="package")
def url(shared_app: Flask) -> Iterator[str]:
    """The board, at an address that the provider can send people back to."""
    server = make_server("127.0.0.1", 0, shared_app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def app(shared_app: Flask) -> Iterator[Flask]:
    """With one admin, who signs in by password."""
    kept = shared_app.extensions["callboard.settings"]
    with shared_app.app_context():
        User.create(db.session(), name="root", role="admin", actor=Actor.system())
        db.session.commit()
    yield shared_app
    shared_app.extensions["callboard.settings"] = kept
    with shared_app.app_context():
        empty_all_tables()


@pytest.fixture
def board(app: Flask) -> OpenSession:
    @contextmanager
    def open_session() -> Iterator[Session]:
        with app.app_context():
            yield db.session()
            db.session.commit()

    return open_session


@pytest.fixture
def new_browser(app: Flask, url: str) -> Iterator[Callable[..., httpx.Client]]:
    """A browser that follows redirects; `new_browser("ann")` is signed in by password already."""
    browsers = []

    def make(name: str | None = None, role: str = "member") -> httpx.Client:
        browser = plain_client(url, follow_redirects=True)
        if name:
            sit_down(browser, app, name, role)
        browsers.append(browser)
        return browser

    yield make
    for browser in browsers:
        browser.close()


@pytest.fixture
def browser(new_browser) -> httpx.Client:
    return new_browser()


@pytest.fixture
def newcomers(app: Flask) -> Callable[..., None]:
    """`newcomers("member", "example.org")`: they may come in, from these domains."""

    def allow(role: str, *domains: str) -> None:
        settings = app.extensions["callboard.settings"]
        app.extensions["callboard.settings"] = settings.model_copy(
            update={"sso_role": role, "oidc_domains": list(domains)}
        )

    return allow
