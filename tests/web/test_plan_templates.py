"""Plan templates: the list, writing one with and without a script, deleting one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.models import PlanTemplate
from tests.conftest import OpenSession
from tests.factories import GATE, PROJECT, make_project
from tests.queries import counting_queries
from tests.web.reading import between, error_at

LIST = f"/projects/{PROJECT}/-/plans"
NEW = f"{LIST}/new"


@pytest.fixture(autouse=True)
def project(board: OpenSession) -> None:
    with board() as session:
        make_project(session)


def rows_on(page: str) -> list[str]:
    """What the plan editor's rows have chosen."""
    rows = between(page, '<ol class="plan-rows" data-plan-rows>', "</ol>").split("<select")[1:]
    return [(re.findall(r'value="([^"]*)" selected', row) or [""])[0] for row in rows]


def plans(board: OpenSession) -> dict[str, list[str]]:
    with board() as session:
        return {row.name: row.plan for row in session.query(PlanTemplate)}


def test_without_templates_the_page_leads_to_the_first(client: FlaskClient) -> None:
    page = client.get(LIST).text

    assert "No plan templates yet" in page
    assert f'href="{NEW}"' in page


def test_without_worker_types_there_is_nothing_to_plan_with(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session, "acme/bare", roles=(), gates=())

    page = client.get("/projects/acme/bare/-/plans/new").text

    assert "No worker types yet" in page
    assert "data-plan" not in page


def test_a_template_is_made_of_the_rows_that_name_something(
    client: FlaskClient, board: OpenSession
) -> None:
    answer = client.post(
        NEW,
        data={"name": " Bug   fix ", "plan": ["implementation", "", "review", "implementation"]},
    )

    assert answer.status_code == 303
    assert plans(board) == {"Bug fix": ["implementation", "review", "implementation"]}
    listed = client.get(answer.location).text
    assert "Bug fix" in between(listed, "<tbody>", "</tbody>")


@pytest.mark.parametrize(
    ("data", "status", "field", "says"),
    [
        ({"name": "", "plan": ["review"]}, 422, "name", "can&#39;t be empty"),
        ({"name": "n" * 65, "plan": ["review"]}, 422, "name", "At most 64"),
        ({"name": "a\x00b", "plan": ["review"]}, 422, "name", "control character"),
        ({"name": "Empty"}, 422, "plan", "at least one stage"),
        ({"name": "Empty", "plan": ["", " "]}, 422, "plan", "at least one stage"),
        ({"name": "Odd", "plan": ["wizard"]}, 422, "plan", "has no worker type wizard"),
        ({"name": "Odd", "plan": ["<i>"]}, 422, "plan", "&lt;i&gt;"),
        ({"name": "Long", "plan": ["review"] * 51}, 422, "plan", "at most 50"),
    ],
)
def test_bad_input_is_told_at_its_field_and_stays(
    client: FlaskClient,
    board: OpenSession,
    data: dict[str, Any],
    status: int,
    field: str,
    says: str,
) -> None:
    answer = client.post(NEW, data=data)

    assert answer.status_code == status
    assert says in error_at(answer.text, field)
    if data.get("name"):
        assert data["name"].replace("\0", "") in answer.text
    assert plans(board) == {}


def test_a_name_twice_is_a_conflict_and_the_plan_stays(
    client: FlaskClient, board: OpenSession
) -> None:
    data = {"name": "Two", "plan": ["implementation", "review"]}
    client.post(NEW, data=data)

    answer = client.post(NEW, data=data)

    assert answer.status_code == 409
    assert "already has a plan template “Two”" in error_at(answer.text, "name")
    assert rows_on(answer.text) == ["implementation", "review"]
    assert len(plans(board)) == 1


@pytest.mark.parametrize(
    ("action", "rows"),
    [
        ("add", ["a", "b", "c", ""]),
        ("up-2", ["b", "a", "c"]),
        ("up-1", ["a", "b", "c"]),
        ("down-2", ["a", "c", "b"]),
        ("down-3", ["a", "b", "c"]),
        ("remove-1", ["b", "c"]),
        ("remove-9", ["a", "b", "c"]),
        ("up-x", ["a", "b", "c"]),
        ("dance-1", ["a", "b", "c"]),
        ("template", ["a", "b", "c"]),
        ("remove-99999999999", ["a", "b", "c"]),
    ],
)
def test_the_editors_buttons_work_without_a_script(
    client: FlaskClient, board: OpenSession, action: str, rows: list[str]
) -> None:
    names = {"a": "implementation", "b": "review", "c": GATE, "": ""}

    answer = client.post(
        NEW,
        data={"name": "Keep me", "plan": [names[row] for row in "abc"], "plan_action": action},
    )

    assert answer.status_code == 200
    assert rows_on(answer.text) == [names[row] for row in rows]
    assert 'value="Keep me"' in answer.text
    assert plans(board) == {}


def test_the_last_row_removed_leaves_an_empty_one(client: FlaskClient) -> None:
    answer = client.post(NEW, data={"plan": ["review"], "plan_action": "remove-1"})

    assert rows_on(answer.text) == [""]


def test_enter_in_the_name_sends_the_form_and_moves_no_stage(client: FlaskClient) -> None:
    form = between(client.get(NEW).text, 'class="form"', "</form>")

    first_button = between(form, "<button", ">")
    assert "plan_action" not in first_button


def test_a_template_is_deleted_after_a_question(client: FlaskClient, board: OpenSession) -> None:
    client.post(NEW, data={"name": "Two", "plan": ["implementation", "review"]})
    with board() as session:
        address = f"{LIST}/{session.query(PlanTemplate).one().id}/delete"

    question = client.get(address)
    assert "implementation → review" in question.text
    assert plans(board)

    assert client.post(address).location == LIST
    assert plans(board) == {}
    assert client.post(address).status_code == 404


def test_a_template_of_another_project_is_not_found(
    client: FlaskClient, board: OpenSession
) -> None:
    client.post(NEW, data={"name": "Two", "plan": ["review"]})
    with board() as session:
        make_project(session, "acme/other")
        number = session.query(PlanTemplate).one().id

    assert client.post(f"/projects/acme/other/-/plans/{number}/delete").status_code == 404
    assert client.get(f"{LIST}/99999999999999999999/delete").status_code == 404
    assert plans(board)


def test_the_list_asks_the_same_number_of_questions_however_long_it_is(
    client: FlaskClient, board: OpenSession
) -> None:
    client.post(NEW, data={"name": "One", "plan": ["review"]})
    with counting_queries(client.application) as for_one:
        client.get(LIST)
    for number in range(10):
        client.post(NEW, data={"name": f"Plan {number}", "plan": ["review"]})
    client.get(LIST)  # shows the messages
    with counting_queries(client.application) as for_many:
        client.get(LIST)

    assert len(for_many) == len(for_one)
