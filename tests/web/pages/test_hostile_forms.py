"""Forms that no page of ours sends: each is refused, and nothing changes."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.models import Ticket
from tests.conftest import OpenSession
from tests.factories import ROLES, make_ticket
from tests.pages import error_at

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def ticket(board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, title="Keep the cart")


def title_now(board: OpenSession) -> str:
    with board() as session:
        return session.get_one(Ticket, "WEB-1").title


@pytest.mark.parametrize(
    "body",
    ['{"title": "Mine", "version": "1", "priority": "0"}', '"x"', "[]", '{"a":' * 9_000, "", "{"],
)
@pytest.mark.parametrize("kind", ["application/json", "application/x+json; charset=utf-16"])
def test_a_page_takes_no_json(
    client: FlaskClient, board: OpenSession, body: str, kind: str
) -> None:
    answer = client.post("/tickets/WEB-1/edit", data=body, content_type=kind)
    assert answer.status_code == 415
    assert "The pages take forms." in answer.text
    assert title_now(board) == "Keep the cart"


@pytest.mark.parametrize("version", ["1", "7", "0", "", "zap", "9" * 5_000])
@pytest.mark.parametrize("priority", ["4", "-1", "zap", "\N{ARABIC-INDIC DIGIT ONE}", ""])
def test_a_priority_that_is_none_is_refused_at_any_version(
    client: FlaskClient, board: OpenSession, version: str, priority: str
) -> None:
    typed = {"title": "Mine", "description": "", "labels": "", "priority": priority}
    answer = client.post("/tickets/WEB-1/edit", data={**typed, "version": version})
    assert answer.status_code == 422
    assert error_at(answer.text, "priority")
    assert 'value="Mine"' in answer.text
    assert title_now(board) == "Keep the cart"


@pytest.mark.parametrize("locked", ["zap", "-1", "9" * 5_000, "\N{SUPERSCRIPT TWO}", "999999999"])
@pytest.mark.parametrize("action", ["", "add", "up-" + "9" * 5_000, "remove-0", "down-\u0663"])
def test_a_plan_s_hidden_numbers_may_be_anything(
    client: FlaskClient, board: OpenSession, locked: str, action: str
) -> None:
    typed = {"plan": list(ROLES), "locked": locked, "version": "7", "plan_action": action}
    answer = client.post("/tickets/WEB-1/plan", data=typed)
    assert answer.status_code in (200, 409, 422)
    with board() as session:
        assert session.get_one(Ticket, "WEB-1").execution_plan == list(ROLES)
