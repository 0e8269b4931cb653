"""The API through a real server: generated requests, large ones, and slow ones."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.db.base import db
from app.models import ApiToken, PlanTemplate
from tests.factories import ANN, make_project, make_ticket, make_worker
from tests.processes import PATIENCE
from tests.serving import BoardServer

HERE = Path(__file__).parent
JSON = {"Content-Type": "application/json"}
METHODS = {"get", "put", "post", "patch", "delete"}

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Served:
    """A server with a small board, and a token that may do everything."""

    port: int
    secret: str

    @property
    def headers(self) -> dict[str, str]:
        """What every request brings along."""
        return {"Authorization": f"Bearer {self.secret}"}

    def connect(self) -> http.client.HTTPConnection:
        """A connection of its own."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict]:
        """One request."""
        data = None if body is None else json.dumps(body)
        with closing(self.connect()) as connection:
            connection.request(method, f"/api/v1{path}", data, {**self.headers, **JSON})
            answer = connection.getresponse()
            raw = answer.read()
        return answer.status, json.loads(raw) if raw else {}


@pytest.fixture(scope="module")
def served(
    request: pytest.FixtureRequest,
    new_database: Callable[[str], str],
    make_app: Callable[..., Flask],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    """On SQLite, unless a test names another database."""
    url = new_database(getattr(request, "param", "sqlite"))
    app = make_app(url)
    with app.app_context():
        secret = _fill(db.session())
        db.session.commit()
    with BoardServer(app, tmp_path_factory.mktemp("server")) as server:
        yield Served(server.port, secret)


def _fill(session: Session) -> str:
    """A board on which the examples in the document name what is there."""
    project = make_project(session, rules="No secrets.", ticket_prefix="WEB")
    make_ticket(session, ticket_id="WEB-12", plan=["implementation", "review"], labels=["cart"])
    for _ in range(5):
        make_ticket(session, plan=["review"])
    make_worker(session, "review", worker_id="review-1", hostname=None, pid=None)
    plan = ["implementation", "review"]
    PlanTemplate.create(
        session, actor=ANN, project_id=project.repository_name, name="usual", plan=plan
    )
    return ApiToken.issue(session, name="admin", scopes=["admin"], actor=ANN)[1]


@pytest.mark.parametrize("served", ["postgresql"], indirect=True, scope="module")
def test_generated_requests_find_no_error_and_no_undocumented_answer(
    served: Served, tmp_path: Path
) -> None:
    """On PostgreSQL, which refuses more: a NUL in a text, a number that its column can't hold. What
    SQLite makes of such values `tests/web/probing` asks."""
    options = (
        f"--config-file {HERE / 'schemathesis.toml'} --no-color run "
        f"http://127.0.0.1:{served.port}/api/v1/openapi.json --checks all --max-examples 4 "
        # Two at once would delete what the other has just made, and find it gone.
        "--workers 1 --generation-deterministic --continue-on-failure"
    )
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "from schemathesis.cli import schemathesis; schemathesis()",
            *options.split(),
            "--header",
            f"Authorization: Bearer {served.secret}",
        ],
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "wrong_values.py")},
        check=False,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert found.returncode == 0, found.stdout[-8000:] + found.stderr[-2000:]
    paths = served.ask("GET", "/openapi.json")[1]["paths"].values()
    assert f"Tested: {sum(len(METHODS & path.keys()) for path in paths)}" in found.stdout


def test_a_comment_of_five_megabytes_is_refused_and_the_sender_can_read_why(
    served: Served,
) -> None:
    status, told = served.ask("POST", "/tickets/WEB-12/comments", {"content": "x" * 5_000_000})
    assert (status, told["type"]) == (413, "/api/docs#too_large")


def test_a_large_body_of_unknown_length_is_refused(served: Served) -> None:
    chunks = (b'{"content": "' if not n else b"x" * 65_536 for n in range(60))
    headers = {**served.headers, **JSON}
    path = "/api/v1/tickets/WEB-12/comments"
    with closing(served.connect()) as connection:
        connection.request("POST", path, chunks, headers, encode_chunked=True)
        answer = connection.getresponse()
        assert answer.status == 413
        assert json.loads(answer.read())["type"] == "/api/docs#too_large"


def test_a_slow_client_keeps_nobody_from_writing(served: Served) -> None:
    body = json.dumps({"content": "slowly"}).encode()
    head = (
        "POST /api/v1/tickets/WEB-12/comments HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {served.secret}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    slow = socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE)
    slow.sendall(head.encode() + body[:5])
    time.sleep(0.3)
    for number in range(5):
        status, _ = served.ask("POST", "/tickets/WEB-12/comments", {"content": f"fast {number}"})
        assert status == 201
    slow.sendall(body[5:])
    answer = b""
    while part := slow.recv(65_536):
        answer += part
    slow.close()
    assert answer.startswith(b"HTTP/1.1 201")
    said = served.ask("GET", "/tickets/WEB-12/comments?limit=200")[1]["items"]
    assert [each["content"] for each in said][-6:] == [*(f"fast {n}" for n in range(5)), "slowly"]
