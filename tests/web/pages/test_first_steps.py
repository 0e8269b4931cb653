"""The first steps of a new board: each ticks itself off, and the sample doesn't count."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.models import ApiToken, AuditEntry, Project, Ticket
from app.sample.history import add_sample
from tests.factories import (
    ANN,
    GATE,
    make_project,
    make_role,
    make_ticket,
    make_worker,
    run_stage,
)

ASKS = {"HX-Request": "true"}


def current_step(page):
    """What the list says is next; None without it."""
    found = re.search(r'aria-current="step">.*?<b>([^<]*)</b>', page, re.DOTALL)
    return found.group(1) if found else None


def issue_token(session, scope="work", **values):
    token, _ = ApiToken.issue(session, name="crew", scopes=[scope], actor=ANN, **values)
    return token


def test_an_empty_board_leads_to_the_first_project_and_offers_a_sample_and_an_import(client):
    page = client.get("/").text

    assert "This board is empty" in page
    assert 'href="/projects/new"' in page
    assert '/tickets/new" data-create' not in page
    assert "Add the sample project" in page
    assert "callboard import beads .beads/issues.jsonl --project acme/web" in page
    assert 'href="/import"' in page


@pytest.mark.both_databases
def test_each_step_is_next_until_what_it_makes_is_there(client, board):
    assert current_step(client.get("/").text) == "Create a project"

    with board() as session:
        make_project(session, roles=(), gates=())
    page = client.get("/").text
    assert current_step(page) == "Add worker types"
    assert 'href="/projects/acme/web/-/worker-types"' in page
    assert "Add the sample project" not in page

    with board() as session:
        make_role(session, "implementation")
    assert current_step(client.get("/").text) == "Create the first ticket"

    with board() as session:
        make_ticket(session, ["implementation"])
    page = client.get("/").text
    assert current_step(page) == "Make a token"
    assert "running now" in page, "the board itself is there as well"

    with board() as session:
        issue_token(session)
    assert current_step(client.get("/").text) == "Connect the first worker"

    with board() as session:
        run = run_stage(session, session.scalars(select(Ticket)).one())
        run_id = run.run_id
    assert current_step(client.get("/").text) == "Finish the first stage"
    polled = client.get("/", headers=ASKS).text
    assert 'hx-swap-oob="morph"' in polled
    assert "5 of 6 done" in polled

    with board() as session:
        session.get_one(type(run), run_id).complete("Done.")
    assert current_step(client.get("/").text) is None
    assert '<div id="first-steps" hidden hx-swap-oob="true">' in client.get("/", headers=ASKS).text


@pytest.mark.both_databases
@pytest.mark.parametrize("of", ["another scope", "revoked", "expired"])
def test_a_token_that_no_worker_can_come_with_is_no_step(client, board, of):
    with board() as session:
        make_ticket(session)
        token = issue_token(session, "plan" if of == "another scope" else "work")
        if of == "revoked":
            token.revoke(ANN)
        if of == "expired":
            token.expires_at = clock.now() - timedelta(days=1)

    assert current_step(client.get("/").text) == "Make a token"


def test_a_board_where_people_do_all_stages_waits_for_no_worker(client, board):
    with board() as session:
        make_project(session, roles=(), gates=(GATE,))
        make_ticket(session, [GATE])

    page = client.get("/").text
    assert current_step(page) == "Finish the first stage"
    assert "3 of 4 done" in page


@pytest.mark.both_databases
def test_the_sample_is_added_by_one_click_counts_for_no_step_and_goes_by_another(client, board):
    with board() as session:
        make_ticket(session, project="acme/mine").say("Ours.", ANN)

    assert (
        "acme/web is on the board" in client.post("/first-steps/sample", follow_redirects=True).text
    )
    page = client.get("/").text
    assert "the sample project" in page
    assert current_step(page) == "Make a token"
    assert client.post("/first-steps/sample").status_code == 409

    asked = client.get("/projects/acme/web/-/delete").text
    assert "nobody's work is in it" in asked
    assert 'name="confirm"' not in asked
    client.post("/projects/acme/web/-/delete")

    with board() as session:
        assert session.scalars(select(Project.repository_name)).all() == ["acme/mine"]
        assert len(session.scalars(select(Ticket)).all()) == 1
        added = select(AuditEntry.actor).where(AuditEntry.action == "sample_added")
        assert session.scalars(added).all() == ["ann"]


def test_whoever_may_not_make_projects_is_offered_no_sample(sign_in):
    assert "Add the sample project" not in sign_in("member").get("/").text


def test_each_person_hides_the_steps_for_themselves(client, sign_in):
    assert client.post("/first-steps/hide").status_code == 303

    page = client.get("/").text
    assert current_step(page) is None
    assert "No tickets yet" in page
    assert current_step(sign_in("viewer").get("/").text) == "Create a project"


def test_with_a_sample_alone_nothing_is_done(client, board):
    with board() as session:
        add_sample(session, ANN)
        make_worker(session, project="acme/web")

    page = client.get("/").text
    assert current_step(page) == "Create a project"
    assert "0 of 6 done" in page
