"""Joining by an account at a provider, connecting one with one's own, and letting go of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from app.models import Identity, Invitation, User
from tests.conftest import client_of
from tests.web.auth.single_sign_on.visits import (
    CONNECT,
    ROOT,
    START,
    connect,
    go,
    invite,
    on_both,
    people,
    sit_down,
)


@on_both
def test_an_invitation_is_used_with_an_account_there_instead_of_a_password(browser, board):
    secret = invite(board, "lead")
    assert "Join with Acme" in browser.get(f"/join/{secret}").text

    answer = go(browser, "lea@acme.test", f"/join/{secret}/single-sign-on")

    assert "Welcome, lea." in answer.text
    assert people(board)["lea"] == "lead"
    assert browser.get(f"/join/{secret}").status_code == 404
    browser.post("/sign-out")
    assert go(browser, "lea@acme.test").url.path == "/"


def test_an_invitation_that_was_taken_back_on_the_way_lets_nobody_in(browser, board):
    secret = invite(board)
    form = browser.get(f"/join/{secret}/single-sign-on")
    with board() as session:
        Invitation.pending(session)[0].revoke(ROOT)

    answer = browser.post(form.url, data={"sub": "lea"})

    assert answer.status_code == 404
    assert people(board) == {"root": "admin"}


def test_someone_who_has_an_account_already_comes_in_and_leaves_the_invitation(
    browser, board, provider
):
    connect(board, "root", provider, "r")
    secret = invite(board)

    answer = go(browser, "r", f"/join/{secret}/single-sign-on")

    assert "the invitation wasn&#39;t used" in answer.text
    assert browser.get(f"/join/{secret}").status_code == 200
    assert people(board) == {"root": "admin"}


def test_a_link_for_a_new_password_joins_nobody(browser, board):
    with board() as session:
        secret = Invitation.to_reset(session, User.named(session, "root"), ROOT)

    assert browser.get(f"/join/{secret}/single-sign-on").status_code == 404


def test_an_account_there_is_connected_only_after_its_person_saw_which_one(new_browser, board):
    browser = new_browser("ann")

    page = go(browser, "ann@acme.test", CONNECT)

    assert "Connect this account?" in page.text
    assert "ann@acme.test" in page.text
    with board() as session:
        assert session.scalars(select(Identity)).all() == []
    assert "Connected with ann@acme.test." in browser.post(page.url).text
    assert go(new_browser(), "ann@acme.test").status_code == 200


def test_another_site_can_t_begin_to_connect_an_account(new_browser):
    browser = new_browser("ann")

    answer = browser.get(CONNECT, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert "Authorize Client" not in answer.text


def test_what_one_person_found_another_one_can_t_connect(new_browser, board, app):
    browser = new_browser("ann")
    page = go(browser, "ann@acme.test", CONNECT)
    sit_down(browser, app, "bea")

    assert browser.get(page.url).status_code == 400
    assert browser.post(page.url).status_code == 400
    with board() as session:
        assert session.scalars(select(Identity)).all() == []


def test_a_way_that_one_person_began_doesn_t_end_with_another(new_browser, app):
    browser = new_browser("ann")
    form = browser.get(CONNECT)
    sit_down(browser, app, "bea")

    answer = browser.post(form.url, data={"sub": "ann@acme.test"})

    assert answer.status_code == 400
    assert "Connect this account?" not in answer.text


def test_an_account_that_is_another_s_can_t_be_connected(new_browser, board, provider):
    connect(board, "root", provider, "r")
    browser = new_browser("ann")

    answer = browser.post(go(browser, "r", CONNECT).url)

    assert answer.status_code == 409
    assert "belongs to someone else here" in answer.text


def test_an_account_is_disconnected_unless_nothing_else_lets_its_person_in(
    new_browser, board, provider
):
    browser = new_browser("ann")
    connect(board, "ann", provider, "a-1")
    connect(board, "ann", provider, "a-2")
    connect(board, "root", provider, "r")
    paths = re.findall(r"/account/identities/\d+/disconnect", browser.get("/account").text)
    with board() as session:
        roots = session.scalars(select(Identity.id).where(Identity.subject == "r")).one()

    assert "Disconnected." in browser.post(paths[0]).text
    assert browser.post(paths[1]).status_code == 409
    browser.post(f"/account/identities/{roots}/disconnect")

    with board() as session:
        assert session.scalars(select(Identity.subject).order_by("id")).all() == ["a-2", "r"]


def test_without_a_provider_there_are_no_buttons_and_no_ways(app, sign_in_without_provider):
    stranger, ann = sign_in_without_provider

    assert "single-sign-on" not in stranger.get("/sign-in").text
    assert "single-sign-on" not in ann.get("/account").text
    for client, path in ((stranger, START), (ann, CONNECT)):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "no single sign-on" in answer.text


@pytest.fixture
def sign_in_without_provider(new_database, make_app) -> tuple[Any, Any]:
    app = make_app(new_database("sqlite"))
    return client_of(app, None), client_of(app, "member", "ann")
