"""Acting on many tickets by form: what it takes, what it will do, what became of each."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.models import Event, Ticket, User
from app.pipeline.actions import ACTIONS
from app.pipeline.many import ACT_MAX
from tests.conftest import OpenSession, SignIn
from tests.factories import ANN, GATE, ROLES, make_project, make_ticket, run_stage
from tests.pages import between, parsed, words
from tests.statements import counting_queries

IDS = ["T-1", "T-2", "T-3", "T-4"]


@pytest.fixture(autouse=True)
def tickets(board: OpenSession) -> None:
    """Two that are ready, one that runs, one that is closed."""
    with board() as session:
        make_project(session)
        make_project(session, "acme/api")
        User.create(session, name="bob", role="member", actor=ANN)
        running = make_ticket(session, ticket_id="T-3", priority=0)
        run_stage(session, running)
        for ticket_id in ("T-1", "T-2"):
            make_ticket(session, ticket_id=ticket_id, labels=["ui"])
        make_ticket(session, ticket_id="T-4").stop(ANN)


def send(client: FlaskClient, **fields: Any):
    return client.post("/tickets/bulk", data=fields)


def hidden_fields(page: str, address: str = "/tickets/bulk") -> dict[str, Any]:
    """What the only form of a page that goes there would send."""
    (form,) = parsed(page).select(f'main form[action="{address}"]')
    found: dict[str, Any] = {}
    for each in form.select("input[name], textarea[name], select[name]"):
        if each.get("type") in ("radio", "checkbox") and not each.has_attr("checked"):
            continue
        value = each.get("value", each.text.strip() if each.name == "textarea" else "")
        found.setdefault(str(each["name"]), []).append(value)
    return found


def go_on(client: FlaskClient, page: str, **typed: Any):
    """Press the button of a step."""
    return client.post("/tickets/bulk", data={**hidden_fields(page), **typed})


def states(board: OpenSession) -> list[str]:
    with board() as session:
        return [session.get_one(Ticket, ticket_id).state for ticket_id in IDS]


def heading(page: str) -> str:
    return words(between(page, "<h1", "</h1>"))


def test_what_it_will_do_is_counted_before_it_is_done(
    client: FlaskClient, board: OpenSession
) -> None:
    counted = send(client, action="hold", ticket=IDS)

    assert heading(counted.text) == "Put 3 tickets on hold"
    assert "1 is being worked on" in words(counted.text)
    assert "1 can’t: T-4: is closed." in words(counted.text)
    assert states(board) == ["open", "open", "open", "closed"]

    done = go_on(client, counted.text, reason="The design changes.")

    assert done.status_code == 200
    assert heading(done.text) == "3 tickets put on hold"
    assert states(board) == ["on_hold", "on_hold", "on_hold", "closed"]
    with board() as session:
        held = session.query(Event).filter_by(event_type="ticket_held").all()
        assert [event.reason for event in held] == ["The design changes."] * 3


def test_a_refusal_is_told_with_its_reason_after_it_was_done(
    client: FlaskClient, board: OpenSession
) -> None:
    counted = send(client, action="hold", ticket=["T-1", "T-2"])
    with board() as session:
        session.get_one(Ticket, "T-1").stop(ANN)

    done = go_on(client, counted.text)

    assert heading(done.text) == "1 ticket put on hold"
    assert "1 can’t: T-1: is closed." in words(done.text)


def test_what_was_done_is_taken_back_by_one_button(client: FlaskClient, board: OpenSession) -> None:
    done = go_on(client, send(client, action="priority=1", ticket=IDS).text)
    assert heading(done.text) == "4 tickets made high"
    undone = client.post("/tickets/bulk/undo", data=hidden_fields(done.text, "/tickets/bulk/undo"))

    assert heading(undone.text) == "4 tickets put back as before"
    with board() as session:
        assert [session.get_one(Ticket, each).priority for each in IDS] == [2, 2, 0, 2]


@pytest.mark.parametrize(
    ("action", "typed", "said"),
    [
        ("add_labels", {"labels": "ui, cart"}, "4 tickets labelled ui, cart"),
        ("remove_labels", {"labels": "ui"}, "ui taken off 2 tickets"),
        ("assignee", {"assignee": "bob"}, "4 tickets assigned to bob"),
        ("parent", {"parent_id": "T-3"}, "3 tickets put under T-3"),
        ("priority", {"priority": "3"}, "4 tickets made low"),
        ("plan", {"plan": [*ROLES, GATE]}, "3 tickets got a new plan"),
        ("project", {"project_id": "acme/api"}, "2 tickets moved to acme/api"),
    ],
)
def test_what_an_action_takes_is_asked_for_first(
    client: FlaskClient, board: OpenSession, action: str, typed: dict[str, Any], said: str
) -> None:
    asked = send(client, action=action, ticket=IDS)
    assert asked.status_code == 200, asked.text
    assert "4 tickets" in heading(asked.text)

    counted = go_on(client, asked.text, **typed)
    assert counted.status_code == 200, words(counted.text)
    done = go_on(client, counted.text)

    assert heading(done.text) == said


def test_an_empty_field_takes_a_parent_or_a_person_away(
    client: FlaskClient, board: OpenSession
) -> None:
    for action, field in (("parent", "parent_id"), ("assignee", "assignee")):
        for value in ("T-2" if action == "parent" else "bob", ""):
            asked = send(client, action=action, ticket=["T-1"])
            go_on(client, go_on(client, asked.text, **{field: value}).text)
    with board() as session:
        ticket = session.get_one(Ticket, "T-1")
        assert (ticket.parent_id, ticket.assignee) == (None, None)
        edits = session.query(Event).filter_by(event_type="ticket_edited", ticket_id="T-1").count()
        assert edits == 4


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"action": "hold"}, "Pick at least one ticket first."),
        ({"action": "delete", "ticket": "T-1"}, "Choose what to do."),
        ({"action": "add_labels", "ticket": "T-1", "step": "do"}, "Name at least one label."),
        ({"action": "plan", "ticket": "T-1", "step": "count"}, "Choose a worker type."),
        (
            {"action": "hold", "ticket": " ".join(f"T-{n}" for n in range(ACT_MAX + 1))},
            "At most 1,000 tickets at once.",
        ),
        ({"action": "hold", "all": "1", "q": "is:lost"}, "lost"),
    ],
)
def test_what_cant_be_understood_is_told_and_changes_nothing(
    client: FlaskClient, board: OpenSession, fields: dict[str, Any], said: str
) -> None:
    answer = send(client, **fields)
    assert answer.status_code == 422
    assert said.replace("’", "'") in words(answer.text)
    assert states(board) == ["open", "open", "open", "closed"]


def test_the_list_lets_members_pick_and_says_what_all_that_match_are(
    client: FlaskClient, sign_in: SignIn
) -> None:
    page = parsed(client.get("/tickets?label=ui&q=Ticket&sort=title").text)
    bar = page.select_one("form#bulk")
    assert [box["value"] for box in page.select('[data-pick][form="bulk"]')] == ["T-1", "T-2"]
    assert bar.select_one("[name=q]")["value"] == "Ticket sort:title label:ui is:open"
    assert bar.select_one("[name=back]")["value"] == "q=Ticket+sort:title+label:ui"
    assert {str(button["value"]).partition("=")[0] for button in bar.select("[name=action]")} == {
        *ACTIONS
    }

    seen = sign_in("viewer").get("/tickets").text
    assert 'id="bulk"' not in seen
    assert "data-pick" not in seen


def test_all_that_match_the_list_are_meant(client: FlaskClient, board: OpenSession) -> None:
    counted = send(client, action="stop", all="1", q="label:ui Ticket", ticket="T-3")

    assert heading(counted.text) == "Close 2 tickets unfinished"
    go_on(client, counted.text)
    assert states(board) == ["closed", "closed", "open", "closed"]


def test_tickets_of_several_projects_get_no_common_plan(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, project="acme/api", ticket_id="A-1")
    asked = send(client, action="plan", ticket=["T-1", "A-1"])
    assert "These tickets are of 2 projects" in words(asked.text)


def test_a_parent_is_looked_for_in_the_project_that_they_are_all_of(
    client: FlaskClient, board: OpenSession
) -> None:
    asked = send(client, action="parent", ticket=["T-1", "T-2"]).text
    assert "/tickets/-/choices?project=acme/web" in asked
    with board() as session:
        make_ticket(session, project="acme/api", ticket_id="A-1")
    asked = send(client, action="parent", ticket=["T-1", "A-1"]).text
    assert "/tickets/-/choices" not in asked
    assert "These are of 2 projects" in words(asked)


def test_the_plan_is_arranged_without_a_script(client: FlaskClient) -> None:
    asked = send(client, action="plan", ticket=["T-1"])
    more = go_on(client, asked.text, plan=["review"], plan_action="add")
    assert more.text.count('<select class="control" name="plan"') == 3  # one is the template
    assert heading(more.text) == "Change the plan of 1 ticket"


def test_a_dialog_gets_the_step_alone_and_a_message_when_nothing_is_to_be_read(
    client: FlaskClient,
) -> None:
    fields = {"action": "hold", "ticket": IDS[:2]}
    within = {"HX-Request": "true"}
    counted = client.post("/tickets/bulk", data=fields, headers=within)
    assert "<html" not in counted.text
    assert "Put 2 tickets on hold" in words(counted.text)

    done = client.post("/tickets/bulk", data={**fields, "step": "do"}, headers=within)
    assert done.headers["HX-Retarget"] == ".toasts"
    assert done.headers["HX-Trigger"] == "saved"
    assert words(done.text).startswith("2 tickets put on hold.")

    again = client.post("/tickets/bulk", data={**fields, "step": "do"}, headers=within)
    assert "HX-Retarget" not in again.headers
    assert "2 can’t:" in words(again.text)


@pytest.mark.parametrize("steps", ["", "[]", "no", '[{"action": "hold"}]', '[{"action": "x"}]'])
def test_only_what_a_page_sent_is_taken_back(client: FlaskClient, steps: str) -> None:
    answer = client.post("/tickets/bulk/undo", data={"steps": steps})
    assert answer.status_code == 422
    assert "nothing that could be taken back" in words(answer.text)


def test_counting_asks_as_much_for_two_tickets_as_for_forty(
    app: Flask, client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ids = [make_ticket(session).ticket_id for _ in range(40)]
    sent = []
    for some in (ids[:2], ids):
        app.extensions["callboard.regions"].clear()
        with counting_queries(app) as statements:
            send(client, action="hold", ticket=some)
        sent.append(len(statements))
    assert sent[0] == sent[1] <= 9
