"""A board with one project that everyone sees, and people and programs who look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from app import clock
from app.models import ApiToken, Project, User
from tests.api.conftest import Program
from tests.conftest import OpenSession
from tests.factories import ANN, make_project
from tests.mcp.conftest import Agent
from tests.visibility.furnished import begin_with
from tests.visibility.rows import Rows, furnish, furnish_hidden

Secret = Callable[..., str]
OTHER = "acme/api"
"""A project that tokens are bound to, and that everyone sees."""


@pytest.fixture(autouse=True)
def unswept(app: Flask) -> Iterator[None]:
    """Nobody sweeps: a worker that fell silent stays so."""
    app.extensions["callboard.next_sweep"] = float("inf")
    yield
    del app.extensions["callboard.next_sweep"]


@pytest.fixture(autouse=True)
def time_stands_still(unswept: None) -> Iterator[None]:
    """What is read twice says "3 s ago" twice."""
    with time_machine.travel(clock.now(), tick=False):
        yield


@pytest.fixture
def rows(app: Flask) -> Rows:
    """What everyone sees."""
    return begin_with(app, furnish_open)


@pytest.fixture
def both(app: Flask) -> tuple[Rows, Rows]:
    """What everyone sees, and what is hidden."""
    return begin_with(app, furnish_both)


def furnish_open(session: Session) -> Rows:
    """What everyone sees."""
    make_project(session, OTHER)
    return furnish(session)


def furnish_both(session: Session) -> tuple[Rows, Rows]:
    """What everyone sees, and what is hidden."""
    return furnish_open(session), furnish_hidden(session)


@pytest.fixture
def secret(board: OpenSession) -> Secret:
    """`secret("read", project="acme/api")`: that of a new token."""
    made = 0

    def make(*scopes: str, project: str | None = None) -> str:
        nonlocal made
        made += 1
        with board() as session:
            values: dict[str, Any] = {"name": f"token-{made}", "scopes": scopes, "actor": ANN}
            return ApiToken.issue(session, **values, project_id=project)[1]

    return make


@pytest.fixture
def program(app: Flask, secret: Secret) -> Callable[..., Program]:
    """A program at the API."""
    return lambda *scopes, **values: Program(app.test_client(), secret(*scopes, **values))


@pytest.fixture
def agent(app: Flask, secret: Secret) -> Callable[..., Agent]:
    """An agent at MCP."""
    return lambda *scopes, **values: Agent(app.test_client(), secret(*scopes, **values))


@pytest.fixture
def let_in(board: OpenSession) -> Callable[[str, str], None]:
    """Make someone a member of a project."""

    def add(name: str, project: str) -> None:
        with board() as session:
            Project.lock(session, project).add_member(User.named(session, name), ANN)

    return add
