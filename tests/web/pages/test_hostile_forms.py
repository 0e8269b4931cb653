"""Forms that no page of ours sends: each is refused, and nothing changes."""

from __future__ import annotations

from itertools import product

import pytest
from flask.testing import FlaskClient

from app.models import Ticket
from tests.conftest import OpenSession
from tests.factories import ROLES, make_ticket
from tests.pages import error_at


@pytest.fixture(autouse=True)
def ticket(board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, title="Keep the cart")


def title_now(board: OpenSession) -> str:
    with board() as session:
        return session.get_one(Ticket, "WEB-1").title


BODIES = (
    '{"title": "Mine", "version": "1", "priority": "0"}',
    '"x"',
    "[]",
    '{"a":' * 9_000,
    "",
    "{",
)
KINDS = ("application/json", "application/x+json; charset=utf-16")


def test_a_page_takes_no_json(client: FlaskClient, board: OpenSession) -> None:
    for body, kind in product(BODIES, KINDS):
        answer = client.post("/tickets/WEB-1/edit", data=body, content_type=kind)
        assert answer.status_code == 415, (body, kind)
        assert "The pages take forms." in answer.text
    assert title_now(board) == "Keep the cart"


VERSIONS = ("1", "7", "0", "", "zap", "9" * 5_000)
PRIORITIES = ("4", "-1", "zap", "\N{ARABIC-INDIC DIGIT ONE}", "")


@pytest.mark.both_databases
def test_a_priority_that_is_none_is_refused_at_any_version(
    client: FlaskClient, board: OpenSession
) -> None:
    for version, priority in product(VERSIONS, PRIORITIES):
        typed = {"title": "Mine", "description": "", "labels": "", "priority": priority}
        answer = client.post("/tickets/WEB-1/edit", data={**typed, "version": version})
        assert answer.status_code == 422, (version, priority)
        assert error_at(answer.text, "priority")
        assert 'value="Mine"' in answer.text
    assert title_now(board) == "Keep the cart"


LOCKED = ("zap", "-1", "9" * 5_000, "\N{SUPERSCRIPT TWO}", "999999999")
PLAN_ACTIONS = ("", "add", "up-" + "9" * 5_000, "remove-0", "down-\u0663")


@pytest.mark.both_databases
def test_a_plan_s_hidden_numbers_may_be_anything(client: FlaskClient, board: OpenSession) -> None:
    for locked, action in product(LOCKED, PLAN_ACTIONS):
        typed = {"plan": list(ROLES), "locked": locked, "version": "7", "plan_action": action}
        answer = client.post("/tickets/WEB-1/plan", data=typed)
        assert answer.status_code in (200, 409, 422), (locked, action)
    with board() as session:
        assert session.get_one(Ticket, "WEB-1").execution_plan == list(ROLES)
