"""The list of projects, and making a new one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from app.models import PlanTemplate, Project, Ticket, WorkerType
from tests.conftest import OpenSession, SignIn
from tests.factories import (
    ANN,
    GATE,
    PROJECT,
    claim,
    make_project,
    make_ticket,
    make_worker,
)
from tests.pages import between
from tests.statements import counting_queries

NEW = {"repository_name": "acme/shop", "path": "/src/shop"}


def row_of(page: str, project: str) -> str:
    """The list's row about one project."""
    link = f'href="/projects/{project}" data-open'
    return between(page, link, "</tr>")


def roles_of(board: OpenSession, project: str) -> set[str]:
    with board() as session:
        return {
            role.worker_type
            for role in session.query(WorkerType).filter_by(project_id=project).all()
        }


def test_an_empty_board_leads_to_the_first_project(client: FlaskClient) -> None:
    page = client.get("/projects")

    assert page.status_code == 200
    assert "No projects yet" in page.text
    assert 'href="/projects/new"' in page.text


@pytest.mark.both_databases
def test_the_list_counts_what_is_open_running_waiting_and_on_hold(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session, short_description="The shop")
        claim_me, _, held, gated, closed = (make_ticket(session) for _ in range(5))
        gated.amend_plan([GATE, "review"], ANN)
        held.hold(ANN)
        closed.stop(ANN)
        assert claim(session, make_worker(session)).ticket_id == claim_me.ticket_id
        make_project(session, "acme/quiet")

    page = client.get("/projects").text

    row = row_of(page, PROJECT)
    assert "The shop" in row
    assert 'data-label="Open">4<' in row
    assert '<b class="is-run">1</b>' in row
    assert '<b class="is-wait">1</b>' in row
    assert '<b class="is-stop">1</b>' in row
    assert "1 alive" in row
    quiet = row_of(page, "acme/quiet")
    assert 'data-label="Open">0<' in quiet
    assert "<b class=" not in quiet
    assert "nothing yet" in quiet


def test_archived_projects_are_folded_below_the_others(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
        make_project(session, "acme/old").archive(ANN)

    page = client.get("/projects").text

    assert page.index("/projects/acme/web") < page.index("Archived") < page.index("acme/old")


def test_the_list_asks_the_same_number_of_questions_however_many_projects_there_are(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)
    with counting_queries(client.application) as for_one:
        client.get("/projects")
    with board() as session:
        for number in range(12):
            make_ticket(session, project=f"acme/{number}")
    with counting_queries(client.application) as for_many:
        client.get("/projects")

    assert len(for_many) == len(for_one)


@pytest.mark.both_databases
def test_what_projects_hold_is_counted_once_for_all_who_see_the_same(
    client: FlaskClient, sign_in: SignIn, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
        make_project(session, "acme/secret").limit_to_members(ANN)

    assert "acme/secret" in sign_in("admin", "eve").get("/projects").text
    first = sign_in("member", "ben").get("/projects").text
    with counting_queries(client.application, kept_too=True) as sent:
        second = sign_in("member", "cem").get("/projects").text

    for page in (first, second):
        assert PROJECT in page
        assert "acme/secret" not in page
        assert "Archived" not in page
    assert not [one for one in sent if "FROM tickets" in one]
    client.post(f"/projects/{PROJECT}/-/archive")
    assert "Archived" in sign_in("member", "ben").get("/projects").text


def test_a_new_project_begins_with_the_starter_set(client: FlaskClient, board: OpenSession) -> None:
    assert "implementation" in client.get("/projects/new").text

    answer = client.post(
        "/projects/new",
        data={
            **NEW,
            "short_description": " The  shop ",
            "starter": "y",
            "roles": ["implementation", "review"],
        },
    )

    assert answer.status_code == 303
    assert answer.location == "/projects/acme/shop"
    with board() as session:
        project = session.get_one(Project, "acme/shop")
        assert (project.path, project.short_description) == ("/src/shop", "The shop")
        assert project.ticket_prefix == "SHOP"
        plans = {row.name for row in session.query(PlanTemplate).all()}
    assert roles_of(board, "acme/shop") == {"implementation", "review"}
    assert plans == {"Small change"}
    assert "acme/shop is on the board" in client.get("/projects/acme/shop").text


def test_the_starter_sets_leases_are_those_of_the_settings(
    client: FlaskClient, board: OpenSession
) -> None:
    settings = client.application.extensions["callboard.settings"]
    client.post("/projects/new", data={**NEW, "starter": "y", "roles": ["review"]})

    with board() as session:
        role = WorkerType.named(session, "acme/shop", "review")
        assert role is not None
        assert role.lease_seconds == settings.lease_seconds


def test_without_the_tick_a_new_project_is_bare(client: FlaskClient, board: OpenSession) -> None:
    answer = client.post("/projects/new", data={**NEW, "roles": ["review"]})

    assert answer.status_code == 303
    assert roles_of(board, "acme/shop") == set()
    assert "No worker types yet" in client.get("/projects/acme/shop").text


def test_a_prefix_may_be_chosen(client: FlaskClient, board: OpenSession) -> None:
    client.post("/projects/new", data={**NEW, "ticket_prefix": "sh"})

    with board() as session:
        assert session.get_one(Project, "acme/shop").ticket_prefix == "SH"


BAD_NAMES = (
    ("", "can&#39;t be empty"),
    ("   ", "needs a name"),
    ("acme/../etc", "No part may be"),
    ("..", "No part may be"),
    ("acme/-/settings", "No part may be"),
    ("-", "No part may be"),
    ("acme//web", "single slashes"),
    ("/acme", "single slashes"),
    ("acme web", "letters, digits"),
    ("ünïcode", "letters, digits"),
    ("<b>acme</b>", "letters, digits"),
    ("acme\x07web", "letters, digits"),
    ("acme\u202eweb", "letters, digits"),
    ("new", "address of the form"),
    ("a" * 201, "At most 200 characters"),
)
"""A name, and what is said of it."""


def test_a_bad_name_is_told_at_its_field_and_what_was_typed_stays(
    client: FlaskClient, board: OpenSession
) -> None:
    for name, says in BAD_NAMES:
        answer = client.post("/projects/new", data={**NEW, "repository_name": name})

        assert answer.status_code == 422, name
        error = answer.text.split('id="repository_name-error">')[1].split("</span>")[0]
        assert says in error, name
        assert 'value="/src/shop"' in answer.text
        with board() as session:
            assert session.query(Project).count() == 0


BAD_FIELDS = (
    ("path", "", "can&#39;t be empty"),
    ("path", "/" * 1001, "At most 1,000 characters"),
    ("path", "/src/\x00", "control character"),
    ("short_description", "d" * 201, "At most 200 characters"),
    ("short_description", "bell \x07", "control character"),
    ("ticket_prefix", "1AB", "starting with a letter"),
    ("ticket_prefix", "A-B", "starting with a letter"),
    ("ticket_prefix", "ABCDEFGHIJK", "One to ten"),
    ("roles", "wizard", "is not a valid choice"),
)


def test_every_field_says_what_is_wrong_with_it(client: FlaskClient, board: OpenSession) -> None:
    for field, value, says in BAD_FIELDS:
        answer = client.post("/projects/new", data={**NEW, field: value})

        assert answer.status_code == 422, (field, value)
        assert says in answer.text.split(f'id="{field}-error">')[1].split("</span>")[0]
        assert 'value="acme/shop"' in answer.text
        with board() as session:
            assert session.query(Project).count() == 0


def test_the_starter_set_with_nothing_ticked_is_a_contradiction(client: FlaskClient) -> None:
    answer = client.post("/projects/new", data={**NEW, "starter": "y"})

    assert answer.status_code == 422
    assert "Choose at least one worker type" in answer.text


@pytest.mark.both_databases
def test_a_form_sent_twice_makes_one_project(client: FlaskClient, board: OpenSession) -> None:
    first = client.post("/projects/new", data={**NEW, "starter": "y", "roles": ["review"]})
    second = client.post("/projects/new", data={**NEW, "starter": "y", "roles": ["review"]})

    assert (first.status_code, second.status_code) == (303, 409)
    assert "The name acme/shop is taken" in second.text
    with board() as session:
        assert session.query(Project).count() == 1
    assert roles_of(board, "acme/shop") == {"review"}


@pytest.mark.both_databases
def test_a_taken_prefix_is_told_and_nothing_is_made(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session, ticket_prefix="WEB")

    answer = client.post("/projects/new", data={**NEW, "ticket_prefix": "web"})
    assert answer.status_code == 409
    assert "prefix WEB is taken" in answer.text.split('id="ticket_prefix-error">')[1]
    with board() as session:
        assert session.query(Project).count() == 1


@pytest.mark.parametrize(
    "path",
    ["", "/-/settings", "/-/worker-types", "/-/worker-types/new", "/-/plans", "/-/delete"],
)
def test_a_project_that_is_none_is_not_found(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/projects/acme/nothing{path}")

    assert answer.status_code == 404
    assert "There is no project acme/nothing" in answer.text


def test_names_that_look_like_addresses_of_the_board_are_only_names(
    client: FlaskClient, board: OpenSession
) -> None:
    for name in ("settings", "acme/board", "worker-types", "a.b", "A"):
        answer = client.post("/projects/new", data={"repository_name": name, "path": "/x"})
        assert answer.status_code == 303
        assert client.get(answer.location).status_code == 200
    with board() as session:
        assert session.query(Ticket).count() == 0
        assert session.query(Project).count() == 5


@pytest.mark.both_databases
def test_a_form_sent_by_many_at_the_same_moment_makes_one_project(
    sign_in: SignIn, board: OpenSession
) -> None:
    clients = [sign_in("lead") for _ in range(8)]

    def send(number: int) -> int:
        return clients[number].post("/projects/new", data=NEW).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(send, range(8)))

    assert statuses == [303] + [409] * 7
    with board() as session:
        assert session.query(Project).count() == 1
