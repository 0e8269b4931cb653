"""A project's worker types: the list, the starter set, making one."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from app.models import PlanTemplate, PromptVersion, WorkerType
from app.starter import STARTER_PLANS, STARTER_ROLES
from tests.conftest import OpenSession, SignIn
from tests.factories import (
    ANN,
    GATE,
    PROJECT,
    make_project,
    make_role,
    make_ticket,
    make_worker,
    run_stage,
)
from tests.pages import between, error_at
from tests.statements import counting_queries

LIST = f"/projects/{PROJECT}/-/worker-types"
NEW = f"{LIST}/new"
TESTING = {
    "worker_type": "testing",
    "short_description": "Tries it",
    "performed_by": "agent",
    "system_prompt": "You test.\r\n\r\nTwice.",
    "lease_seconds": "600",
    "max_attempts": "5",
}


def row_of(page: str, name: str) -> str:
    """The list's row about one worker type."""
    return between(page, f"data-open>{name}</a>", "</tr>")


def names(board: OpenSession, project: str = PROJECT) -> set[str]:
    with board() as session:
        return {row.worker_type for row in session.query(WorkerType).filter_by(project_id=project)}


def test_without_worker_types_the_starter_set_is_offered(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session, roles=(), gates=())

    page = client.get(LIST).text

    assert "No worker types yet" in page
    assert page.count('type="checkbox"') == page.count('" checked>') == len(STARTER_ROLES)
    assert f'action="{LIST}/starter-set"' in page
    assert f'href="{NEW}"' in page


def test_the_whole_starter_set_comes_by_one_button(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session, roles=(), gates=())

    answer = client.post(f"{LIST}/starter-set", data={"roles": [r.name for r in STARTER_ROLES]})

    assert answer.status_code == 303
    assert names(board) == {role.name for role in STARTER_ROLES}
    with board() as session:
        assert {row.name for row in session.query(PlanTemplate)} == set(STARTER_PLANS)
    page = client.get(LIST).text
    assert "Added: planning, design" in page
    assert "Starter set" not in page


def test_only_what_is_missing_is_offered_and_added(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
    assert 'name="roles" value="review"' not in client.get(LIST).text

    client.post(f"{LIST}/starter-set", data={"roles": ["review", "testing"]})
    again = client.post(f"{LIST}/starter-set", data={"roles": ["review", "testing"]})

    assert again.status_code == 303
    assert names(board) == {"implementation", "review", GATE, "testing"}
    with board() as session:
        review = WorkerType.named(session, PROJECT, "review")
        assert review is not None
        assert review.system_prompt == "You do review."


@pytest.mark.parametrize(
    ("roles", "says"), [([], "Choose at least one"), (["wizard"], "is not a valid choice")]
)
def test_a_starter_set_of_nothing_is_refused(
    client: FlaskClient, board: OpenSession, roles: list[str], says: str
) -> None:
    with board() as session:
        make_project(session)

    answer = client.post(f"{LIST}/starter-set", data={"roles": roles})

    assert answer.status_code == 422
    assert says in error_at(answer.text, "roles")
    assert len(names(board)) == 3


def test_the_list_says_what_waits_who_is_alive_and_how_long_the_prompt_is(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
        run_stage(session, make_ticket(session))
        make_ticket(session)
        make_ticket(session, [GATE])
        make_ticket(session, ["review"])
        make_role(session, "idle", system_prompt="")

    page = client.get(LIST).text

    implementation = row_of(page, "implementation")
    assert "1 waiting" in implementation
    assert "1 running" in implementation
    assert "1 alive" in implementation
    assert "version 1" in implementation
    assert "22 characters" in implementation
    assert "5 min" in implementation
    assert '<span class="pill stop">none alive</span>' in row_of(page, "review")
    assert "person" in row_of(page, GATE)
    assert "5 min" not in row_of(page, GATE)
    assert "empty" in row_of(page, "idle")
    assert "waiting" not in row_of(page, "idle")


def test_the_list_asks_the_same_number_of_questions_however_long_it_is(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        run_stage(session, make_ticket(session))
    with counting_queries(client.application) as for_few:
        client.get(LIST)
    with board() as session:
        for number in range(20):
            make_role(session, f"role-{number}")
            make_ticket(session, [f"role-{number}"])
            make_worker(session, f"role-{number}")
    with counting_queries(client.application) as for_many:
        client.get(LIST)

    assert len(for_many) == len(for_few)


def test_a_worker_type_is_made_with_the_first_version_of_its_prompt(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)

    answer = client.post(NEW, data=TESTING)

    assert answer.status_code == 303
    with board() as session:
        role = WorkerType.named(session, PROJECT, "testing")
        assert role is not None
        assert answer.location == f"/worker-types/{role.id}"
        assert role.system_prompt == "You test.\n\nTwice."
        assert (role.lease_seconds, role.max_attempts, role.prompt_version) == (600, 5, 1)
        assert session.query(PromptVersion).filter_by(worker_type_id=role.id).count() == 1


def test_a_new_lease_is_what_the_settings_say(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
    settings = client.application.extensions["callboard.settings"]

    page = client.get(NEW).text

    assert f'value="{settings.lease_seconds}"' in between(page, 'id="lease_seconds"', ">")


def test_a_new_worker_type_can_begin_as_one_of_the_starter_set(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session, roles=(), gates=())

    page = client.get(f"{NEW}?from=approval").text

    assert 'value="approval"' in between(page, 'id="worker_type"', ">")
    assert re.search(r'<input checked [^>]*name="performed_by"[^>]*value="person"', page)
    role = next(role for role in STARTER_ROLES if role.name == "approval")
    assert role.system_prompt.splitlines()[0] in page


def test_beginning_with_an_unknown_role_says_so(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)

    answer = client.get(f"{NEW}?from=<wizard>")

    assert answer.status_code == 400
    assert "no worker type “&lt;wizard&gt;”" in answer.text


BAD_INPUT = (
    ("worker_type", "", 422, "can&#39;t be empty"),
    ("worker_type", "two words", 422, "Only letters, digits"),
    ("worker_type", "../up", 422, "Only letters, digits"),
    ("worker_type", "..", 422, "Only letters, digits"),
    ("worker_type", "a/b", 422, "Only letters, digits"),
    ("worker_type", "naïve", 422, "Only letters, digits"),
    ("worker_type", "a\x01b", 422, "Only letters, digits"),
    ("worker_type", "Planned", 422, "no stage is done yet"),
    ("worker_type", "n" * 65, 422, "At most 64"),
    ("worker_type", "review", 409, "already has a worker type review"),
    ("short_description", "d" * 201, 422, "At most 200"),
    ("short_description", "\x1b[31m", 422, "control character"),
    ("system_prompt", "p" * 65_537, 422, "At most 65,536"),
    ("system_prompt", "a\x00b", 422, "control character"),
    ("performed_by", "robot", 422, "Not a valid choice"),
    ("lease_seconds", "", 422, "A whole number from 10"),
    ("lease_seconds", "soon", 422, "A whole number from 10"),
    ("lease_seconds", "9", 422, "A whole number from 10"),
    ("lease_seconds", "86401", 422, "A whole number from 10"),
    ("lease_seconds", "9" * 400, 422, "A whole number from 10"),
    ("lease_seconds", "1.5", 422, "A whole number from 10"),
    ("max_attempts", "0", 422, "A whole number from 1"),
    ("max_attempts", "-3", 422, "A whole number from 1"),
)


def test_bad_input_is_told_once_at_its_field_and_stays(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
    for field, value, status, says in BAD_INPUT:
        answer = client.post(NEW, data={**TESTING, field: value})

        assert answer.status_code == status, (field, value)
        error = error_at(answer.text, field)
        assert says in error, (field, value)
        assert error.count(".") <= 2
        if field != "system_prompt":
            assert "Twice." in answer.text
        assert len(names(board)) == 3


def test_a_form_sent_twice_makes_one_worker_type(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)

    first, second = (client.post(NEW, data=TESTING) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 409)
    assert "already has a worker type testing" in error_at(second.text, "worker_type")


def test_the_same_name_may_be_used_in_another_project(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
        make_project(session, "acme/other")
        make_role(session, "testing", "acme/other")

    assert client.post(NEW, data=TESTING).status_code == 303


def test_who_made_a_prompt_stands_in_its_history(sign_in: SignIn, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
    client = sign_in("lead", "zoe")

    shown = client.get(client.post(NEW, data=TESTING).location).text

    assert "zoe" in shown
    assert ANN.label not in shown
