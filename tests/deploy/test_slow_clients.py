"""Clients that send slowly, or not at all, without a proxy in front: they hold no thread."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import time
from contextlib import ExitStack, closing, contextmanager
from threading import Thread

import httpx
import pytest

from tests.deploy.board import HOST, Board, client_of_host
from tests.deploy.conftest import TOKENS
from tests.processes import PATIENCE, free_port

HEAD = (
    f"POST /sign-in HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
)
STALLED = {
    "nothing": "",
    "half of the head": HEAD,
    "no body": HEAD + "Content-Length: 100\r\n\r\n",
    "half of the body": HEAD + "Content-Length: 100\r\n\r\nname=x",
    "no chunk": HEAD + "Transfer-Encoding: chunked\r\n\r\n",
    "half of a chunk": HEAD + "Transfer-Encoding: chunked\r\n\r\n64\r\nname=x\r\n0\r\n\r\n",
    "too large": HEAD + "Content-Length: 90000000\r\n\r\n",
    "empty lines": "\r\n\r\n",
}
WHOLE = {
    "a length": "Content-Length: 6\r\n\r\nname=x",
    "chunks": "Transfer-Encoding: chunked\r\n\r\n3\r\nnam\r\n3;a=b\r\ne=x\r\n0\r\n\r\n",
    "a trailer": "Transfer-Encoding: chunked\r\n\r\n6\r\nname=x\r\n0\r\nX-Sum: 1\r\n\r\n",
}
LAST = {
    "one alone": f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n",
    "an old client": f"GET /healthz HTTP/1.0\r\nHost: {HOST}\r\n\r\n",
    "nothing that can be read": "HELLO\r\n\r\n",
}
"""After the answer to these the server closes."""
EACH = 40
"""Requests of each kind: ten for each thread of the board."""

QUICK_SECONDS = 15
"""Sooner than anybody is answered who has to wait for stalled requests: a thread would wait ten
seconds for each."""


@pytest.fixture(scope="module")
def own(tmp_path_factory, database):
    """A board with one process of four threads, and no proxy in front."""
    with serving(tmp_path_factory.mktemp("slow"), database, CALLBOARD_PROXY_HOPS="0") as board:
        yield board


@pytest.fixture(scope="module")
def hasty(tmp_path_factory, database):
    """A board that waits two seconds for a request, and that says that a proxy is in front."""
    settings = {"CALLBOARD_ARRIVAL_SECONDS": "2", "CALLBOARD_PROXY_HOPS": "1"}
    with serving(tmp_path_factory.mktemp("hasty"), database, **settings) as board:
        yield board


@contextmanager
def serving(folder, database, **settings):
    """A board with an address for this machine, and one for others."""
    shutil.copy(database, folder / "callboard.db")
    with Board(folder, WEB_CONCURRENCY="1", **settings) as board:
        board.port, board.public_port = free_port(), free_port()
        addresses = f"127.0.0.1:{board.port}", f"0.0.0.0:{board.public_port}"
        binds = [f"unix:{board.socket}", *addresses]
        board.start(*(word for bind in binds for word in ("--bind", bind)))
        yield board


def connect(own):
    connection = socket.create_connection(("127.0.0.1", own.port), timeout=PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def client(own, timeout):
    return client_of_host(f"http://127.0.0.1:{own.port}", timeout=timeout)


def get(own, path):
    """The status of the answer, if it comes quickly."""
    try:
        with client(own, QUICK_SECONDS) as someone:
            return someone.get(path).status_code
    except httpx.TimeoutException:
        return None


def test_stalled_requests_stop_nobody(own):
    """Those of each kind are added to those that stall already."""
    with ExitStack() as stack:
        for kind, sent in STALLED.items():
            for _ in range(EACH):
                stack.enter_context(connect(own)).sendall(sent.encode())
            time.sleep(0.3)

            assert get(own, "/healthz") == 200, kind
            assert get(own, "/sign-in") == 200, kind


@pytest.mark.parametrize("last", LAST)
def test_those_who_stay_after_their_last_answer_stop_nobody(own, last):
    with ExitStack() as stack:
        stayers = [stack.enter_context(connect(own)) for _ in range(EACH)]
        for stayer in stayers:
            stayer.sendall(LAST[last].encode())

        assert get(own, "/healthz") == 200
        assert all(stayer.recv(100).startswith(b"HTTP/1.") for stayer in stayers)


def test_an_answer_arrives_whole_though_its_client_goes_on_sending(own):
    with connect(own) as client:
        client.sendall(LAST["one alone"].encode() + b"x" * 30_000)
        answer = b""
        while part := client.recv(10_000):
            answer += part

    assert answer.endswith(b'{"status":"ok"}\n'), answer


def test_those_who_are_too_late_are_told_and_closed(hasty):
    with connect(hasty) as stalled, connect(hasty) as silent:
        stalled.sendall(STALLED["half of the body"].encode())

        assert silent.recv(100) == b""
        assert stalled.recv(100).startswith(b"HTTP/1.1 408 ")
        assert stalled.recv(100) == b""


@pytest.mark.parametrize("form", WHOLE)
def test_a_request_that_comes_byte_by_byte_is_answered_as_soon_as_it_is_whole(own, form):
    with connect(own) as client:
        for byte in (HEAD + WHOLE[form]).encode():
            client.sendall(bytes([byte]))
            time.sleep(0.001)

        assert client.recv(100).startswith(b"HTTP/1.1 400 "), "a form without its token"


def test_a_public_address_without_a_proxy_is_warned_about(own):
    """And no other: each of its addresses that is warned about has a line."""
    assert own.log.count("open to other machines") == 1
    assert f"open to other machines at http://0.0.0.0:{own.public_port}," in own.log


def test_a_public_address_behind_a_proxy_is_not_warned_about(hasty):
    assert "open to other machines" not in hasty.log


def test_two_requests_in_one_go_are_both_answered(own):
    one = f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    with connect(own) as client:
        client.sendall(one + one)
        answers = b""
        while answers.count(b"HTTP/1.1 200 OK") < 2:
            part = client.recv(10_000)
            assert part, answers
            answers += part


def test_who_waits_for_the_word_to_go_on_gets_it(own):
    with connect(own) as client:
        client.sendall((HEAD + "Expect: 100-continue\r\nContent-Length: 6\r\n\r\n").encode())
        assert client.recv(100).startswith(b"HTTP/1.1 100 Continue")
        client.sendall(b"name=x")

        told = b""
        while b"HTTP/1.1 400 " not in told:
            part = client.recv(10_000)
            assert part, told
            told += part


def test_health_answers_while_all_threads_are_at_work(own):
    """Somebody holds SQLite's lock, so that every request that writes waits for it."""
    answers = []
    headers = {"Authorization": f"Bearer {TOKENS['plan']}"}

    def write():
        ticket = {"project_id": "acme/none", "title": "x", "execution_plan": ["x"]}
        with client(own, PATIENCE) as program:
            answers.append(program.post("/api/v1/tickets", json=ticket, headers=headers))

    with closing(sqlite3.connect(own.folder / "callboard.db", isolation_level=None)) as holder:
        writers = [Thread(target=write) for _ in range(8)]
        holder.execute("BEGIN IMMEDIATE")
        for writer in writers:
            writer.start()
        time.sleep(1)
        with client(own, 1) as person, pytest.raises(httpx.TimeoutException):
            person.get("/sign-in", headers=headers)
        assert get(own, "/healthz") == 200
        holder.execute("ROLLBACK")
    for writer in writers:
        writer.join()

    assert [answer.status_code for answer in answers] == [404] * 8
    assert get(own, "/sign-in") == 200
