"""Who may come in, and what each may do and see."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from app import clock
from app.models import ApiToken
from app.models.api_token import IMPLIED_SCOPES
from tests.api.conftest import Program, Program_, problem
from tests.conftest import OpenSession
from tests.factories import ANN, make_project, make_ticket


@pytest.fixture(autouse=True)
def ticket_id(board: OpenSession) -> str:
    with board() as session:
        make_project(session, "acme/api")
        return make_ticket(session).ticket_id


def test_a_program_learns_what_its_token_allows(program: Program_) -> None:
    start = clock.now()
    with time_machine.travel(start, tick=False):
        crew = program("work", "plan", project="acme/web", name="crew", lifetime=timedelta(days=90))
    used = start + timedelta(days=1)
    with time_machine.travel(used, tick=False):
        told = crew.get("/token").json
    assert told == {
        "name": "crew",
        "scopes": ["plan", "read", "work"],
        "project_id": "acme/web",
        "expires_at": stamp(start + timedelta(days=90)),
        "last_used_at": stamp(used),
    }
    assert program("read").get("/token").json["expires_at"] is None


def stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    "header", [None, "", "Basic YTpi", "Bearer", "Bearer ", "cb_abc", "Token cb_abc"]
)
def test_without_a_token_nobody_comes_in(client: FlaskClient, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = client.get("/api/v1/tickets", headers=headers)
    assert "token create" in problem(answer, 401, "not_authenticated")["detail"]
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="callboard"'


def test_an_unknown_token_is_refused(client: FlaskClient) -> None:
    for secret in ("cb_" + "0" * 43, "x" * 5000, "ä"):
        answer = Program(client, secret).get("/tickets")
        problem(answer, 401, "not_authenticated")
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_revoked_token_is_refused_from_that_moment_on(
    program: Program_, board: OpenSession
) -> None:
    crew = program("read", name="crew")
    assert crew.get("/tickets").status_code == 200
    with board() as session:
        ApiToken.named(session, "crew").revoke(ANN)
    assert "revoked" in problem(crew.get("/tickets"), 401, "not_authenticated")["detail"]


def test_a_token_ends_when_its_time_is_over(program: Program_) -> None:
    crew = program("read", lifetime=timedelta(hours=1))
    assert crew.get("/tickets").status_code == 200
    with time_machine.travel(clock.now() + timedelta(minutes=61)):
        assert "expired" in problem(crew.get("/tickets"), 401, "not_authenticated")["detail"]


def test_each_scope_opens_its_own_doors(program: Program_, ticket_id: str) -> None:
    interfaces = {
        "read": ("GET", "/tickets", None),
        "work": ("POST", "/claims", {"worker_id": "w-1"}),
        "plan": ("POST", f"/tickets/{ticket_id}/hold", {}),
        "admin": ("DELETE", "/worker-types/999", None),
    }
    for scope in interfaces:
        crew = program(scope)
        for needed, (method, path, body) in interfaces.items():
            answer = crew.send(method, path, body)
            if needed in IMPLIED_SCOPES[scope]:
                assert answer.status_code not in (401, 403), (scope, needed, answer.text)
            else:
                told = problem(answer, 403, "forbidden")
                assert needed in told["detail"]
                assert f'scope="{needed}"' in answer.headers["WWW-Authenticate"]
        crew.post(f"/tickets/{ticket_id}/resume")


def test_workers_and_planners_may_both_comment(program: Program_, ticket_id: str) -> None:
    path = f"/tickets/{ticket_id}/comments"
    assert program("work").post(path, {"content": "a"}).status_code == 201
    assert program("plan").post(path, {"content": "b"}).status_code == 201
    problem(program("read").post(path, {"content": "c"}), 403, "forbidden")


def test_what_a_token_cannot_see_is_missing(program: Program_, ticket_id: str) -> None:
    other = program("plan", "work", project="acme/api")
    for method, path, body in (
        ("GET", "/tickets/{}", None),
        ("PATCH", "/tickets/{}", {"title": "x"}),
        ("POST", "/tickets/{}/hold", {}),
        ("GET", "/tickets/{}/comments", None),
        ("POST", "/tickets/{}/comments", {"content": "x"}),
        ("GET", "/tickets/{}/timeline", None),
        ("GET", "/tickets/{}/dependencies", None),
        ("PUT", "/tickets/{}/dependencies/WEB-1", None),
        ("PUT", "/tickets/{}/plan", {"execution_plan": ["review"]}),
    ):
        hidden = problem(other.send(method, path.format(ticket_id), body), 404, "not_found")
        missing = problem(other.send(method, path.format("WEB-9"), body), 404, "not_found")
        assert hidden["detail"].replace(ticket_id, "WEB-9") == missing["detail"], path
    problem(other.get("/projects/acme/web"), 404, "not_found")
    problem(other.patch("/projects/acme/web", {"path": "/x"}), 404, "not_found")
    assert [p["repository_name"] for p in other.get("/projects").json["items"]] == ["acme/api"]
    assert other.get("/tickets").json["items"] == []
    assert other.get("/runs").json["items"] == []
    assert other.get("/events").json["items"] == []
    assert other.get("/dependencies").json["items"] == []
    assert {q["project_id"] for q in other.get("/queues").json["items"]} == {"acme/api"}
    assert {r["project_id"] for r in other.get("/worker-types").json["items"]} == {"acme/api"}


def test_a_token_that_names_another_project_is_told_so(program: Program_) -> None:
    other = program("plan", "work", project="acme/api")
    for answer in (
        other.get("/tickets", project="acme/web"),
        other.get("/tickets", project="no/such"),
        other.post(
            "/tickets", {"project_id": "acme/web", "title": "x", "execution_plan": ["review"]}
        ),
        other.post(
            "/workers", {"worker_id": "w", "project_id": "acme/web", "worker_type": "review"}
        ),
        other.post("/worker-types", {"project_id": "acme/web", "worker_type": "x"}),
        other.post("/projects", {"repository_name": "acme/new", "path": "/x"}),
    ):
        assert "acme/api only" in problem(answer, 403, "forbidden")["detail"]


def test_the_last_use_is_noted_at_most_once_a_minute(program: Program_, board: OpenSession) -> None:
    crew = program("read", name="crew")
    start = clock.now()
    for seconds, noted in ((0, 0), (30, 0), (59, 0), (61, 61)):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            assert crew.get("/tickets").status_code == 200
        with board() as session:
            used = session.scalar(select(ApiToken.last_used_at).where(ApiToken.name == "crew"))
            assert used == start + timedelta(seconds=noted)


def test_only_the_hash_of_a_token_is_kept(program: Program_, board: OpenSession) -> None:
    crew = program("read", name="crew")
    assert len(crew.secret) == 46
    assert crew.secret[3:].isalnum()
    with board() as session:
        row = session.scalar(select(ApiToken).where(ApiToken.name == "crew"))
        assert row is not None
        assert crew.secret not in str(vars(row))
        assert crew.secret.startswith(row.prefix)


def test_what_a_token_does_stands_on_the_board_under_its_name(
    program: Program_, ticket_id: str
) -> None:
    crew = program("plan", name="ann")
    crew.post(f"/tickets/{ticket_id}/hold", {"reason": "later"})
    events = crew.get("/events", ticket_id=ticket_id, event_type="ticket_held").json["items"]
    assert [(e["actor"], e["reason"]) for e in events] == [("token ann", "later")]
