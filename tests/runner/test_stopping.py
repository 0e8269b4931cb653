"""A runner that is told to stop ends in order, and nothing of it stays behind."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from app.models import Worker
from tests.factories import ANN
from tests.processes import Agents, Runner, Runners, until
from tests.runner.relay import relay
from tests.runner.stage import Stage

pytestmark = pytest.mark.slow

DONE = '{"outcome": "next_stage", "comment": "Built it."}'
SLOW = "sleep 600 & sleep 600"
"""Takes longer than any test waits."""
WAITS = 'while test ! -e "$HERE/go"; do sleep 0.05; done'
"""Until the test lets it go on."""


def begin(stage: Stage, runners: Runners, command: list[str], *options: str) -> tuple[str, Runner]:
    """A ticket whose agent has just begun, and its runner."""
    ticket = stage.ticket()
    runner = runners.start(*options, command=command)
    stage.wait_for_outcome(ticket, None)
    # The claim is in the database before the runner has its answer.
    wait_for_agent(runner)
    return ticket, runner


def wait_for_agent(runner: Runner) -> None:
    until(lambda: len(psutil.Process(runner.pid).children(recursive=True)) >= 2)


def family(runner: Runner) -> list[psutil.Process]:
    """What the runner started, as soon as its agent is at its slow work."""

    def found() -> list[psutil.Process]:
        children = psutil.Process(runner.pid).children(recursive=True)
        with suppress(psutil.NoSuchProcess):
            if [child.name() for child in children].count("sleep") == 2:
                return children
        return []

    return list(until(found))


def are_gone(processes: list[psutil.Process]) -> bool:
    """Whether none of these still runs."""
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def test_sigterm_lets_the_agent_finish(
    stage: Stage, runners: Runners, agents: Agents, tmp_path: Path
) -> None:
    other = stage.ticket(priority=3)
    ticket, runner = begin(stage, runners, agents.says(DONE, before=WAITS))
    runner.signal(signal.SIGTERM)
    time.sleep(0.5)
    (tmp_path / "go").touch()
    assert runner.wait() == 0, runner.log
    assert stage.outcomes(ticket) == ["completed"]
    assert stage.outcomes(other) == []
    [worker] = stage.workers()
    assert (worker.status, worker.stopped_reason) == ("finished", "its runner got SIGTERM")


def test_sigint_gives_back_what_isnt_done_in_time(
    stage: Stage, runners: Runners, agents: Agents
) -> None:
    ticket, runner = begin(stage, runners, agents.script(SLOW), "--grace", "3")
    started = family(runner)
    runner.signal(signal.SIGINT)
    assert runner.wait() == 0, runner.log
    assert are_gone(started)
    assert stage.outcomes(ticket) == ["released"]
    assert stage.look(ticket).failed_attempts == 0


def test_second_signal_ends_at_once(stage: Stage, runners: Runners, agents: Agents) -> None:
    command = agents.script(f'trap "" TERM; {SLOW}; {SLOW}')
    ticket, runner = begin(stage, runners, command, "--grace", "600")
    started = family(runner)
    runner.signal(signal.SIGTERM)
    time.sleep(0.5)
    runner.signal(signal.SIGTERM)
    assert runner.wait() == 1
    until(lambda: are_gone(started))
    assert stage.outcomes(ticket) == ["released"]


def test_an_agent_that_was_stopped_along_with_its_runner_didnt_fail(
    stage: Stage, runners: Runners, agents: Agents
) -> None:
    # systemd sends SIGTERM to every process of a service.
    ticket, runner = begin(stage, runners, agents.script(SLOW))
    started = family(runner)
    for process in [psutil.Process(runner.pid), *started]:
        with suppress(psutil.NoSuchProcess):  # the runner may have been faster
            process.terminate()
    assert runner.wait() == 0, runner.log
    assert are_gone(started)
    assert stage.outcomes(ticket) == ["released"]


def test_stop_on_the_board_ends_the_runner(stage: Stage, runners: Runners, agents: Agents) -> None:
    ticket, runner = begin(stage, runners, agents.says(DONE, before="sleep 4"))
    with stage.session() as session:
        Worker.get(session, stage.workers()[0].worker_id).ask_to_stop(ANN)
    assert runner.wait() == 0, runner.log
    assert stage.outcomes(ticket) == ["completed"]
    [worker] = stage.workers()
    assert (worker.status, worker.stopped_reason) == ("finished", "someone asked it to stop")


def test_stop_on_the_board_reaches_an_idle_runner(
    stage: Stage, runners: Runners, agents: Agents
) -> None:
    runner = runners.start(command=agents.says(DONE))
    [worker] = until(stage.workers)
    with stage.session() as session:
        Worker.get(session, worker.worker_id).ask_to_stop(ANN)
    assert runner.wait() == 0, runner.log


def test_sigterm_while_the_board_is_away_ends_in_time(
    stage: Stage, runners: Runners, agents: Agents
) -> None:
    with relay(stage.server.url) as url:
        command = agents.script(SLOW)
        ticket, runner = begin(stage, runners, command, "--grace", "3", "--url", url)
        started = family(runner)
    runner.signal(signal.SIGTERM)
    assert runner.wait() == 0, runner.log
    assert are_gone(started)
    assert stage.outcomes(ticket) == [None]


def test_timeout_ends_the_whole_group(stage: Stage, runners: Runners, agents: Agents) -> None:
    ticket, runner = begin(
        stage, runners, agents.script(f"echo thinking; {SLOW}"), "--timeout", "6", "--once"
    )
    started = family(runner)
    assert runner.wait() == 0, runner.log
    assert are_gone(started)
    [run] = stage.runs(ticket)
    assert run.outcome == "failed"
    assert run.reason
    assert "longer than 6 s" in run.reason
    assert "thinking" in run.reason
