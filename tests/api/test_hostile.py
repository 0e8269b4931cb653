"""Requests that are broken, or mean harm: each gets a clear answer, and nothing happens."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.models import Comment
from tests.api.conftest import Program, fields, problem
from tests.conftest import OpenSession
from tests.factories import make_ticket


@pytest.fixture(autouse=True)
def ticket_id(board: OpenSession) -> str:
    with board() as session:
        return make_ticket(session).ticket_id


def send_raw(
    program: Program, path: str, data: bytes, content_type: str | None = "application/json"
) -> TestResponse:
    return program.client.post(
        f"/api/v1{path}",
        data=data,
        content_type=content_type,
        headers={"Authorization": f"Bearer {program.secret}"},
    )


COMMENTS = "/tickets/WEB-1/comments"


NO_JSON = (
    (b"", "isn't JSON"),
    (b"{", "isn't JSON"),
    (b"{'content': 'x'}", "isn't JSON"),
    (b'{"content": "x"} {}', "isn't JSON"),
    (b'{"content": "x", "content": "y"}', "comes twice"),
    (b'{"content": NaN}', "NaN is no number"),
    (b'{"content": -Infinity}', "-Infinity is no number"),
    (b'{"content": ' + b"9" * 5000 + b"}", "isn't JSON"),
    (b'{"content": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    (b'{"content": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, "nested too deeply"),
    (b'\xef\xbb\xbf{"content": "x"}', "isn't JSON"),
    (b'{"content": "\xff\xfe"}', "isn't valid UTF-8"),
    ('{"content": "x"}'.encode("utf-16"), "isn't valid UTF-8"),
    (b'{"content": "a\x00b"}', "isn't JSON"),
)


def test_what_is_no_json_is_refused(planner: Program) -> None:
    for data, why in NO_JSON:
        told = problem(send_raw(planner, COMMENTS, data), 400, "not_json")
        assert why in told["detail"]
        assert planner.get(COMMENTS).json["items"] == []


WRONG_VALUES: tuple[tuple[dict[str, object], str], ...] = (
    ({"content": "a\x00b"}, "content"),
    ({"content": "\ud800"}, "content"),
    ({"content": "x", "a\udfff": 1}, "a�"),
    ({"content": 1e308}, "content"),
    ({"content": 10**4000}, "content"),
    ({"content": True}, "content"),
    ({"content": None}, "content"),
    ({"content": ["x"]}, "content"),
    ({"content": ""}, "content"),
    ({"content": "   "}, "content"),
    ({"content": "a\x07b"}, "content"),
    ({"content": "x" * (Comment.CONTENT_MAX + 1)}, "content"),
    ({"content": "x", "run_id": 10**30}, "run_id"),
    ({"content": "x", "run_id": -1}, "run_id"),
    ({"content": "x", "run_id": "1"}, "run_id"),
    ({"content": "x", "run_id": 1.5}, "run_id"),
    ({"content": "x", "author": "ann"}, "author"),
    ({}, "content"),
)


def test_wrong_values_are_told_at_their_fields(planner: Program) -> None:
    for body, field in WRONG_VALUES:
        told = problem(send_raw(planner, COMMENTS, json.dumps(body).encode()), 422, "invalid")
        assert fields(told) == [field], body
        assert planner.get(COMMENTS).json["items"] == []


NO_OBJECTS = (b"[]", b'"x"', b"1", b"null", b"true")


def test_a_body_that_is_no_object_is_refused(planner: Program) -> None:
    for data in NO_OBJECTS:
        problem(send_raw(planner, COMMENTS, data), 422, "invalid")


def test_many_errors_are_cut_short(planner: Program) -> None:
    body = json.dumps({f"x{number}": 1 for number in range(1000)}).encode()
    assert len(problem(send_raw(planner, COMMENTS, body), 422, "invalid")["errors"]) == 50


NO_JSON_TYPES = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None)


def test_only_json_is_taken(planner: Program) -> None:
    for content_type in NO_JSON_TYPES:
        answer = send_raw(planner, COMMENTS, b'{"content": "x"}', content_type)
        problem(answer, 415, "not_json_type")


def test_a_comment_of_five_megabytes_is_too_large(planner: Program) -> None:
    body = json.dumps({"content": "x" * 5_000_000}).encode()
    problem(send_raw(planner, COMMENTS, body), 413, "too_large")


WRONG_ADDRESSES = (
    ("/tickets?limit=0", "limit"),
    ("/tickets?limit=1_0", "limit"),
    ("/tickets?limit=" + "9" * 5000, "limit"),
    ("/tickets?limit=5&limit=6", "limit"),
    ("/tickets?state=lost", "state"),
    ("/tickets?priority=4", "priority"),
    ("/tickets?sort=title", "sort"),
    ("/tickets?colour=red", "colour"),
    ("/tickets?cursor=abc", "cursor"),
    ("/tickets?cursor=%C3%A4", "cursor"),
    ("/runs?finished=yes", "finished"),
    ("/events?after=-1", "after"),
    ("/events?after=99999999999999999999", "after"),
    ("/events?after=newest", "after"),
    ("/token?x=1", "x"),
)


def test_a_wrong_address_is_told_at_its_parts(planner: Program) -> None:
    for path, field in WRONG_ADDRESSES:
        told = problem(planner.get(path), 422, "invalid")
        assert field in fields(told), path


NO_TEXTS = ("/tickets?q=%ff", "/tickets?q=a%00b", "/tickets/%00")


def test_an_address_that_is_no_text_is_refused(planner: Program) -> None:
    for path in NO_TEXTS:
        problem(planner.get(path), 400, "bad_request")


UNKNOWN_PATHS = (
    "/nothing",
    "/tickets/",
    "/tickets/NO-1",
    "/tickets//hold",
    "/runs/0",
    "/runs/x",
    "/runs/-1",
    "/runs/" + "9" * 30,
    "/runs/" + "9" * 6000,
    "/events/9223372036854775808",
    "/workers/%F0%9F%92%A9",
)


def test_unknown_paths_are_told_as_problems(planner: Program) -> None:
    for path in UNKNOWN_PATHS:
        problem(planner.get(path), 404, "not_found")


def test_a_path_beside_the_version_is_told_as_a_problem(client: FlaskClient) -> None:
    for path in ("/api/v2/tickets", "/api/v1", "/api/x"):
        problem(client.get(path), 404, "not_found")


def test_a_wrong_method_is_told_with_those_that_are_right(planner: Program) -> None:
    answer = planner.send("DELETE", "/tickets/WEB-1")
    problem(answer, 405, "method_not_allowed")
    assert {"GET", "PATCH"} <= set(answer.headers["Allow"].split(", "))


def test_errors_of_the_pages_stay_pages(client: FlaskClient) -> None:
    assert client.get("/nothing").content_type.startswith("text/html")
    assert client.get("/tickets/NO-1").content_type.startswith("text/html")


def test_a_crash_is_told_with_its_number_in_the_log(
    planner: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(*args: object, **values: object) -> None:
        raise RuntimeError("secret thing")

    monkeypatch.setattr("app.operations.tickets.ticket_slice", crash)
    told = problem(planner.get("/tickets"), 500, "crashed")
    assert "secret thing" not in json.dumps(told)
    assert told["request_id"] in caplog.text


def test_a_busy_database_is_told_with_when_to_come_again(
    planner: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    from sqlalchemy.exc import OperationalError

    def busy(*args: object, **values: object) -> None:
        raise OperationalError("BEGIN", {}, sqlite3.OperationalError("database is locked"))

    monkeypatch.setattr("app.operations.tickets.ticket_slice", busy)
    answer = planner.get("/tickets")
    problem(answer, 503, "busy")
    assert int(answer.headers["Retry-After"]) > 0


def test_no_cookie_is_set_and_none_is_needed(planner: Program) -> None:
    answer = planner.post(COMMENTS, {"content": "x"})
    assert answer.status_code == 201
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
