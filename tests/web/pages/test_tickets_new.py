"""Creating a ticket by form: what it needs, what it refuses, and that nothing typed is lost."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.models import PlanTemplate, Ticket, TicketLabel
from tests.conftest import OpenSession
from tests.factories import ANN, PROJECT, make_project, make_ticket
from tests.pages import between, error_at, parsed

HX_PAGE = "/tickets/new"


def typed(**values: Any) -> dict[str, Any]:
    """A form as a browser sends it."""
    return {
        "project": PROJECT,
        "title": "Keep the cart",
        "description": "All of *it*.",
        "plan": ["implementation", "review"],
        "priority": "1",
        "labels": "bug, cart",
        "parent_id": "",
        "blocked_by": "",
        "ticket_id": "",
        "submission_id": "abc123",
        **values,
    }


def count(board: OpenSession) -> int:
    with board() as session:
        return session.scalar(select(func.count()).select_from(Ticket)) or 0


def rows(page: str) -> list[str]:
    """The worker types that the plan editor's rows show."""
    editor = between(page, "data-plan-rows", "<template")
    chosen = []
    for select_html in editor.split("<select")[1:]:
        options = select_html.split("</select>")[0].split("<option")
        marked = [option for option in options if " selected" in option]
        chosen.append(between(marked[0], 'value="', '"') if marked else "")
    return chosen


def test_without_a_project_the_form_leads_to_one(client: FlaskClient) -> None:
    page = client.get("/tickets/new")
    assert page.status_code == 200
    assert "No project takes tickets yet" in page.text


def test_the_project_is_a_field_of_the_form(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
        make_project(session, "acme/api", roles=["writing"])
        make_project(session, "acme/old").archive(ANN)
    page = parsed(client.get("/tickets/new").text)
    names = [option.text for option in page.select("#project option")]
    assert names == ["acme/api", "acme/web"]
    chosen = parsed(client.get("/tickets/new?project=acme/web").text)
    assert chosen.select_one("#project option[selected]").text == "acme/web"


def test_another_project_shows_its_worker_types_and_keeps_what_was_typed(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
        make_project(session, "acme/api", roles=["writing"])
    typed = {"project": "acme/api", "title": "Kept", "plan": "review", "plan_action": "project"}
    page = parsed(client.post("/tickets/new", data=typed).text)
    assert page.select_one("[name=title]")["value"] == "Kept"
    assert "writing" in [option["value"] for option in page.select("[name=plan] option")]
    assert "review" not in str(page.select("[name=plan]"))


def test_a_project_without_worker_types_says_what_to_do(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session, roles=(), gates=())
    page = client.get("/tickets/new").text
    assert "No worker types yet" in page
    assert f"/projects/{PROJECT}/-/worker-types" in page


def test_a_ticket_is_created_with_all_that_was_typed(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        parent = make_ticket(session).ticket_id
        first, second = make_ticket(session).ticket_id, make_ticket(session).ticket_id
    answer = client.post(
        "/tickets/new",
        data=typed(
            parent_id=parent, blocked_by=f"{first}, {second}", plan=["review", "", "review"]
        ),
    )
    assert answer.status_code == 303
    with board() as session:
        ticket = session.get_one(Ticket, answer.location.rsplit("/", 1)[1])
        assert (ticket.title, ticket.description) == ("Keep the cart", "All of *it*.")
        assert ticket.execution_plan == ["review", "review"]
        assert (ticket.priority, ticket.parent_id, ticket.open_blockers) == (1, parent, 2)
        labels = select(TicketLabel.label).where(TicketLabel.ticket_id == ticket.ticket_id)
        assert set(session.scalars(labels)) == {"bug", "cart"}
    assert "is on the board" in client.get(answer.location).text


def test_a_ticket_may_bring_its_own_id(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
    answer = client.post("/tickets/new", data=typed(ticket_id="Cart-1.b"))
    assert answer.location.endswith("/tickets/Cart-1.b")


def test_the_same_form_sent_twice_is_one_ticket(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
    first = client.post("/tickets/new", data=typed())
    second = client.post("/tickets/new", data=typed())
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert count(board) == 1
    assert client.post("/tickets/new", data=typed(submission_id="other")).status_code == 303
    assert count(board) == 2


BAD_INPUT: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"title": ""}, "title", "can't be empty"),
    ({"title": "x" * 201}, "title", "At most 200 characters"),
    ({"title": "a\x07b"}, "title", "control character"),
    ({"description": "a\x00b"}, "description", "control character"),
    ({"description": "x" * 131_073}, "description", "At most 131,072"),
    ({"plan": []}, "plan", "at least one stage"),
    ({"plan": ["", ""]}, "plan", "at least one stage"),
    ({"plan": ["implementation", "magic"]}, "plan", "has no worker type magic"),
    ({"plan": ["review"] * 51}, "plan", "at most 50 stages"),
    ({"priority": "7"}, "priority", "Not a valid choice"),
    ({"labels": "x" * 65}, "labels", "At most 64"),
    ({"labels": ",".join(f"l{n}" for n in range(21))}, "labels", "At most 20 labels"),
    ({"ticket_id": "a/b"}, "ticket_id", "Only letters, digits"),
    ({"ticket_id": "<b>"}, "ticket_id", "Only letters, digits"),
    ({"ticket_id": "new"}, "ticket_id", "“new” is an address"),
    ({"parent_id": "NO-1"}, "parent_id", "has no ticket NO-1"),
    ({"parent_id": "a\x00"}, "parent_id", "looks like"),
    ({"blocked_by": "NO-1"}, "blocked_by", "has no ticket NO-1"),
    ({"blocked_by": "é"}, "blocked_by", "look like"),
)


def test_bad_input_is_told_at_its_field_and_all_is_kept(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
    for values, field, words in BAD_INPUT:
        page = client.post("/tickets/new", data=typed(**values))
        assert page.status_code == 422, values
        assert words in error_at(page.text, field).replace("&#39;", "'")
        if field != "title":
            assert 'value="Keep the cart"' in page.text
        if field != "description":
            assert "All of *it*." in page.text
        if field != "labels":
            assert 'value="bug, cart"' in page.text
        if field != "plan":
            assert rows(page.text) == ["implementation", "review"]
        assert 'value="abc123"' in page.text, "sent again, it is still the same submission"
        assert count(board) == 0


def test_an_id_that_is_taken_is_a_conflict(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        taken = make_ticket(session).ticket_id
    page = client.post("/tickets/new", data=typed(ticket_id=taken))
    assert page.status_code == 409
    assert "is taken" in error_at(page.text, "ticket_id")


def test_relations_to_another_project_are_refused(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
        other = make_ticket(session, project="acme/api").ticket_id
    for field in ("parent_id", "blocked_by"):
        page = client.post("/tickets/new", data=typed(**{field: other}))
        assert page.status_code == 422
        assert f"{PROJECT} has no ticket {other}" in error_at(page.text, field)
        assert f'value="{other}"' in page.text
    assert count(board) == 1


def test_an_archived_or_unknown_project_takes_no_tickets(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session).archive(ANN)
    assert client.post("/tickets/new", data=typed()).status_code == 404
    assert client.post("/tickets/new", data=typed(project="a\x00")).status_code == 404
    assert client.get("/tickets/new?project=acme/none").status_code == 404


def test_a_form_of_ten_megabytes_is_too_much(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
    page = client.post("/tickets/new", data=typed(description="x" * 10_000_000))
    assert page.status_code == 413
    assert "Too much at once" in page.text
    assert count(board) == 0


def test_text_that_is_not_utf8_is_refused(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
    page = client.post(
        "/tickets/new",
        data=b"project=acme/web&title=a%FF%FEb&plan=review",
        content_type="application/x-www-form-urlencoded",
    )
    assert page.status_code == 400
    assert "UTF-8" in page.text
    assert count(board) == 0


@pytest.mark.parametrize(
    ("action", "result"),
    [
        ("add", ["implementation", "", "review", ""]),
        ("up-3", ["implementation", "review", ""]),
        ("down-1", ["", "implementation", "review"]),
        ("remove-2", ["implementation", "review"]),
        ("up-1", ["implementation", "", "review"]),
        ("down-3", ["implementation", "", "review"]),
        ("remove-9", ["implementation", "", "review"]),
        ("up-x", ["implementation", "", "review"]),
        ("nonsense", ["implementation", "", "review"]),
    ],
)
def test_the_plan_is_arranged_without_javascript(
    client: FlaskClient, board: OpenSession, action: str, result: list[str]
) -> None:
    with board() as session:
        make_project(session)
    data = typed(plan=["implementation", "", "review"], plan_action=action, title="")
    page = client.post("/tickets/new", data=data)
    assert page.status_code == 200, "nothing is judged before it is sent"
    assert rows(page.text) == result
    assert "All of *it*." in page.text
    assert 'value="abc123"' in page.text
    assert count(board) == 0


def test_a_plan_template_fills_the_rows(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
        templates = [
            PlanTemplate.create(session, actor=ANN, project_id=PROJECT, name=name, plan=plan)
            for name, plan in (
                ("Bug", ["implementation"]),
                ("Feature", ["implementation", "approval"]),
            )
        ]
        number = templates[-1].id
    assert rows(client.get("/tickets/new").text) == ["implementation"], "the first is suggested"
    data = typed(plan_action="template", plan_template=str(number))
    assert rows(client.post("/tickets/new", data=data).text) == ["implementation", "approval"]
    data = typed(plan_action="template", plan_template="999999999999999999999")
    assert rows(client.post("/tickets/new", data=data).text) == ["implementation", "review"]


def test_the_picker_names_the_template_that_the_rows_hold(
    client: FlaskClient, board: OpenSession
) -> None:
    def named(page: str) -> str:
        picker = between(page, 'name="plan_template"', "</select>")
        marked = [part for part in picker.split("<option")[1:] if " selected" in part]
        return between(marked[0], ">", ":") if marked else ""

    with board() as session:
        make_project(session)
        for name, plan in (("Bug", ["implementation"]), ("Full", ["implementation", "review"])):
            PlanTemplate.create(session, actor=ANN, project_id=PROJECT, name=name, plan=plan)
    assert named(client.get("/tickets/new").text) == "Bug"
    for action, plan, name in (
        ("add", ["implementation", "review"], "Full"),
        ("remove-2", ["implementation", "review"], "Bug"),
        ("up-2", ["implementation", "review"], ""),
    ):
        sent = client.post("/tickets/new", data=typed(plan=plan, plan_action=action))
        assert named(sent.text) == name, action


def test_a_link_may_fill_in_the_parent(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        parent = make_ticket(session).ticket_id
        session.get_one(Ticket, parent).say("x", ANN)
    page = client.get(f"/tickets/new?parent={parent}").text
    assert f'value="{parent}"' in between(page, 'id="parent_id"', ">")
