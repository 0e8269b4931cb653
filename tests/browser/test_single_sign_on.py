"""Through the provider's own page and back, in a real browser, without a word from the console."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app.actor import Actor
from app.db.base import db
from app.models import User
from tests.browser.conftest import Server, new_context
from tests.providers import HonestProvider

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def server(
    new_database: Callable[[str], str],
    make_app: Callable[..., Flask],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A board with a provider, whose newcomers become members."""
    folder = tmp_path_factory.mktemp("board")
    with HonestProvider(folder) as provider, pytest.MonkeyPatch.context() as environment:
        settings = {**provider.settings, "oidc_name": "Acme", "sso_role": "member"}
        for name, value in settings.items():
            environment.setenv(f"CALLBOARD_{name.upper()}", value)
        found = Server(make_app(new_database("sqlite")), folder)
        with found.app.app_context():
            User.create(db.session(), name="root", role="admin", actor=Actor.system())
            db.session.commit()
        with found:
            yield found


@pytest.fixture
def visitor(browser: Browser, server: Server, complaints: list[str]) -> Iterator[Page]:
    """Someone who isn't signed in, on a browser that tells all that it dislikes about our pages."""
    context = new_context(browser, server)
    context.route("https://cdn.jsdelivr.net/**", lambda route: route.fulfill(body=""))
    page = context.new_page()
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None,
    )
    yield page
    context.close()
    assert not complaints, complaints


def authorize(page: Page, subject: str) -> None:
    """What someone does at the provider."""
    page.get_by_placeholder("sub").fill(subject)
    page.get_by_role("button", name="Authorize").click()


def test_someone_comes_in_and_connects_a_second_account(visitor: Page, server: Server) -> None:
    visitor.goto("/tickets?state=closed")
    visitor.get_by_role("link", name="Sign in with Acme").click()
    authorize(visitor, "ann@acme.test")
    expect(visitor).to_have_url(f"{server.url}/tickets?state=closed")

    visitor.goto("/account")
    visitor.get_by_role("link", name="Connect Acme").click()
    authorize(visitor, "a.lee@acme.test")
    expect(visitor.get_by_role("heading", name="Connect this account?")).to_be_visible()
    expect(visitor.get_by_role("main")).to_contain_text("a.lee@acme.test")
    visitor.get_by_role("button", name="Connect").click()

    ways = visitor.get_by_role("region", name="Other ways in")
    expect(ways.get_by_role("listitem")).to_have_count(2)


def test_saying_no_at_the_provider_leads_back_to_the_page_to_sign_in(
    visitor: Page, complaints: list[str]
) -> None:
    visitor.goto("/sign-in")
    visitor.get_by_role("link", name="Sign in with Acme").click()
    with visitor.expect_navigation():
        visitor.get_by_role("button", name="Deny").click()

    expect(visitor.get_by_role("heading")).to_have_text("Acme didn't let you in")
    visitor.get_by_role("link", name="Sign in").click()
    expect(visitor.get_by_role("heading")).to_have_text("Sign in")
    assert ["status of 403" in complaint for complaint in complaints] == [True]
    complaints.clear()
