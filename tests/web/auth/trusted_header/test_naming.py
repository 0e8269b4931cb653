"""Who may name people in a header, what a name may be, and whose account it opens."""

from __future__ import annotations

import socket

import pytest
from sqlalchemy import select

from app.models import Invitation, User, UserSession
from tests.conftest import client_of
from tests.web.auth.trusted_header.naming import (
    ELSEWHERE,
    HEADER,
    PROXY,
    ROOT,
    is_out,
    methods,
    people,
    token_of,
)


def test_a_listed_proxy_lets_someone_in_and_one_session_serves_all_their_requests(
    new_browser, board, has
):
    ann = new_browser("ann")

    assert has(ann, "ann")
    assert ann.get("/tickets").status_code == 200
    assert people(board) == {"root": "admin", "ann": "member"}
    assert methods(board) == ["header"]


def test_nobody_is_offered_to_sign_out_whom_the_proxy_would_bring_back_at_once(new_browser, board):
    assert "/sign-out" not in new_browser("ann").get("/tickets").text


@pytest.mark.parametrize("claimed", [{}, {"X-Forwarded-For": PROXY}, {"X-Real-IP": PROXY}])
def test_from_anywhere_else_the_header_is_ignored(new_browser, board, claimed):
    stranger = new_browser("ann", ELSEWHERE)
    stranger.headers.update(claimed)

    assert is_out(stranger)
    assert people(board) == {"root": "admin"}


def test_the_address_of_the_proxy_counts_and_not_the_client_s(new_browser, board, has):
    ann = new_browser("ann")
    ann.headers["X-Forwarded-For"] = "192.0.2.7"

    assert has(ann, "ann")
    with board() as session:
        assert session.scalars(select(UserSession.address)).all() == ["192.0.2.7"]


@pytest.mark.parametrize("alias", ["X_Remote_User", "X-Remote_User", "x_remote-user"])
def test_a_header_that_is_only_written_like_it_is_no_header(new_browser, alias):
    browser = new_browser()
    browser.headers[alias] = "ann"

    assert is_out(browser)


def test_a_header_written_like_it_adds_nothing_to_the_real_one(new_browser, board, has):
    browser = new_browser("ann")
    browser.headers["X_Remote_User"] = "root"

    assert has(browser, "ann")


@pytest.mark.parametrize(
    "said",
    [
        "ann, root",
        "ann,root",
        "ann root",
        "ACME\\ann",
        "ann;",
        "=?utf-8?q?ann?=",
        "-ann",
        "<b>",
        "a" * 65,
    ],
)
def test_a_strange_name_is_a_clear_page(new_browser, board, said):
    answer = new_browser(said).get("/")

    assert answer.status_code == 400
    assert "names you in a way that can&#39;t be read" in answer.text
    assert people(board) == {"root": "admin"}


@pytest.mark.parametrize("said", ["änn".encode("latin-1"), "änn".encode(), b"ann\x00"])
def test_a_name_in_other_letters_is_refused(server, board, said):
    with socket.create_connection(("127.0.0.1", server.port), 5, (PROXY, 0)) as connection:
        connection.sendall(
            b"GET / HTTP/1.1\r\nHost: x\r\nX-Remote-User: "
            + said
            + b"\r\nConnection: close\r\n\r\n"
        )
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert answer.startswith(b"HTTP/1.1 400")
    assert people(board) == {"root": "admin"}


def test_a_header_that_comes_twice_is_refused(new_browser, board):
    answer = new_browser().get("/", headers=[(HEADER, "ann"), (HEADER, "root")])

    assert answer.status_code == 400
    assert people(board) == {"root": "admin"}


def test_an_account_of_the_same_name_is_not_taken_over(new_browser, board):
    browser = new_browser("Root")

    assert is_out(browser)
    page = browser.get("/sign-in")
    assert "names you <strong>Root</strong>" in page.text
    assert people(board) == {"root": "admin"}
    assert methods(board) == []


def test_whoever_owns_an_account_connects_it_with_their_name_at_the_proxy(
    server, new_browser, board, has
):
    browser = new_browser("root")
    cookie = client_of(server.app, "admin", "root").get_cookie("callboard")
    browser.cookies.set("callboard", cookie.value, domain="127.0.0.1")

    page = browser.get("/account")
    assert "Connect root, as the proxy names you" in page.text
    assert browser.post("/account/proxy-name").status_code == 400  # without the form's token
    assert browser.post("/account/proxy-name", data=token_of(page)).status_code == 303

    assert has(new_browser("root"), "root")


def test_an_invitation_lets_in_whom_the_proxy_names(new_browser, board, server, has):
    with board() as session:
        User.create(session, name="ann", role="viewer", actor=ROOT)
        secret = Invitation.to_join(session, role="lead", note=None, actor=ROOT)
    browser = new_browser("ann")
    page = browser.get(f"/join/{secret}")

    assert "Join as ann" in page.text
    assert browser.post(f"/join/{secret}/proxy-name", data=token_of(page)).status_code == 303

    assert people(board) == {"root": "admin", "ann": "viewer", "ann-2": "lead"}
    assert has(browser, "ann-2")
    assert has(new_browser("ann"), "ann-2")
