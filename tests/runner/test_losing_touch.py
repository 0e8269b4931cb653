"""Runner and board lose each other: nothing is done twice, nothing is lost."""

from __future__ import annotations

import signal
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from app import clock
from app.models import StageRun, Ticket
from tests.factories import ANN
from tests.processes import Agents, Runners, free_port, until
from tests.runner.relay import relay
from tests.runner.stage import LARGEST_REPORT, LEASE_SECONDS, Stage
from tests.runner.test_stopping import DONE, SLOW, WAITS, are_gone, begin, family

pytestmark = pytest.mark.slow


def test_work_done_while_the_board_is_away_is_reported_when_it_is_back(
    stage: Stage, runners: Runners, agents: Agents, tmp_path: Path
) -> None:
    stage.set_lease(600)
    port = free_port()
    with relay(stage.server.url, port) as url:
        command = agents.says(DONE, before=WAITS)
        ticket, runner = begin(stage, runners, command, "--once", "--url", url)
    (tmp_path / "go").touch()
    until(lambda: not psutil.Process(runner.pid).children())
    until(lambda: "the board is away" in runner.log)
    with relay(stage.server.url, port):
        assert runner.wait() == 0, runner.log
    assert stage.outcomes(ticket) == ["completed"]


def test_runner_waits_for_a_board_that_isnt_there_yet(
    stage: Stage, runners: Runners, agents: Agents
) -> None:
    ticket, port = stage.ticket(), free_port()
    nobody = f"http://127.0.0.1:{port}"
    runner = runners.start("--once", "--url", nobody, command=agents.says(DONE))
    until(lambda: "the board is away" in runner.log)
    with relay(stage.server.url, port):
        assert runner.wait() == 0, runner.log
    assert stage.outcomes(ticket) == ["completed"]


def test_agent_goes_on_until_the_lease_is_surely_lost(
    stage: Stage, runners: Runners, agents: Agents
) -> None:
    port = free_port()
    with relay(stage.server.url, port) as url:
        ticket, runner = begin(stage, runners, agents.script(SLOW), "--url", url)
        started = family(runner)
    until(lambda: are_gone(started))
    [run] = stage.runs(ticket)
    held_until = run.started_at + timedelta(seconds=LEASE_SECONDS)
    assert clock.now() >= held_until, "it gave up while it may still have held the lease"
    until(lambda: "the board was away for longer than the lease" in runner.log)
    assert runner.is_running
    with relay(stage.server.url, port):
        stage.wait_for_outcome(ticket, "expired", None)


def test_ticket_of_a_killed_runner_is_taken_over(
    stage: Stage, runners: Runners, agents: Agents
) -> None:
    ticket, runner = begin(stage, runners, agents.script(SLOW))
    started = family(runner)
    runner.signal(signal.SIGKILL)
    until(lambda: are_gone(started))
    stage.end_lease(ticket)
    heir = runners.start("--once", command=agents.says(DONE))
    assert heir.wait() == 0, heir.log
    assert stage.outcomes(ticket) == ["expired", "completed"]
    assert sorted(worker.status for worker in stage.workers()) == ["failed", "finished"]


def test_an_agent_whose_ticket_is_taken_away_is_stopped(
    stage: Stage, runners: Runners, agents: Agents, tmp_path: Path
) -> None:
    command = agents.script(f"test -e next && echo '{DONE}' || {{ touch next; {SLOW}; }}")
    ticket, runner = begin(stage, runners, command)
    started = family(runner)
    with stage.session() as session:
        Ticket.lock(session, ticket).hold(ANN, "Not now.")
    until(lambda: are_gone(started))
    assert stage.outcomes(ticket) == ["released"]
    other = stage.ticket()
    stage.wait_for_outcome(other, "completed")
    assert "was put on hold" in runner.log


def test_a_report_that_comes_too_late_changes_nothing(
    stage: Stage, runners: Runners, agents: Agents, tmp_path: Path
) -> None:
    stage.set_lease(600)
    ticket, runner = begin(stage, runners, agents.says(DONE, before=WAITS), "--once")
    with stage.session() as session:
        [run] = stage.runs(ticket)
        StageRun.lock(session, run.run_id).release("taken away", ANN)
        Ticket.lock(session, ticket).hold(ANN)
    (tmp_path / "go").touch()
    assert runner.wait() == 0, runner.log
    assert stage.outcomes(ticket) == ["released"]
    assert stage.comments(ticket) == []


def test_a_report_that_the_board_refuses_becomes_a_question(
    stage: Stage, runners: Runners, agents: Agents
) -> None:
    ticket = stage.ticket()
    long = f'{{"outcome": "next_stage", "comment": "Built it. {"–" * 120_000}"}}'
    assert len(long) < LARGEST_REPORT < len(long.encode())
    runner = runners.start("--once", command=agents.says(long))
    assert runner.wait() == 0, runner.log
    [run] = stage.runs(ticket)
    assert run.outcome == "attention"
    assert run.reason
    assert run.reason.startswith("The board refused the report “complete”")
    assert "Built it." in run.reason
