"""A program that uses the API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.actor import Actor
from app.models import ApiToken
from tests.conftest import OpenSession

ROOT = "/api/v1"


class Program:
    """Speaks JSON, with a token."""

    def __init__(self, client: FlaskClient, secret: str) -> None:
        self.client, self.secret = client, secret

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Send a request; header names are written with underscores."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        options: dict[str, Any] = {} if body is None else {"json": body}
        return self.client.open(
            ROOT + path,
            method=method,
            headers={"Authorization": f"Bearer {self.secret}", **given},
            **options,
        )

    def get(self, path: str, **query: Any) -> TestResponse:
        """Read."""
        return self.client.get(
            ROOT + path,
            query_string=query or None,
            headers={"Authorization": f"Bearer {self.secret}"},
        )

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Do."""
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> TestResponse:
        """Change."""
        return self.send("PATCH", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Set."""
        return self.send("PUT", path, body, **headers)

    def delete(self, path: str, **query: Any) -> TestResponse:
        """Remove."""
        return self.client.delete(
            ROOT + path,
            query_string=query or None,
            headers={"Authorization": f"Bearer {self.secret}"},
        )


Program_ = Callable[..., Program]


@pytest.fixture
def program(stranger: FlaskClient, board: OpenSession) -> Program_:
    """`program("work", project="acme/web")`: one with a token of these scopes."""
    made = 0

    def make(*scopes: str, project: str | None = None, **values: Any) -> Program:
        nonlocal made
        made += 1
        with board() as session:
            _, secret = ApiToken.issue(
                session,
                name=values.pop("name", f"{scopes[0]}-{made}"),
                scopes=scopes,
                project_id=project,
                actor=Actor.person("ann"),
                **values,
            )
        return Program(stranger, secret)

    return make


@pytest.fixture
def worker(program: Program_) -> Program:
    """A program that works."""
    return program("work")


@pytest.fixture
def planner(program: Program_) -> Program:
    """A program that plans."""
    return program("plan")


@pytest.fixture
def admin(program: Program_) -> Program:
    """A program that may do everything."""
    return program("admin")


def problem(response: TestResponse, status: int, kind: str) -> dict[str, Any]:
    """The problem that an answer tells of; the test fails if it is another."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    told: dict[str, Any] = response.json
    assert told["type"] == f"/api/docs#{kind}", told
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    return told


def fields(told: dict[str, Any]) -> Sequence[str]:
    """The fields at fault."""
    return [error["field"] for error in told["errors"]]
