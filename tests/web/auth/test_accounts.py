"""What people choose for themselves: their name, zone, theme and password, and where they are
signed in."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from app import clock
from app.actor import Actor
from app.forms.account import REGIONS, zone_choices
from app.models import SignInAttempt, User, UserSession
from app.web.auth.browsers import browser_text
from tests.factories import make_ticket
from tests.pages import between, error_at, words

GOOD, BETTER = "four quiet otters sing", "five loud badgers dance"


def choices(**values):
    return {"theme": "system", "time_zone": "", "display_name": "", **values}


def give_password(board, name="ann"):
    with board() as session:
        User.named(session, name).set_password(GOOD, Actor.system())


def has_password(board, password, name="ann"):
    with board() as session:
        return User.named(session, name).has_password(password)


def test_the_form_starts_with_what_everyone_has(client):
    page = client.get("/account").text
    assert between(page, "<h1>", "</h1>").strip() == "Your account"
    assert 'data-theme="system"' in page
    assert "data-time-zone" not in page
    assert "selected" not in between(page, 'name="time_zone"', "</select>")
    assert between(page, '<optgroup label="Not by place">', "</option>").endswith("As the browser")


def test_name_zone_and_theme_are_kept_and_shown_on_every_page(client):
    chosen = choices(display_name=" Ann  Lee ", theme="dark", time_zone="Asia/Kolkata")
    answer = client.post("/account", data=chosen)
    assert answer.status_code == 303
    page = client.get("/tickets").text
    assert 'data-theme="dark"' in page
    assert 'data-time-zone="Asia/Kolkata"' in page
    assert "<strong>Ann Lee</strong><span>ann · lead</span>" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [("theme", "neon"), ("time_zone", "Europe/Atlantis"), ("display_name", "x" * 101)],
)
def test_a_wrong_choice_is_refused_at_its_field_and_nothing_is_saved(client, field, value):
    answer = client.post("/account", data=choices(**{"theme": "dark", field: value}))
    assert answer.status_code == 422
    assert error_at(answer.text, field)
    assert 'data-theme="system"' in client.get("/account").text


@pytest.mark.parametrize("name", ["<b>Ann</b>", "Ann & Bob"])
def test_a_full_name_is_shown_as_text(client, name):
    client.post("/account", data=choices(display_name=name))
    assert name not in client.get("/").text


def test_every_zone_that_can_be_chosen_exists_and_an_old_name_stays_choosable():
    zones = zone_choices("US/Pacific")
    assert set(zones) <= {"Not by place", *REGIONS}
    assert "US/Pacific" in [choice.value for choice in zones["Not by place"]]
    assert "Europe/Paris" in [choice.value for choice in zones["Europe"]]


def test_exact_times_are_told_in_the_chosen_zone(client, board):
    client.post("/account", data=choices(time_zone="Asia/Kolkata"))
    with board() as session, clock.at(clock.now() - timedelta(hours=1)):
        ticket = make_ticket(session)
        moment, address = ticket.created_at, f"/tickets/{ticket.ticket_id}"
    there = (moment + timedelta(hours=5, minutes=30)).strftime("%Y-%m-%d %H:%M:%S IST")
    assert f'title="{there}"' in client.get(address).text


def test_closed_today_counts_from_their_own_midnight(sign_in, board):
    with time_machine.travel("2026-03-02 20:00:00+00:00", tick=False) as now:
        client = sign_in("lead", "ann")
        with board() as session:
            make_ticket(session)
            make_ticket(session).stop(Actor.person("ann"), "not needed")
        now.shift(timedelta(hours=3))

        def closed_today():
            return words(between(client.get("/").text, "state=closed", "closed today"))

        assert closed_today().endswith("1")
        client.post("/account", data=choices(time_zone="Pacific/Kiritimati"))
        assert closed_today().endswith("1")
        client.post("/account", data=choices(time_zone="Africa/Addis_Ababa"))
        assert closed_today().endswith("0"), "it was closed an hour before midnight there"


def test_the_cookie_is_sent_when_it_changes_and_then_no_more(client):
    assert "Set-Cookie" in client.post("/account", data=choices()).headers
    client.get("/account")  # shows the message, and forgets it
    assert "Set-Cookie" not in client.get("/account").headers


def test_a_new_password_asks_for_the_old_one(client, board):
    give_password(board)
    wrong = client.post("/account/password", data={"old": BETTER, "password": BETTER})
    assert wrong.status_code == 422
    assert error_at(wrong.text, "old") == "That isn&#39;t your password."
    assert has_password(board, GOOD)


def test_a_new_password_signs_out_everywhere_else(client, sign_in, board):
    give_password(board)
    elsewhere = sign_in("lead", "ann")
    answer = client.post("/account/password", data={"old": GOOD, "password": BETTER})
    assert answer.status_code == 303
    assert "signed out at one other place" in client.get("/account").text
    assert elsewhere.get("/account").status_code == 303
    assert has_password(board, BETTER)


def test_a_new_password_that_is_too_easy_is_refused(client, board):
    give_password(board)
    answer = client.post("/account/password", data={"old": GOOD, "password": "short"})
    assert (answer.status_code, "At least 12" in error_at(answer.text, "new-password")) == (
        422,
        True,
    )
    assert has_password(board, GOOD)


def test_tries_of_the_old_password_are_throttled_too(client, board):
    give_password(board)
    with board() as session:
        for _ in range(SignInAttempt.PER_ACCOUNT):
            SignInAttempt.begin(session, "ann", "127.0.0.1")
    answer = client.post("/account/password", data={"old": GOOD, "password": BETTER})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "Too many tries" in answer.text


def test_who_has_no_password_sets_one_without_an_old_one(client, board):
    page = client.get("/account").text
    assert "you have none yet" in page
    assert 'name="old"' not in page
    assert client.post("/account/password", data={"password": GOOD}).status_code == 303
    assert has_password(board, GOOD)
    assert 'name="old"' in client.get("/account").text


def test_the_page_tells_where_someone_is_signed_in_and_ends_one_place(client, sign_in, board):
    elsewhere = sign_in("lead", "ann")
    page = client.get("/account").text
    assert page.count("127.0.0.1 ·") == 2
    assert page.count("this one</span>") == 1
    button = between(page, "/account/sessions/", "/sign-out")
    assert client.post(f"/account/sessions/{button}/sign-out").status_code == 303
    assert elsewhere.get("/").status_code == 303
    assert client.get("/").status_code == 200


def test_nobody_ends_a_session_of_someone_else(client, sign_in, board):
    other = sign_in("member", "bob")
    with board() as session:
        bob = User.named(session, "bob")
        place = UserSession.of_user(session, bob.id)[0].id
    client.post(f"/account/sessions/{place}/sign-out")
    assert other.get("/").status_code == 200


def test_signing_out_everywhere_ends_this_session_too(client, sign_in):
    elsewhere = sign_in("lead", "ann")
    answer = client.post("/account/sign-out-everywhere")
    assert answer.location == "/sign-in"
    assert client.get("/").status_code == elsewhere.get("/").status_code == 303


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("", "An unknown browser"),
        (None, "An unknown browser"),
    ],
)
def test_a_browser_is_told_as_people_know_it(said, shown):
    assert browser_text(said).endswith(shown)
