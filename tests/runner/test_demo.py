"""`callboard demo` shows what it promises, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.runner.demo import scene
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
            [*CALLBOARD, "demo", "--port", str(free_port())],
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


def new_tickets_done(printed: str) -> set[str]:
    """Tickets that weren't there in the beginning, and are closed."""
    closed = re.findall(r" TEAS-(\d+) +closed$", printed, re.MULTILINE)
    return {number for number in closed if int(number) > len(scene.TICKETS)}


def unfinished(number: int, **values: object) -> list[dict[str, object]]:
    return [{"labels": [], "execution_plan": scene.PLAN, "state": "open", **values}] * number


def test_new_tickets_wait_until_the_crew_has_room() -> None:
    assert scene.next_ticket(0, unfinished(scene.CREW_HAS_ENOUGH)) is None
    assert scene.next_ticket(0, unfinished(scene.CREW_HAS_ENOUGH - 1)) is not None


def test_what_waits_for_a_person_neither_stops_the_crew_nor_grows_for_ever() -> None:
    board: list[dict[str, object]] = []
    made = 0
    for _ in range(200):
        while ticket := scene.next_ticket(made, board):
            board.append({"state": "open", "labels": [], **ticket})
            made += 1
        # The crew does all that it can do without a person.
        board = [ticket for ticket in board if scene.needs_a_person(ticket)]

    assert made >= 200
    assert len(board) == scene.PERSON_HAS_ENOUGH
    assert any("approval" in ticket["execution_plan"] for ticket in board)


def test_titles_of_new_tickets_differ() -> None:
    tickets = [scene.next_ticket(made, []) for made in range(50)]

    assert len({ticket["title"] for ticket in tickets if ticket}) == 50


def test_demo_shows_every_turn_a_ticket_can_take(demo: Demo, tmp_path: Path) -> None:
    process, printed = demo
    until(lambda: "Ctrl-C ends the demo" in printed(), seconds=240)
    for turn in (
        "(The demo kills the runner",
        "implementation failed: The tests hung",
        "implementation failed: unlucky-",
        "review sends it back to implementation: Half a kilo",
        "implementation asks a person: Which green",
        "-1 is gone",
        "TEAS-1  documentation done",
        "TEAS-3  implementation done",
    ):
        until(lambda turn=turn: turn in printed(), seconds=120)
    until(lambda: len(new_tickets_done(printed())) >= 3, seconds=240)
    started = family(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0, printed()
    until(lambda: are_gone(started))
    assert list(tmp_path.glob("callboard-demo-*")) == []


def test_killed_demo_takes_everything_with_it(demo: Demo) -> None:
    process, printed = demo
    until(lambda: "(The demo kills" in printed(), seconds=240)
    started = family(process)
    assert len(started) > 5
    process.kill()
    until(lambda: are_gone(started), seconds=20)
