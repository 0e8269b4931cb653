"""One board, and four ways to stand in front of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.actor import Actor
from app.db.base import db
from app.models import ApiToken, User
from tests.deploy.board import HOST, Board
from tests.deploy.certificate import Certificate, make_certificate
from tests.deploy.proxies import Proxy, start_caddy, start_nginx
from tests.deploy.visitor import Visitor

PREFIX = "/board"
NAME, PASSWORD = "Ann", "six fresh pears in a bowl"
TOKENS: dict[str, str] = {}


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """For the board's public name."""
    return make_certificate(tmp_path_factory.mktemp("certificate"), HOST)


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory, make_app: Callable[..., Flask]) -> Path:
    """The file of a board with an admin, and a token for each of two programs."""
    file = tmp_path_factory.mktemp("database") / "callboard.db"
    operator = Actor.operator("root")
    with make_app(f"sqlite:///{file}").app_context():
        session = db.session()
        User.create(session, name=NAME, role="admin", password=PASSWORD, actor=operator)
        for scope in ("plan", "metrics"):
            _, TOKENS[scope] = ApiToken.issue(session, name=scope, scopes=[scope], actor=operator)
        session.commit()
        db.session.remove()
        db.engine.dispose()  # the last one out leaves a whole file, with no log beside it
    return file


@pytest.fixture(scope="session")
def board(tmp_path_factory: pytest.TempPathFactory, database: Path) -> Iterator[Board]:
    """A board with the sample project, served as docs/deploy.md says."""
    folder = tmp_path_factory.mktemp("board")
    shutil.copy(database, folder / "callboard.db")
    with Board(folder) as board:
        board.run("seed")
        board.start()
        yield board


@pytest.fixture(scope="session", params=["nginx", "nginx, prefix", "caddy", "caddy, prefix"])
def proxy(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    board: Board,
    certificate: Certificate,
) -> Iterator[Proxy]:
    """Each proxy in turn, at the root of its host and under a path."""
    name, _, under = request.param.partition(", ")
    folder = tmp_path_factory.mktemp(name)
    proxy = start(name, folder, board.socket, certificate, PREFIX if under else "")
    yield proxy
    proxy.stop()


@pytest.fixture(scope="session")
def token(board: Board) -> dict[str, str]:
    """The header of a program that plans."""
    return {"Authorization": f"Bearer {TOKENS['plan']}"}


@pytest.fixture(scope="session")
def metrics_token(board: Board) -> dict[str, str]:
    """The header of a program that reads figures."""
    return {"Authorization": f"Bearer {TOKENS['metrics']}"}


@pytest.fixture
def visitor(proxy: Proxy, certificate: Certificate) -> Iterator[Visitor]:
    """Someone who was never here."""
    with Visitor(proxy.url, certificate) as visitor:
        yield visitor


@pytest.fixture
def admin(visitor: Visitor) -> Visitor:
    """Someone who has signed in."""
    answer = visitor.send_form("/sign-in", name=NAME, password=PASSWORD)
    assert answer.status_code == 303, answer.text
    return visitor


def start(
    name: str, folder: Path, socket: Path, certificate: Certificate, prefix: str = ""
) -> Proxy:
    """One proxy in front of a socket."""
    if name == "caddy":
        return start_caddy(folder, socket, certificate, prefix)
    site = "prefix.conf" if prefix else "site.conf"
    return start_nginx(folder, socket, certificate, site, prefix)
