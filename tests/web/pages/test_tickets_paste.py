"""A list that is pasted: looked at, then made into tickets, all or none."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.forms.paste import read_list
from app.models import Ticket, TicketLabel
from tests.conftest import OpenSession
from tests.factories import PROJECT, ROLES, make_project
from tests.pages import between, error_at, parsed, words
from tests.statements import counting_queries

LIST = """
- [ ] Guest checkout
    - [ ] API
      1. Endpoints
      2. Tests
    * Page
- [x] Sign in
    - [ ] Forgotten passwords
Payment
"""
TITLES = ["Guest checkout", "API", "Endpoints", "Tests", "Page", "Forgotten passwords", "Payment"]


@pytest.fixture
def project(board: OpenSession) -> None:
    with board() as session:
        make_project(session)


def send(client: FlaskClient, text: str, **also: Any):
    fields = {"project": PROJECT, "text": text, "plan": [*ROLES], "priority": "1", **also}
    return client.post("/tickets/new/list", data=fields)


def create(client: FlaskClient, preview: str):
    """Press the button below what will be made."""
    (form,) = parsed(preview).select("main form")
    sent: dict[str, list[str]] = {}
    for each in form.select("input[name], textarea[name]"):
        sent.setdefault(str(each["name"]), []).append(str(each.get("value", each.text)))
    return client.post("/tickets/new/list", data=sent)


def test_lines_become_tickets_and_indentation_makes_parts() -> None:
    found = read_list(LIST)
    assert [line.title for line in found.lines] == TITLES
    titles = {line.number: line.title for line in found.lines}
    assert {line.title: titles.get(line.parent or 0) for line in found.lines} == {
        "Guest checkout": None,
        "API": "Guest checkout",
        "Endpoints": "API",
        "Tests": "API",
        "Page": "Guest checkout",
        "Forgotten passwords": None,
        "Payment": None,
    }
    assert found.ticked == [7]


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("- one", "one"),
        ("* one", "one"),
        ("+ one", "one"),
        ("12. one", "one"),
        ("3) one", "one"),
        ("- [ ] one", "one"),
        ("[ ] one", "one"),
        ("\t- one ", "one"),
        ("-one", "-one"),
        ("3.5 seconds", "3.5 seconds"),
        ("[link] one", "[link] one"),
    ],
)
def test_marks_before_a_line_are_taken_away(typed: str, title: str) -> None:
    assert [line.title for line in read_list(typed).lines] == [title]


@pytest.mark.parametrize("typed", ["", "  ", "-", "- [ ]", "1.", "\n\n"])
def test_lines_that_say_nothing_are_none(typed: str) -> None:
    assert read_list(typed).lines == []


@given(st.text(max_size=300))
def test_whatever_is_pasted_is_read(text: str) -> None:
    found = read_list(text)
    numbers = [line.number for line in found.lines]
    assert numbers == sorted(set(numbers))
    assert all(line.parent is None or line.parent < line.number for line in found.lines)
    assert all(line.parent is None or line.parent in numbers for line in found.lines)


@pytest.mark.usefixtures("project")
def test_what_will_be_made_is_shown_before_it_is_made(
    client: FlaskClient, board: OpenSession
) -> None:
    preview = send(client, LIST, labels="shop, q3", assignee="ann")

    assert words(between(preview.text, "<h1", "</h1>")) == "Create 7 tickets"
    shown = [words(str(li)) for li in parsed(preview.text).select(".pasted > li")]
    assert shown[:2] == ["2 Guest checkout", "3 API"]
    assert "1 left out, ticked off already: line 7." in words(preview.text)
    with board() as session:
        assert session.query(Ticket).count() == 0

    answer = create(client, preview.text)

    assert answer.status_code == 303, words(answer.text)
    with board() as session:
        tickets = {ticket.title: ticket for ticket in session.query(Ticket)}
        assert tickets.keys() == set(TITLES)
        assert [tickets[title].ticket_id for title in TITLES[:2]] == ["WEB-1", "WEB-2"]
        assert tickets["Endpoints"].parent_id == tickets["API"].ticket_id
        assert {ticket.priority for ticket in tickets.values()} == {1}
        assert tickets["Payment"].execution_plan == [*ROLES]
        assert TicketLabel.of(session, "WEB-1") == ["q3", "shop"]
        assert {ticket.assignee for ticket in tickets.values()} == {"ann"}


@pytest.mark.usefixtures("project")
def test_the_same_list_sent_twice_is_made_once(client: FlaskClient, board: OpenSession) -> None:
    preview = send(client, "one\ntwo").text
    create(client, preview)
    again = create(client, preview)

    assert "made into tickets before" in words(client.get(again.location).text)
    with board() as session:
        assert session.query(Ticket).count() == 2


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("text", "also", "field", "said"),
    [
        ("fine\n" + "x" * 201, {}, "text", "Line 2: At most 200 characters; this has 201."),
        ("one\x07", {}, "text", "Line 1:"),
        ("- [x] done", {}, "text", "No line of this list is left to do."),
        ("", {}, "text", "This can't be empty."),
        ("x\n" * 1_001, {}, "text", "At most 1,000 tickets at once; these are 1,001."),
        ("one", {"plan": ""}, "plan", "Choose at least one worker type."),
        ("one", {"plan": "none", "step": "create"}, "plan", "has no worker type none."),
        ("one", {"assignee": "nan", "step": "create"}, "assignee", "nobody named nan"),
        ("one", {"labels": "x" * 65}, "labels", "At most 64 characters"),
    ],
)
def test_mistakes_are_told_and_nothing_is_made(
    client: FlaskClient, board: OpenSession, text: str, also: dict, field: str, said: str
) -> None:
    answer = send(client, text, **also)

    assert answer.status_code == 422
    assert said.replace("'", "&#39;") in error_at(answer.text, field)
    with board() as session:
        assert session.query(Ticket).count() == 0


@pytest.mark.usefixtures("project")
def test_one_may_go_back_to_the_list(client: FlaskClient) -> None:
    page = send(client, "one\n  two", back="1").text
    assert parsed(page).select_one("textarea[name=text]").text.strip("\r\n") == "one\n  two"


def test_another_project_shows_its_worker_types_and_keeps_the_list(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
        make_project(session, "acme/api", roles=["writing"])
    page = send(client, "one", project="acme/api", plan_action="project").text
    assert "writing" in page
    assert parsed(page).select_one("textarea[name=text]").text.strip() == "one"
    assert parsed(page).select_one("#project option[selected]").text == "acme/api"


def test_a_long_list_takes_as_many_statements_as_a_short_one(
    app: Flask, client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
    sent = []
    for count in (2, 40):
        preview = send(client, "\n".join(f"Line {n}" for n in range(count))).text
        with counting_queries(app) as statements:
            create(client, preview)
        sent.append(len(statements))
    assert sent[0] == sent[1]
