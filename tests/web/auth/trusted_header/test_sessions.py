"""The sessions that a header begins: how long they last, and what they are good for."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

import pytest
from sqlalchemy import func, select

from app.db.base import db
from app.models import ApiToken, AuditEntry, Identity, User
from app.web.auth import trusted_header
from tests.conftest import DATABASES, client_of
from tests.deploy.board import Board
from tests.web.auth.trusted_header.naming import (
    ELSEWHERE,
    HEADER,
    ROOT,
    SETTINGS,
    connect,
    is_out,
    methods,
    owner_of,
    people,
    token_of,
)


def test_the_session_ends_when_the_header_is_gone(new_browser, board, has):
    browser = new_browser("ann")
    assert has(browser, "ann")

    del browser.headers[HEADER]

    assert is_out(browser)
    assert methods(board) == []


def test_a_cookie_that_came_by_the_proxy_is_worth_nothing_elsewhere(new_browser, board, has):
    ann, thief = new_browser("ann"), new_browser("ann", ELSEWHERE)
    assert has(ann, "ann")

    thief.cookies.set("callboard", ann.cookies["callboard"], domain="127.0.0.1")

    assert is_out(thief)


def test_the_session_becomes_another_s_when_the_header_names_someone_else(new_browser, board, has):
    browser = new_browser("ann")
    assert has(browser, "ann")

    browser.headers[HEADER] = "bea"

    assert has(browser, "bea")
    assert methods(board) == ["header"]


def test_whom_the_header_names_comes_before_who_signed_in_by_password(
    server, new_browser, board, has
):
    assert has(new_browser("bea"), "bea")
    browser = new_browser("bea")
    cookie = client_of(server.app, "member", "ann").get_cookie("callboard")
    browser.cookies.set("callboard", cookie.value, domain="127.0.0.1")

    assert has(browser, "bea")


def test_someone_who_is_disabled_stays_out(new_browser, board, has):
    browser = new_browser("ann")
    assert has(browser, "ann")
    with board() as session:
        User.named(session, "ann").disable(ROOT)

    assert is_out(browser)
    assert is_out(new_browser("ann"))


def test_programs_doors_never_look_at_it(new_browser, board, has):
    browser = new_browser("root")
    connect(board, "root", "root")
    assert has(browser, "root")

    assert browser.get("/api/v1/tickets").status_code == 401
    assert browser.post("/mcp", json={}).status_code == 401
    with board() as session:
        _, secret = ApiToken.issue(session, name="ci", scopes=["read"], actor=ROOT)
    answer = browser.get("/api/v1/tickets", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200


def test_health_and_static_files_begin_no_session(new_browser, board):
    browser = new_browser("ann")

    assert browser.get("/healthz").status_code == 200
    assert browser.get("/static/css/base.css").status_code == 200
    assert methods(board) == []


def test_a_program_without_cookies_fills_neither_the_sessions_nor_the_audit(new_browser, board):
    browser = new_browser("ann")
    for _ in range(trusted_header.PLACES_MAX + 5):
        assert browser.get("/").status_code == 200
        browser.cookies.clear()

    assert len(methods(board)) == trusted_header.PLACES_MAX
    with board() as session:
        told = select(func.count()).where(AuditEntry.action == "signed_in")
        assert session.scalar(told) == 1


def test_a_form_still_needs_its_token_and_its_own_site(new_browser, board):
    browser = new_browser("ann")
    page = browser.get("/account")

    assert browser.post("/account", data={"theme": "dark"}).status_code == 400
    answer = browser.post("/account", data=token_of(page), headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_a_newcomer_s_first_requests_at_once_make_one_person(new_browser, board, has):
    from concurrent.futures import ThreadPoolExecutor

    browsers = [new_browser("ann") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda browser: browser.get("/").status_code, browsers))

    assert people(board) == {"root": "admin", "ann": "member"}
    assert set(codes) <= {200, 303}
    assert has(browsers[0], "ann")


@pytest.fixture(params=DATABASES)
def app(request, new_database, make_app):
    return make_app(
        new_database(request.param), auth_header=HEADER, auth_header_from="127.0.0.1", sso_role=""
    )


def test_on_both_databases_only_who_is_known_comes_in_unless_newcomers_have_a_role(app):
    with app.app_context():
        for name in ("root", "ann"):
            User.create(db.session(), name=name, role="member", actor=ROOT)
        account: dict[str, Any] = {
            "issuer": "header",
            "subject": "a.lee",
            "label": "a.lee",
            "actor": ROOT,
        }
        Identity.link(db.session(), User.named(db.session(), "ann"), **account)
        db.session.commit()
    client = client_of(app, None)

    assert client.get("/account", headers={HEADER: "new"}).status_code == 303
    assert client.get("/account", headers={HEADER: "a.lee"}).status_code == 200
    assert owner_of(app, client.get_cookie("callboard").value) == "ann"
    answer = client.post("/account", headers={HEADER: "a.lee"}, data={"theme": "dark"})
    assert answer.status_code in (303, 422)
    assert client.get("/account").status_code == 303  # and it is gone with the header
    with app.app_context():
        assert db.session.scalars(select(User.name).order_by(User.id)).all() == ["root", "ann"]


def test_when_the_setting_is_taken_back_the_sessions_that_it_began_are_over(new_database, make_app):
    url = new_database("sqlite")
    settings = {"auth_header": HEADER, "auth_header_from": "127.0.0.1", "sso_role": "member"}
    app = make_app(url, secret_key="the same for both of them", **settings)
    client = client_of(app, None)
    assert client.get("/account", headers={HEADER: "ann"}).status_code == 200

    later = client_of(make_app(url, secret_key="the same for both of them"), None)
    later.set_cookie("callboard", client.get_cookie("callboard").value)

    assert later.get("/account", headers={HEADER: "ann"}).status_code == 303


def test_by_a_unix_socket_whoever_may_open_it_is_the_proxy(tmp_path, new_database, make_app):
    url = new_database("sqlite")
    app = make_app(url)
    settings = {
        **SETTINGS,
        "CALLBOARD_AUTH_HEADER_FROM": "unix",
        "CALLBOARD_SECRET_KEY": app.config["SECRET_KEY"],
        "CALLBOARD_DATABASE_URL": url,
        "WEB_CONCURRENCY": "1",
    }
    with Board(tmp_path, **settings) as board:
        board.start()
        by_socket = board.ask("/account", **{HEADER: "ann", "X-Forwarded-Proto": "https"})

        assert by_socket.status_code == 200
        cookie = SimpleCookie(by_socket.headers["Set-Cookie"])["callboard"]
        assert cookie["secure"]
        assert owner_of(app, cookie.value) == "ann"
