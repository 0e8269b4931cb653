"""A real board for real runners: gunicorn on a free port, and the `callboard` command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Agents, Runners
from tests.runner.stage import LARGEST_REPORT, Stage
from tests.serving import BoardServer

_numbers = count(1)


@pytest.fixture(scope="session")
def server(
    new_database: Callable[[str], str],
    make_app: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[BoardServer]:
    """A board on SQLite that all tests share, each in a project of its own."""
    app, folder = make_app(new_database("sqlite")), tmp_path_factory.mktemp("server")
    limit = str(LARGEST_REPORT)
    with BoardServer(
        app, folder, CALLBOARD_MAX_BODY_BYTES=limit, CALLBOARD_SWEEP_SECONDS="0.5"
    ) as server:
        yield server


@pytest.fixture
def stage(server: BoardServer, tmp_path: Path) -> Stage:
    """A project with the roles `implementation` and `review`; the server runs."""
    return Stage(server, f"acme/web{next(_numbers)}", tmp_path)


@pytest.fixture
def agents(tmp_path: Path) -> Agents:
    """Small scripts that play agents."""
    return Agents(tmp_path)


@pytest.fixture
def runners(stage: Stage, tmp_path: Path) -> Iterator[Runners]:
    """Runners of the stage's project; those that still run at the end are killed."""
    with Runners(stage.server.url, stage.project, stage.token, tmp_path) as runners:
        yield runners
