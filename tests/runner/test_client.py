"""What the board, or something before it, may answer, and what the runner makes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from app.runner.client import Away, Board, Refused, RunOver
from app.runner.report import release
from app.runner.retrying import GaveUp, retry_while_away
from app.runner.shutdown import ShutdownRequest

Answers = Callable[[int, str], Board]


@pytest.fixture
def answering() -> Iterator[Answers]:
    """A board that always gives the same answer."""
    answer = (200, "")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(answer[0])
            self.send_header("Content-Length", str(len(answer[1].encode())))
            self.end_headers()
            self.wfile.write(answer[1].encode())

        def log_message(self, *_arguments: object) -> None:
            """Not here."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    board = Board(f"http://127.0.0.1:{server.server_port}/", "cb_test")

    def answering(status: int, body: str) -> Board:
        nonlocal answer
        answer = (status, body)
        return board

    yield answering
    server.shutdown()
    thread.join()
    server.server_close()
    board.close()


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_a_board_that_is_busy_or_behind_a_lost_proxy_is_away(
    answering: Answers, status: int
) -> None:
    with pytest.raises(Away, match=str(status)) as caught:
        answering(status, "<h1>Bad Gateway</h1>").claim("w-1")
    assert caught.value.fault is None


def test_a_boards_own_fault_is_remembered(answering: Answers) -> None:
    with pytest.raises(Away) as caught:
        answering(500, "<h1>Oops</h1>").claim("w-1")
    assert caught.value.fault is not None


@pytest.mark.parametrize("body", ["", "<h1>Welcome</h1>", "[]", '{"run": {}}'])
def test_an_answer_that_isnt_the_boards_is_no_claim(answering: Answers, body: str) -> None:
    with pytest.raises(Away, match="can't be understood"):
        answering(201, body).claim("w-1")


@pytest.mark.parametrize("body", ["", "<h1>Forbidden</h1>", "[1]", '"no"', '{"type": "x"}'])
def test_a_refusal_without_problem_details_is_one_all_the_same(
    answering: Answers, body: str
) -> None:
    with pytest.raises(Refused, match="403") as caught:
        answering(403, body).claim("w-1")
    assert caught.value.is_about_token


def test_a_lost_run_is_told_apart_from_other_conflicts(answering: Answers) -> None:
    body = '{"type": "/api/docs#%s", "detail": "It is over."}'
    with pytest.raises(RunOver, match="It is over"):
        answering(409, body % "run_not_current").report(1, release("x"))
    with pytest.raises(Refused) as caught:
        answering(409, body % "conflict").report(1, release("x"))
    assert not isinstance(caught.value, RunOver)


def test_a_refusal_names_the_fields_at_fault(answering: Answers) -> None:
    errors = '[{"field": "reason", "message": "Too long."}]'
    body = f'{{"type": "invalid", "detail": "One thing is wrong.", "errors": {errors}}}'
    with pytest.raises(Refused, match=r"One thing is wrong\. reason: Too long\."):
        answering(422, body).report(1, release("x"))


def test_a_fault_that_stays_is_not_retried_for_ever(answering: Answers) -> None:
    board = answering(500, "")
    with pytest.raises(Refused, match="500"):
        retry_while_away(lambda: board.claim("w-1"), ShutdownRequest(), "w-1", faults=2)


def test_waiting_for_the_board_ends_when_the_slot_must() -> None:
    def is_away() -> None:
        raise Away("nobody there")

    shutdown = ShutdownRequest()
    shutdown.ask("enough", grace=0.5)
    with pytest.raises(GaveUp):
        retry_while_away(is_away, shutdown, "w-1")
