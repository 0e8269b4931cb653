"""Keys for programs, on their page: shown once, and revoked for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from app import clock
from app.actor import Actor
from app.models import ApiToken
from tests.factories import make_project
from tests.pages import between, error_at, words
from tests.statements import counting_queries

ROOT = Actor.operator("root")


@pytest.fixture
def admin(sign_in):
    """A browser of an admin named ada."""
    return sign_in("admin", "ada")


def wanted(**values):
    return {"name": "crew", "scopes": ["work"], "project_id": "", "expires": "90", **values}


def row(page):
    return words(between(page, 'id="token-', "</tr>"))


def test_an_empty_list_says_what_a_token_is(admin):
    page = admin.get("/tokens").text
    assert "No tokens yet" in page
    assert 'href="/tokens/new"' in page


def test_a_new_token_is_shown_once_and_works(admin, stranger):
    made = admin.post("/tokens/new", data=wanted())
    assert made.status_code == 200
    assert made.headers["Cache-Control"] == "no-store"
    secret = between(made.text, '<input value="', '"')
    answer = stranger.get("/api/v1/token", headers={"Authorization": f"Bearer {secret}"})
    told = answer.json
    assert None not in [told.pop(name) for name in ("expires_at", "last_used_at")]
    assert told == {"name": "crew", "scopes": ["read", "work"], "project_id": None}
    page = admin.get("/tokens").text
    assert secret not in page
    assert "crew" in row(page)
    assert f"{secret[:10]}…" in row(page)
    assert "by ada" in row(page)


def test_a_token_may_be_for_one_project_and_for_ever(admin, board):
    with board() as session:
        make_project(session)
    admin.post("/tokens/new", data=wanted(project_id="acme/web", expires="", scopes=["read"]))
    assert "read acme/web" in row(admin.get("/tokens").text)
    assert "never never" in row(admin.get("/tokens").text)


@pytest.mark.parametrize(
    ("values", "status", "field"),
    [
        ({"name": ""}, 422, "name"),
        ({"name": "a b"}, 422, "name"),
        ({"scopes": []}, 422, "scopes"),
        ({"scopes": ["everything"]}, 422, "scopes"),
        ({"project_id": "no/such"}, 422, "project_id"),
        ({"expires": "999999"}, 422, "expires"),
    ],
)
def test_a_wrong_token_is_refused_at_its_field_and_nothing_is_made(
    admin, board, values, status, field
):
    answer = admin.post("/tokens/new", data=wanted(**values))
    assert answer.status_code == status
    assert error_at(answer.text, field)
    with board() as session:
        assert session.query(ApiToken).count() == 0


def test_a_name_is_taken_while_its_token_lives(admin):
    admin.post("/tokens/new", data=wanted())
    refused = admin.post("/tokens/new", data=wanted())
    assert refused.status_code == 409
    assert "already a token crew" in error_at(refused.text, "name")


def test_revoking_asks_first_and_then_nobody_comes_in_with_it(admin, stranger):
    made = admin.post("/tokens/new", data=wanted())
    secret = between(made.text, '<input value="', '"')
    address = between(admin.get("/tokens").text, 'id="token-', '"')
    asked = admin.get(f"/tokens/{address}/revoke")
    assert "Revoke crew?" in asked.text
    header = {"Authorization": f"Bearer {secret}"}
    assert stranger.get("/api/v1/token", headers=header).status_code == 200
    assert admin.post(f"/tokens/{address}/revoke").status_code == 303
    assert stranger.get("/api/v1/token", headers=header).status_code == 401
    page = admin.get("/tokens").text
    assert "Revoked lately" in page
    assert admin.post(f"/tokens/{address}/revoke").status_code == 303, "again does no harm"
    assert admin.get("/tokens/999/revoke").status_code == 404


def test_an_expired_token_says_so(admin, board):
    with board() as session:
        past = clock.now() - timedelta(days=2)
        with time_machine.travel(past):
            ApiToken.issue(
                session, name="old", scopes=["read"], actor=ROOT, lifetime=timedelta(days=1)
            )
    assert "expired" in row(admin.get("/tokens").text)


def test_the_list_costs_the_same_however_many_there_are(admin, board, app):
    counts = []
    for number in range(2):
        with board() as session:
            for other in range(5):
                name = f"crew-{number}-{other}"
                ApiToken.issue(session, name=name, scopes=["read"], actor=ROOT)
        with counting_queries(app) as sent:
            admin.get("/tokens")
        counts.append(len([statement for statement in sent if "SELECT" in statement]))
    assert counts[0] == counts[1] <= 7
