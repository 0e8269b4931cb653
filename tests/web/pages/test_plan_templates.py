"""Plan templates: the list, writing one with and without a script, deleting one."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.models import AuditEntry, PlanTemplate
from tests.conftest import OpenSession, SignIn
from tests.factories import GATE, PROJECT, make_project
from tests.pages import between, error_at, words
from tests.statements import counting_queries

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


def template_at(board: OpenSession) -> str:
    """The address of the only template."""
    with board() as session:
        return f"{LIST}/{session.query(PlanTemplate).one().id}"


def filled(client: FlaskClient, address: str, **typed: Any) -> dict[str, Any]:
    """The edit form as it is drawn, with some of it typed over."""
    page = client.get(address).text
    seen = unescape(between(page, 'name="seen" type="hidden" value="', '"'))
    name = unescape(between(page, 'name="name" required type="text" value="', '"'))
    return {"name": name, "plan": rows_on(page), "seen": seen, **typed}


def audited(board: OpenSession) -> list[tuple[str, str | None, Any]]:
    with board() as session:
        entries = session.query(AuditEntry).filter(AuditEntry.action.startswith("plan_"))
        return [
            (row.action, row.subject, row.details)
            for row in entries.order_by(AuditEntry.id)
            if row.action != "plan_created"
        ]


def test_a_template_gets_another_name_and_other_stages(
    client: FlaskClient, board: OpenSession
) -> None:
    client.post(NEW, data={"name": "Two", "plan": ["implementation", "review"]})
    address = f"{template_at(board)}/edit"
    assert f'href="{address}"' in client.get(LIST).text
    form = filled(client, address)
    assert (form["name"], form["plan"]) == ("Two", ["implementation", "review"])

    answer = client.post(address, data={**form, "name": "Three", "plan": ["review", "", GATE]})

    assert (answer.status_code, answer.location) == (303, LIST)
    assert plans(board) == {"Three": ["review", GATE]}
    assert audited(board) == [
        ("plan_edited", "Two", {"before": "Two", "after": "Three"}),
        ("plan_edited", "Three", None),
    ]


def test_the_audit_tells_of_a_template_s_edits(
    client: FlaskClient, sign_in: SignIn, board: OpenSession
) -> None:
    client.post(NEW, data={"name": "Two", "plan": ["implementation", "review"]})
    address = f"{template_at(board)}/edit"
    client.post(address, data=filled(client, address, name="Three", plan=["review"]))
    told = words(sign_in("admin").get("/audit").text)
    assert f"ann renamed the plan template Two of {PROJECT} to Three" in told
    assert f"ann changed the stages of the plan template Three of {PROJECT}" in told


def test_an_edit_that_changes_nothing_is_no_news(client: FlaskClient, board: OpenSession) -> None:
    client.post(NEW, data={"name": "Two", "plan": ["implementation", "review"]})
    address = f"{template_at(board)}/edit"
    assert client.post(address, data=filled(client, address)).status_code == 303
    assert audited(board) == []


@pytest.mark.parametrize(
    ("typed", "status", "field", "says"),
    [
        ({"name": ""}, 422, "name", "can&#39;t be empty"),
        ({"name": "One"}, 409, "name", "already has a plan template “One”"),
        ({"plan": ["wizard"]}, 422, "plan", "has no worker type wizard"),
        ({"plan": [""]}, 422, "plan", "at least one stage"),
    ],
)
def test_an_edit_that_is_refused_changes_nothing(
    client: FlaskClient,
    board: OpenSession,
    typed: dict[str, Any],
    status: int,
    field: str,
    says: str,
) -> None:
    client.post(NEW, data={"name": "Two", "plan": ["implementation", "review"]})
    address = f"{template_at(board)}/edit"
    client.post(NEW, data={"name": "One", "plan": ["review"]})

    answer = client.post(address, data=filled(client, address, **typed))

    assert answer.status_code == status
    assert says in error_at(answer.text, field)
    assert plans(board) == {"Two": ["implementation", "review"], "One": ["review"]}
    assert audited(board) == []


def test_an_edit_of_what_someone_else_changed_is_shown_beside_it_and_may_be_sent_again(
    client: FlaskClient, sign_in: SignIn, board: OpenSession
) -> None:
    client.post(NEW, data={"name": "Two", "plan": ["implementation", "review"]})
    address = f"{template_at(board)}/edit"
    mine = filled(client, address, plan=["review"])
    other = sign_in("lead", "bea")
    other.post(address, data=filled(other, address, plan=["implementation", GATE]))

    lost = client.post(address, data=mine)

    assert lost.status_code == 409
    assert "Someone else saved this plan template" in lost.text
    compared = between(lost.text, 'class="compare card"', "</form>")
    assert f"implementation → {GATE}" in compared
    assert plans(board) == {"Two": ["implementation", GATE]}
    again = {**mine, "seen": unescape(between(lost.text, 'name="seen" type="hidden" value="', '"'))}
    assert client.post(address, data=again).status_code == 303
    assert plans(board) == {"Two": ["review"]}


def test_the_editor_s_buttons_work_in_an_edit_without_a_script(
    client: FlaskClient, board: OpenSession
) -> None:
    client.post(NEW, data={"name": "Two", "plan": ["implementation", "review"]})
    address = f"{template_at(board)}/edit"

    answer = client.post(address, data=filled(client, address, plan_action="up-2"))

    assert answer.status_code == 200
    assert rows_on(answer.text) == ["review", "implementation"]
    assert plans(board) == {"Two": ["implementation", "review"]}


def test_a_template_is_edited_only_under_its_own_project(
    client: FlaskClient, board: OpenSession
) -> None:
    client.post(NEW, data={"name": "Two", "plan": ["review"]})
    with board() as session:
        make_project(session, "acme/other")
        number = session.query(PlanTemplate).one().id
    for method in ("GET", "POST"):
        address = f"/projects/acme/other/-/plans/{number}/edit"
        assert client.open(address, method=method).status_code == 404


def test_only_leads_are_offered_the_edit(
    client: FlaskClient, sign_in: SignIn, board: OpenSession
) -> None:
    client.post(NEW, data={"name": "Two", "plan": ["review"]})
    assert "/edit" not in sign_in("member").get(LIST).text
