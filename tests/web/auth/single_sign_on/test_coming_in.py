"""Coming in by a real provider of OpenID Connect: who, as whom, and where to."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import select

from app import pipeline
from app.actor import Actor
from app.db.base import db
from app.models import AuditEntry, Identity, User, UserSession
from app.web.auth.pending_authorization import KEY, NEXT_MAX, PENDING_MAX
from tests.conftest import client_of
from tests.web.auth.single_sign_on.visits import (
    ROOT,
    START,
    connect,
    go,
    on_both,
    people,
)


def test_nobody_gets_an_account_by_themselves(browser, board):
    answer = go(browser, "ann")

    assert answer.status_code == 403
    assert "Ask an admin for an invitation" in answer.text
    assert people(board) == {"root": "admin"}
    with board() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert (entry.action, entry.actor) == ("sign_in_refused", "unknown")
        assert entry.details == {"method": "oidc", "account": "ann"}


@pytest.mark.parametrize("role", ["viewer", "lead"])
def test_a_newcomer_gets_the_role_that_the_operator_chose(
    browser, board, newcomers, provider, role
):
    newcomers(role)
    provider.knows("zoe", preferred_username="Zoë Müller", name="Zoë Müller", email="z@acme.test")

    assert go(browser, "zoe").url.path == "/"

    assert people(board)["zoe-muller"] == role
    assert "Zoë Müller" in browser.get("/account").text
    with board() as session:
        assert [place.method for place in session.scalars(select(UserSession))] == ["oidc"]
        assert session.scalars(select(Identity.label)).one() == "z@acme.test"


@on_both
def test_someone_comes_back_as_the_same_person_whatever_they_are_called_now(
    new_browser, board, newcomers, provider
):
    newcomers("member")
    provider.knows("s-9", preferred_username="ann")
    go(new_browser(), "s-9")
    provider.knows("s-9", preferred_username="bea", email="bea@acme.test")
    browser = new_browser()

    assert go(browser, "s-9").url.path == "/"

    assert people(board) == {"root": "admin", "ann": "member"}


def test_a_name_or_an_address_opens_nobody_else_s_account(browser, board, newcomers, provider):
    newcomers("viewer")
    provider.knows("attacker", preferred_username="root", email="root@acme.test")

    go(browser, "attacker")

    assert people(board) == {"root": "admin", "root-2": "viewer"}
    assert browser.get("/projects/new").status_code == 403


@pytest.mark.parametrize(
    ("claims", "is_welcome"),
    [
        ({"email": "ann@Example.org", "email_verified": True}, True),
        ({"email": "ann@example.org", "email_verified": "true"}, True),
        ({"email": "ann@example.org", "email_verified": False}, False),
        ({"email": "ann@example.org"}, False),
        ({"email": "ann@example.org.evil.test", "email_verified": True}, False),
        ({"email": "ann@evil.test@sub.example.org", "email_verified": True}, False),
        ({}, False),
    ],
)
def test_newcomers_need_a_verified_address_of_a_listed_domain(
    browser, board, newcomers, provider, claims, is_welcome
):
    newcomers("member", "example.org", "example.net")
    provider.knows("ann", preferred_username="ann", **claims)

    answer = go(browser, "ann")

    assert (answer.status_code == 200) is is_welcome
    assert ("ann" in people(board)) is is_welcome


def test_someone_who_is_disabled_stays_out(browser, board, provider):
    with board() as session:
        pipeline.disable_person(
            session, User.create(session, name="ann", role="lead", actor=ROOT), ROOT
        )
    connect(board, "ann", provider, "ann")

    answer = go(browser, "ann")

    assert answer.status_code == 403
    assert "disabled" in answer.text
    assert browser.get("/tickets").url.path == "/sign-in"


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/tickets?state=closed", "/tickets"),
        ("", "/"),
        ("//evil.test/", "/"),
        ("https://evil.test/", "/"),
        ("/\\evil.test", "/"),
        ("/tickets?q=" + "x" * NEXT_MAX, "/"),
    ],
)
def test_it_leads_to_where_someone_wanted_to_go_but_to_no_other_site(
    browser, board, provider, wanted, path
):
    connect(board, "root", provider, "r")

    answer = go(browser, "r", str(httpx.URL(START, params={"next": wanted})))

    assert (answer.url.path, answer.url.port) == (path, browser.base_url.port)
    assert answer.status_code == 200


def test_the_page_to_sign_in_has_a_link_that_keeps_where_one_wanted_to_go(browser):
    page = browser.get("/tickets?state=closed")

    assert "Sign in with Acme" in page.text
    assert f'href="{START}?next=/tickets?state%3Dclosed"' in page.text


def test_saying_no_there_is_a_clear_page(browser):
    form = browser.get(START)

    answer = browser.post(form.url, data={"action": "deny"})

    assert answer.status_code == 403
    assert "You said no there" in answer.text


def test_what_a_forged_answer_says_is_neither_believed_nor_shown(browser):
    form = browser.get(START)
    state = form.url.params["state"]

    answer = browser.get(
        f"{START}/back?state={state}&error=call+0800-EVIL&error_description=pay+here"
    )

    assert answer.status_code == 403
    assert "EVIL" not in answer.text
    assert "pay here" not in answer.text


@pytest.mark.parametrize("state", ["", "&state=", "&state=guessed"])
def test_an_answer_that_this_browser_never_asked_for_is_refused(
    new_browser, board, provider, state
):
    connect(board, "root", provider, "r")
    other = new_browser()
    other.follow_redirects = False
    form = other.get(other.get(START).headers["Location"])
    back = httpx.URL(other.post(form.url, data={"sub": "r"}).headers["Location"])
    victim = new_browser()

    answer = victim.get(f"{START}/back?code={back.params['code']}{state}")

    assert answer.status_code == 400
    assert "begun in another browser" in answer.text
    assert victim.get("/").url.path == "/sign-in"
    assert victim.get(back).status_code == 400  # with the attacker's own state, too


def test_a_way_leads_back_once(browser, board, provider):
    connect(board, "root", provider, "r")
    browser.follow_redirects = False
    form = browser.get(browser.get(START).headers["Location"])
    back = browser.post(form.url, data={"sub": "r"}).headers["Location"]
    assert browser.get(back).status_code == 303
    assert KEY not in browser.cookies["callboard"]
    browser.post("/sign-out")

    assert browser.get(back).status_code == 400


def test_the_cookie_stays_small_however_often_someone_begins(browser):
    browser.follow_redirects = False
    first = httpx.URL(browser.get(START, params={"next": "/" + "x" * 400}).headers["Location"])
    for _ in range(PENDING_MAX):
        browser.get(START, params={"next": "/" + "y" * 400})

    assert len(browser.cookies["callboard"]) < 3_500
    forgotten = browser.get(f"{START}/back?code=x&state={first.params['state']}")
    assert forgotten.status_code == 400


def test_behind_a_proxy_under_a_path_the_way_back_is_the_public_address(
    new_database, make_app, provider
):
    app = make_app(new_database("sqlite"), proxy_hops=1, **provider.settings)
    headers = {
        "X-Forwarded-For": "192.0.2.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "board.example.org",
        "X-Forwarded-Prefix": "/board",
    }
    with app.app_context():
        User.create(db.session(), name="root", role="admin", actor=Actor.system())
        db.session.commit()

    sent = httpx.URL(client_of(app, None).get(START, headers=headers).location)

    assert sent.params["redirect_uri"] == f"https://board.example.org/board{START}/back"


def test_the_way_back_is_below_the_address_that_the_operator_named(
    new_database, make_app, provider
):
    app = make_app(new_database("sqlite"), public_url="https://x.test/b", **provider.settings)

    sent = httpx.URL(client_of(app, None).get(START).location)

    assert sent.params["redirect_uri"] == f"https://x.test/b{START}/back"
