"""`callboard demo` shows what it promises, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.runner.processes import CALLBOARD, free_port, until

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


def test_demo_shows_every_turn_a_ticket_can_take(demo: Demo, tmp_path: Path) -> None:
    process, printed = demo
    until(lambda: "Ctrl-C ends the demo" in printed(), seconds=90)
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
    started = family(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0, printed()
    until(lambda: are_gone(started))
    assert list(tmp_path.glob("callboard-demo-*")) == []


def test_killed_demo_takes_everything_with_it(demo: Demo) -> None:
    process, printed = demo
    until(lambda: "(The demo kills" in printed(), seconds=90)
    started = family(process)
    assert len(started) > 5
    process.kill()
    until(lambda: are_gone(started), seconds=20)
