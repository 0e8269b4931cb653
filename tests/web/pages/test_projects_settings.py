"""A project's settings: changing it, putting it away, deleting it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.models import Comment, PlanTemplate, Project, StageRun, Ticket, Worker, WorkerType
from app.queries.projects.list import Contents
from tests.conftest import OpenSession
from tests.factories import (
    ANN,
    PROJECT,
    claim,
    make_project,
    make_ticket,
    make_worker,
    run_stage,
)
from tests.pages import between

SETTINGS = f"/projects/{PROJECT}/-/settings"
DELETE = f"/projects/{PROJECT}/-/delete"


def seen_on(page: str) -> str:
    """The state of the row that a form was drawn from."""
    return unescape(between(page, 'name="seen" type="hidden" value="', '"'))


def filled(client: FlaskClient, **changes: str) -> dict[str, Any]:
    """The settings form as a person would send it."""
    values = {"path": "/new", "short_description": "", "rules": "", "patterns": ""}
    return {**values, "seen": seen_on(client.get(SETTINGS).text), **changes}


@pytest.fixture(autouse=True)
def project(board: OpenSession) -> None:
    with board() as session:
        make_project(session, rules="Old rules", short_description="Old")


def test_the_form_shows_what_is_saved(client: FlaskClient) -> None:
    page = client.get(SETTINGS).text

    assert "Old rules" in page
    assert 'value="/src/acme/web"' in page
    assert "WEB-1" in page


def test_settings_are_saved(client: FlaskClient, board: OpenSession) -> None:
    answer = client.post(
        SETTINGS,
        data=filled(client, short_description="Shop", rules="One\r\nTwo", patterns="Three"),
    )

    assert answer.status_code == 303
    assert answer.location == f"/projects/{PROJECT}"
    with board() as session:
        row = session.get_one(Project, PROJECT)
        assert (row.path, row.short_description) == ("/new", "Shop")
        assert (row.rules, row.patterns) == ("One\nTwo", "Three")


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("path", " ", "can&#39;t be empty"),
        ("path", "p" * 1001, "At most 1,000"),
        ("short_description", "d" * 201, "At most 200"),
        ("rules", "r" * 65_537, "At most 65,536"),
        ("patterns", "a\x00b", "control character (U+0000)"),
    ],
)
def test_bad_input_is_told_at_its_field_and_stays(
    client: FlaskClient, board: OpenSession, field: str, value: str, says: str
) -> None:
    answer = client.post(SETTINGS, data=filled(client, **{field: value, "patterns": value}))

    assert answer.status_code == 422
    assert says in answer.text.split(f'id="{field}-error">')[1].split("</span>")[0]
    with board() as session:
        assert session.get_one(Project, PROJECT).path == "/src/acme/web"


def test_an_edit_that_lost_the_race_shows_both_and_saves_nothing(
    client: FlaskClient, board: OpenSession
) -> None:
    mine = filled(client, rules="My rules")
    client.post(SETTINGS, data=filled(client, rules="Their rules"))

    answer = client.post(SETTINGS, data=mine)

    assert answer.status_code == 409
    assert "Someone else saved" in answer.text
    compared = between(answer.text, 'class="compare card"', "<form")
    assert "Their rules" in compared
    assert "My rules" in compared
    assert "My rules</textarea>" in answer.text
    with board() as session:
        assert session.get_one(Project, PROJECT).rules == "Their rules"


def test_sent_once_more_the_edit_that_lost_goes_over_what_is_saved(
    client: FlaskClient, board: OpenSession
) -> None:
    mine = filled(client, rules="My rules")
    client.post(SETTINGS, data=filled(client, rules="Their rules"))
    lost = client.post(SETTINGS, data=mine)

    answer = client.post(SETTINGS, data={**mine, "seen": seen_on(lost.text)})

    assert answer.status_code == 303
    with board() as session:
        assert session.get_one(Project, PROJECT).rules == "My rules"


def test_a_new_ticket_doesnt_make_the_form_stale(client: FlaskClient, board: OpenSession) -> None:
    form = filled(client)
    with board() as session:
        make_ticket(session)

    assert client.post(SETTINGS, data=form).status_code == 303


def test_a_project_is_archived_and_taken_back(client: FlaskClient, board: OpenSession) -> None:
    assert client.post(f"/projects/{PROJECT}/-/archive").location == SETTINGS
    with board() as session:
        assert session.get_one(Project, PROJECT).is_archived
    assert "Take it back into work" in client.get(SETTINGS).text

    client.post(f"/projects/{PROJECT}/-/archive")
    client.post(f"/projects/{PROJECT}/-/unarchive")

    with board() as session:
        assert not session.get_one(Project, PROJECT).is_archived


def test_archiving_takes_a_post(client: FlaskClient) -> None:
    assert client.get(f"/projects/{PROJECT}/-/archive").status_code == 405


def test_the_page_says_exactly_what_a_deletion_takes_along(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        run_stage(session, make_ticket(session)).complete("done")
        make_ticket(session)
        claim(session, make_worker(session))
        PlanTemplate.create(session, actor=ANN, project_id=PROJECT, name="Two", plan=["review"])

    page = client.get(DELETE).text

    facts = page.split('<dl class="facts">')[1].split("</dl>")[0]
    said = dict(
        zip(
            [part.split("</dt>")[0].strip() for part in facts.split("<dt>")[1:]],
            [part.split("</dd>")[0].strip() for part in facts.split("<dd>")[1:]],
            strict=True,
        )
    )
    assert said == {
        "Tickets": "2",
        "Comments": "1",
        "Runs": "2",
        "Events": "7",
        "Workers": "2",
        "Worker types": "3",
        "Plan templates": "1",
    }
    assert "1 run is in progress" in page


@pytest.mark.parametrize("typed", ["", "acme", "ACME/WEB", "acme/web2", "yes"])
def test_without_its_name_a_project_stays(
    client: FlaskClient, board: OpenSession, typed: str
) -> None:
    answer = client.post(DELETE, data={"confirm": typed})

    assert answer.status_code == 422
    assert "Type acme/web exactly" in answer.text.split('id="confirm-error">')[1]
    with board() as session:
        assert session.get(Project, PROJECT)


def test_with_its_name_typed_a_project_goes_with_all_it_has(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        run_stage(session, make_ticket(session)).complete("done")
        first, second = make_ticket(session), make_ticket(session)
        first.block_by(second.ticket_id, ANN)
        claim(session, make_worker(session))
        make_ticket(session, project="acme/other")

    answer = client.post(DELETE, data={"confirm": f" {PROJECT} "})

    assert answer.status_code == 303
    assert answer.location == "/projects"
    assert "was deleted" in client.get("/projects").text
    with board() as session:
        left = [
            session.scalar(select(func.count()).select_from(model))
            for model in (Project, Ticket, Comment, StageRun, Worker, WorkerType)
        ]
    assert left == [1, 1, 0, 0, 0, 3]


def test_a_deletion_tells_what_goes_with_the_project(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds = Contents(50_000, 1_000, 999, 2, 1_000, 1_200, 6, 3)
    monkeypatch.setattr("app.web.pages.projects.queries.contents", lambda *_: holds)

    page = client.get(DELETE).text

    told = re.findall(r"<dt>([^<]+)</dt>\s*<dd>\s*([^<]*?)\s*</dd>", page)
    assert told == [
        ("Tickets", "50,000"),
        ("Comments", "1,000+"),
        ("Runs", "999"),
        ("Events", "1,000+"),
        ("Workers", "1,200"),
        ("Worker types", "6"),
        ("Plan templates", "3"),
    ]
    assert "2 runs are in progress" in page


def test_a_deletion_sent_twice_finds_nothing_the_second_time(client: FlaskClient) -> None:
    client.post(DELETE, data={"confirm": PROJECT})

    assert client.post(DELETE, data={"confirm": PROJECT}).status_code == 404
