"""Reload, restart and stop while people are at it: no request is lost, none is answered 5xx."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from contextlib import contextmanager

import psutil
import pytest

from tests.deploy.board import Board, client_of_host
from tests.deploy.conftest import start
from tests.deploy.load import load
from tests.deploy.visitor import Visitor
from tests.processes import PATIENCE, free_port, until

PATHS = ["/healthz", "/readyz", "/nothing-here", "POST /api/v1/tickets"]
GOOD = {200, 401, 404}
"""The POST brings no token: all that matters here is that the board itself refuses it."""


@pytest.fixture
def own(tmp_path, database):
    """A board that this test may stop."""
    shutil.copy(database, tmp_path / "callboard.db")
    with Board(tmp_path, WEB_CONCURRENCY="1") as board:
        yield board


@pytest.fixture(scope="module")
def reloaded(tmp_path_factory, database):
    """A board that each test reloads, and the last one stops, at a socket for proxies and at a port
    for direct clients."""
    folder = tmp_path_factory.mktemp("reloaded")
    shutil.copy(database, folder / "callboard.db")
    with Board(folder, WEB_CONCURRENCY="2") as board:
        board.port = free_port()
        yield board


def start_unless_running(board):
    """Whichever test comes first, or after the one that stops it."""
    if not board.is_running:
        board.start("--bind", f"127.0.0.1:{board.port}", "--bind", f"unix:{board.socket}")


@pytest.mark.parametrize("way", ["direct", "nginx", "caddy"])
def test_a_reload_under_load_loses_nothing(
    reloaded, certificate, tmp_path, way, record_property
):  # fmt: skip
    start_unless_running(reloaded)
    with (
        clients(way, reloaded, certificate, tmp_path) as make,
        load(make, PATHS, fresh=2, kept=2) as outcomes,
    ):
        reload_under(outcomes, reloaded)

    assert not outcomes.lost
    assert set(outcomes.answers) == GOOD
    record_property("figures", f"a reload, {way}: {outcomes.count} requests, none lost")


@contextmanager
def clients(way, board, certificate, folder):
    """Makes clients who come over TCP, or through a proxy."""
    if way == "direct":
        yield lambda: client_of_host(f"http://127.0.0.1:{board.port}")
        return
    proxy = start(way, folder, board.socket, certificate)
    try:
        yield lambda: Visitor(proxy.url, certificate)
    finally:
        proxy.stop()


def test_a_restart_behind_a_systemd_socket_loses_nothing(
    own, certificate, tmp_path, record_property
):
    with listening(own.socket) as door:
        own.start(door=door)
        with (
            clients("nginx", own, certificate, tmp_path) as make,
            load(make, PATHS, fresh=2, kept=2) as outcomes,
        ):
            until(lambda: outcomes.count > 50)
            own.terminate()
            assert own.wait() == 0
            outcomes.mark("stopped")
            own.start(door=door)
            until(lambda: outcomes.count > outcomes.marks["stopped"] + 50)

    assert not outcomes.lost
    assert set(outcomes.answers) == GOOD
    record_property("figures", f"a restart behind a socket: {outcomes.count} requests, none lost")


def test_a_stop_finishes_what_has_begun(reloaded):
    start_unless_running(reloaded)
    began, answers = threading.Event(), []

    def slow_body():
        yield b"{"
        began.set()
        time.sleep(1.5)
        yield b"}"

    def post():
        with client_of_host(f"http://127.0.0.1:{reloaded.port}") as client:
            headers = {"Content-Type": "application/json"}
            answers.append(client.post("/api/v1/tickets", content=slow_body(), headers=headers))

    thread = threading.Thread(target=post)
    thread.start()
    assert began.wait(PATIENCE)
    time.sleep(0.3)  # until a thread of the board waits for the rest
    reloaded.terminate()
    thread.join(PATIENCE)

    assert reloaded.wait() == 0
    assert [answer.status_code for answer in answers] == [401]


def reload_under(outcomes, board):
    """Reload amid the load; returns when the new workers have taken over and answered some."""
    until(lambda: outcomes.count > 50)
    before = workers_of(board)
    board.reload()
    until(lambda: workers_of(board) and not workers_of(board) & before)
    outcomes.mark("reloaded")
    until(lambda: outcomes.count > outcomes.marks["reloaded"] + 50)


def workers_of(board):
    return {child.pid for child in psutil.Process(board.pid).children()}


def listening(path):
    """What systemd does for callboard.socket."""
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(path))
    door.listen(512)
    return door
