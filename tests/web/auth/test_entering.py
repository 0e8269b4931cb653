"""Coming in and leaving: by password, by link, and out again."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.actor import Actor
from app.models import AuditEntry, Invitation, SignInAttempt, Ticket, User
from app.web.auth.entering import is_path_here
from tests.factories import make_project
from tests.pages import between, without_tokens

GOOD = "four quiet otters sing"
ROOT = Actor.operator("root")


def make_user(board, name="ann", *, password=GOOD, is_disabled=False):
    with board() as session:
        if not User.exist(session):
            User.create(session, name="root", role="admin", actor=ROOT)
        user = User.create(session, name=name, role="member", password=password, actor=ROOT)
        if is_disabled:
            user.disable(ROOT)


def sign_in_with(browser, name="ann", password=GOOD, **values):
    return browser.post("/sign-in", data={"name": name, "password": password, **values})


def link_for(board, purpose, name="ann"):
    with board() as session:
        if purpose == "setup":
            return "/join/" + Invitation.for_setup(session, ROOT)
        if purpose == "reset":
            return "/reset/" + Invitation.to_reset(session, User.named(session, name), ROOT)
        return "/join/" + Invitation.to_join(session, role="member", note=None, actor=ROOT)


def told(board):
    with board() as session:
        return session.scalars(select(AuditEntry.action).order_by(AuditEntry.id.desc())).first()


def test_the_right_password_leads_where_someone_wanted_to_go(stranger, board):
    make_user(board)
    asked = stranger.get("/tickets?state=closed")
    assert (asked.status_code, asked.location) == (303, "/sign-in?next=/tickets?state%3Dclosed")
    answer = sign_in_with(stranger, next="/tickets?state=closed")
    assert (answer.status_code, answer.location) == (303, "/tickets?state=closed")
    assert stranger.get("/tickets").status_code == 200
    assert told(board) == "signed_in"


def test_nobody_is_told_whether_a_name_is_known(stranger, board):
    make_user(board)
    make_user(board, "dora", is_disabled=True)
    make_user(board, "olga", password=None)
    tries = [("ann", "wrong wrong wrong"), ("dora", GOOD), ("olga", GOOD), ("nobody", GOOD)]
    answers = [sign_in_with(stranger, *pair) for pair in tries]
    assert [answer.status_code for answer in answers] == [422] * 4
    pages = {
        without_tokens(a.text).replace(n, "") for a, (n, _) in zip(answers, tries, strict=True)
    }
    assert len(pages) == 1
    assert "That name and password don&#39;t fit together." in pages.pop()


def test_every_refusal_costs_as_many_queries(stranger, board, app):
    from tests.statements import counting_queries

    make_user(board)
    counts = []
    for name in ("ann", "nobody"):
        with counting_queries(app) as sent:
            sign_in_with(stranger, name, "wrong wrong wrong")
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_a_refusal_is_in_the_audit_without_a_name_that_nobody_has(stranger, board):
    make_user(board)
    for name in ("ann", "my secret password"):
        sign_in_with(stranger, name, "wrong wrong wrong")
    with board() as session:
        refusals = session.execute(
            select(AuditEntry.actor, AuditEntry.subject, AuditEntry.address)
            .where(AuditEntry.action == "sign_in_refused")
            .order_by(AuditEntry.id)
        ).all()
    assert refusals == [("unknown", "ann", "127.0.0.1"), ("unknown", None, "127.0.0.1")]


def test_too_many_tries_are_told_when_to_come_back_and_the_name_stays(stranger, board):
    make_user(board)
    with board() as session:
        for _ in range(SignInAttempt.PER_ACCOUNT):
            SignInAttempt.begin(session, "ann", "127.0.0.1")
    answer = sign_in_with(stranger)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert "Too many tries. Wait 15 minutes" in answer.text
    assert 'value="ann"' in answer.text
    assert GOOD not in answer.text


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "///evil.example",
        "//[evil",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "evil.example",
        " //evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "/\n/evil.example",
        "/\x00/evil.example",
        "/..//evil.example",
        "/./evil",
        "/tickets/../../elsewhere",
        "/%2e%2e/elsewhere",
        "/%2E./elsewhere",
        "/\u202e/tickets",
        "",
    ],
)
def test_no_address_leads_elsewhere_after_signing_in(wanted):
    assert not is_path_here(wanted)


@pytest.mark.parametrize(
    "wanted", ["/", "/tickets?q=a//b&x=../y", "/tickets/WEB-1#c-3", "/search?q=Jörg", "/%09/evil"]
)
def test_an_address_of_this_board_is_followed(wanted):
    assert is_path_here(wanted)


@pytest.mark.parametrize("prefix", ["", "/board"])
def test_signing_in_stays_on_this_board_under_a_prefix_too(stranger, board, prefix):
    make_user(board)
    place = {"environ_overrides": {"SCRIPT_NAME": prefix}}
    asked = stranger.get("/tickets", **place)
    assert asked.location == f"{prefix}/sign-in?next=/tickets"
    for wanted, location in (("//evil.example", "/"), ("/%2e%2e/x", "/"), ("/tickets", "/tickets")):
        data = {"name": "ann", "password": GOOD, "next": wanted}
        answer = stranger.post("/sign-in", data=data, **place)
        assert (answer.status_code, answer.location) == (303, prefix + location)
        stranger.post("/sign-out", **place)


def test_who_is_signed_in_needs_no_form(client):
    assert client.get("/sign-in?next=/tickets").location == "/tickets"
    assert client.get("/sign-in?next=//evil.example").location == "/"


def test_signing_out_ends_the_session_itself(stranger, board):
    make_user(board)
    sign_in_with(stranger)
    cookie = stranger.get_cookie("callboard").value
    assert stranger.post("/sign-out").location == "/sign-in"
    assert told(board) == "signed_out"
    stranger.set_cookie("callboard", cookie)
    assert stranger.get("/").status_code == 303


def test_a_new_board_leads_everyone_to_its_setup(stranger, board):
    for address in ("/", "/tickets", "/sign-in", "/people"):
        answer = stranger.get(address)
        assert (answer.status_code, answer.location) == (303, "/setup")
    assert "callboard setup-link" in stranger.get("/setup").text


def test_the_setup_link_makes_the_first_admin_and_signs_them_in(stranger, board):
    link = link_for(board, "setup")
    page = stranger.get(link).text
    assert "become its first admin" in page
    assert "Set up the board</button>" in page
    assert "Join" not in page
    answer = stranger.post(link, data={"name": "Ann", "password": GOOD})
    assert (answer.status_code, answer.location) == (303, "/")
    assert stranger.get("/people").status_code == 200
    assert stranger.get("/setup").location == "/"
    assert stranger.get(link).status_code == 404


def test_a_refused_name_keeps_the_link_and_what_was_typed(stranger, board):
    make_user(board)
    link = link_for(board, "invitation")
    refused = stranger.post(link, data={"name": "ANN", "password": GOOD})
    assert refused.status_code == 409
    assert "The name ann is taken" in refused.text
    assert 'value="ANN"' in refused.text
    assert stranger.post(link, data={"name": "bob", "password": GOOD}).status_code == 303


def test_a_reset_link_gives_a_new_password_and_signs_out_everywhere_else(stranger, sign_in, board):
    make_user(board)
    elsewhere = sign_in("member", "ann")
    link = link_for(board, "reset")
    answer = stranger.post(link, data={"password": "five loud badgers dance"})
    assert answer.location == "/"
    assert stranger.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303
    assert stranger.get(link).status_code == 404


@pytest.mark.parametrize("purpose", ["setup", "invitation", "reset"])
def test_no_other_page_is_told_an_address_that_lets_someone_in(stranger, board, purpose):
    if purpose != "setup":
        make_user(board)
    link = link_for(board, purpose)
    for address in (link, link + "x"):
        answer = stranger.get(address)
        assert answer.headers["Referrer-Policy"] == "strict-origin"
        assert answer.headers["Cache-Control"] == "no-store"
    assert stranger.get(link).status_code == 200


def test_pages_for_strangers_show_nothing_of_the_board(stranger, board):
    make_user(board)
    for address in ("/sign-in", link_for(board, "invitation"), link_for(board, "reset")):
        page = stranger.get(address).text
        assert 'aria-label="Main"' not in page
        assert "New ticket" not in page


def test_a_region_is_told_that_its_reader_is_signed_out(stranger, board):
    make_user(board)
    answer = stranger.get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.text) == (401, "Signed out.")


def test_what_was_typed_while_signed_out_is_shown_kept_and_can_be_sent_again(
    stranger, sign_in, board, app
):
    make_user(board)
    with board() as session:
        make_project(session)
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        typed = {"project": "acme/web", "title": "<Old> news", "execution_plan": "review"}
        page = stranger.post("/tickets/new", data={**typed, "plan": "review", "password": "x"})
        assert page.status_code == 401
        assert "&lt;Old&gt; news</pre>" in page.text
        assert 'name="title" value="&lt;Old&gt; news"' in page.text
        assert 'name="password"' not in page.text
        token = between(page.text, 'name="csrf_token" value="', '"')
        form = stranger.get("/sign-in").text
        other_tab = between(form, 'name="csrf_token" value="', '"')
        assert sign_in_with(stranger, csrf_token=other_tab).status_code == 303
        again = stranger.post("/tickets/new", data={**typed, "plan": "review", "csrf_token": token})
        assert again.status_code == 303, again.text
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    with board() as session:
        assert session.scalars(select(Ticket.title)).all() == ["<Old> news"]


def test_a_form_of_before_signing_out_can_be_sent_after_signing_in(stranger, board, app):
    make_user(board)
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        token = between(stranger.get("/sign-in").text, 'name="csrf_token" value="', '"')
        for _ in range(2):
            assert sign_in_with(stranger, csrf_token=token).status_code == 303
            assert stranger.post("/sign-out", data={"csrf_token": token}).status_code == 303
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
