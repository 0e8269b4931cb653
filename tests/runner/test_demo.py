"""`callboard demo` shows what it promises, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from app.sample.content import SampleTicket, load_sample
from app.sample.demo import scene
from tests.clients import plain_client
from tests.processes import CALLBOARD, free_port, until

pytestmark = pytest.mark.slow

Demo = tuple[subprocess.Popen[bytes], Callable[[], str]]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """A running demo, and what it printed so far."""
    printed = tmp_path / "printed"
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with (
        printed.open("wb") as stream,
        subprocess.Popen(
            [*CALLBOARD, "demo", "--port", str(free_port()), "--speed", "10"],
            env=environment,
            stdout=stream,
            stderr=stream,
        ) as process,
    ):
        yield process, lambda: printed.read_text("utf-8")
        process.kill()


def family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """All that the demo started and that still runs."""
    return psutil.Process(process.pid).children(recursive=True)


def are_gone(processes: list[psutil.Process]) -> bool:
    """Whether none of these still runs."""
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def has_said(printed: Callable[[], str], turn: str) -> bool:
    """Whether this was printed by now."""
    return re.search(turn, printed()) is not None


def new_tickets_done(printed: str) -> set[str]:
    """Tickets that weren't there in the beginning, and are closed."""
    closed = re.findall(r" WEB-(\d+) +Every stage is done", printed, re.MULTILINE)
    return {number for number in closed if int(number) > 1 + len(scene.FIRST_TICKETS)}


@pytest.fixture
def tickets() -> Iterator[scene.Tickets]:
    """The sample's tickets, for a board that isn't asked."""
    with plain_client() as http:
        yield scene.Tickets(http, load_sample())


def unfinished(number: int) -> list[dict[str, object]]:
    return [{"title": "Upgrade to Node 22", "state": "open"}] * number


def test_new_tickets_wait_until_the_crew_has_room(tickets: scene.Tickets) -> None:
    assert tickets.next(unfinished(scene.CREW_HAS_ENOUGH)) is None
    assert tickets.next(unfinished(scene.CREW_HAS_ENOUGH - 1)) is not None


def test_what_waits_for_a_person_neither_stops_the_crew_nor_grows_for_ever(
    tickets: scene.Tickets,
) -> None:
    board: list[tuple[SampleTicket, dict[str, object]]] = []
    made = 0
    for _ in range(200):
        while ticket := tickets.next([record for _, record in board]):
            made += 1
            board.append((ticket, {"state": "open", **tickets.body(ticket, [])}))
            tickets.count(ticket, f"WEB-{made}")
        # The crew does all that it can do without a person.
        board = [each for each in board if each[0].needs_person]

    assert made >= 200
    assert len(board) == scene.PERSON_HAS_ENOUGH
    assert any("approval" in ticket.stages_of_plan for ticket, _ in board)


def test_titles_of_new_tickets_differ(tickets: scene.Tickets) -> None:
    titles = []
    for number in range(50):
        ticket = tickets.next([])
        assert ticket
        titles.append(tickets.body(ticket, [])["title"])
        tickets.count(ticket, f"WEB-{number}")

    assert len(set(titles)) == 50


def test_demo_shows_every_turn_a_ticket_can_take(demo: Demo, tmp_path: Path) -> None:
    process, printed = demo
    until(lambda: "Ctrl-C ends the demo" in printed(), seconds=240)
    for turn in (
        r"\(The demo kills the runner",
        r"implementation failed at anna-\S+: `aws s3 sync` ended",
        r"implementation failed at unlucky-\S+: it sent no heartbeat",
        r"sent it back from review to implementation: \*\*Must\*\*",
        r"implementation needs a person: The index can fold accents",
        r"unlucky-\S+, implementation of acme/web, stopped",
        r"WEB-5   ben-\S+ completed documentation",
        r"WEB-1   anna-\S+ completed implementation",
    ):
        until(partial(has_said, printed, turn), seconds=120)
    until(lambda: len(new_tickets_done(printed())) >= 3, seconds=240)
    started = family(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 0, printed()
    until(lambda: are_gone(started))
    assert list(tmp_path.glob("callboard-demo-*")) == []


def test_killed_demo_takes_everything_with_it(demo: Demo) -> None:
    process, printed = demo
    until(lambda: "Ctrl-C ends the demo" in printed(), seconds=240)
    until(lambda: len(family(process)) > 5, seconds=120)
    started = family(process)
    process.kill()
    until(lambda: are_gone(started))
