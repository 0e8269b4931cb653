"""Who is at the page: a name and a theme, kept in the browser's own cookie."""

import pytest

from app.forms.account import NAME_MAX
from tests.factories import make_project, make_worker


def test_the_form_starts_empty_with_the_system_s_theme(client):
    page = client.get("/account").text

    assert 'id="name" name="name" type="text" value=""' in page
    assert 'checked id="theme-0"' in page
    assert 'data-theme="system"' in page


def test_a_name_and_a_theme_are_kept_and_shown(client):
    answer = client.post("/account", data={"name": "  Ann  Lee ", "theme": "dark"})

    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "Saved on this browser." in page
    assert 'data-theme="dark"' in page
    assert 'value="Ann Lee"' in page
    assert ">Ann Lee</a>" in page


def test_what_someone_does_carries_their_name(client, board):
    with board() as session:
        make_project(session)
        make_worker(session, worker_id="w-1")
    client.post("/account", data={"name": "Ann", "theme": "system"})
    client.post("/workers/w-1/declare-dead")

    assert "declared dead by Ann" in client.get("/events").text


def test_the_cookie_is_sent_when_it_changes_and_then_no_more(client):
    assert "Set-Cookie" in client.post("/account", data={"name": "Ann", "theme": "dark"}).headers
    client.get("/account")  # shows the message, and forgets it

    assert "Set-Cookie" not in client.get("/account").headers
    assert "Set-Cookie" not in client.get("/").headers


def test_a_name_that_is_too_long_stays_in_its_field_with_the_reason(client):
    name = "x" * (NAME_MAX + 1)
    answer = client.post("/account", data={"name": name, "theme": "dark"})

    assert answer.status_code == 422
    assert f"At most {NAME_MAX} characters." in answer.text
    assert f'value="{name}"' in answer.text


def test_an_unknown_theme_is_refused(client):
    answer = client.post("/account", data={"name": "Ann", "theme": "neon"})

    assert answer.status_code == 422
    assert "Not a valid choice" in answer.text


@pytest.mark.parametrize("name", ["<b>Ann</b>", "Ann & Bob"])
def test_a_name_is_shown_as_text(client, name):
    client.post("/account", data={"name": name, "theme": "light"})

    assert name not in client.get("/").text
