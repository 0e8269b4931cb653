"""A program without quota or log-in costs no attempts: its slots rest, and come back."""

from __future__ import annotations

import shlex
import signal
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from app.models import Event
from app.runner.rest import Rests
from app.runner.unavailable import Unavailable
from tests.processes import Agents, Runners, until
from tests.runner.recordings import DONE, recording
from tests.runner.relay import relay
from tests.runner.stage import Stage

pytestmark = pytest.mark.slow

NO_QUOTA = Unavailable("quota", "You've hit your usage limit.")


def inbox(stage: Stage) -> list[str]:
    """What waits for a person, in words."""
    with stage.session() as session:
        waiting = Event.project_id == stage.project, Event.needs_attention, ~Event.processed
        return list(session.scalars(select(Event.reason).where(*waiting).order_by(Event.id)))


def test_no_quota_costs_no_attempt_and_work_goes_on_by_itself(
    stage: Stage, runners: Runners, tmp_path: Path
) -> None:
    tickets = [stage.ticket() for _ in range(6)]
    [script] = recording("codex-quota-text").as_command(tmp_path)
    runner = runners.start("--concurrency", "2", "--rest", "0.2", command=[script])
    until(lambda: sum(len(stage.runs(ticket)) for ticket in tickets) >= 5)
    assert {outcome for ticket in tickets for outcome in stage.outcomes(ticket)} <= {
        "released",
        None,
    }
    [told] = inbox(stage)
    assert told.startswith("You’ve hit your usage limit.")
    assert told.endswith("It tries again by itself.")
    answer = f"#!/bin/sh\ncat > /dev/null\necho {shlex.quote(DONE)}\n"
    # In one step: what runs already goes on as it was.
    (tmp_path / "able").write_text(answer, "utf-8")
    (tmp_path / "able").chmod(0o755)
    (tmp_path / "able").replace(script)
    until(lambda: all("completed" in stage.outcomes(ticket) for ticket in tickets))
    assert runner.is_running
    assert [stage.look(ticket).failed_attempts for ticket in tickets] == [0] * 6
    assert len(inbox(stage)) == 1
    assert len(stage.workers()) == 2


def test_a_rest_that_is_over_before_the_board_knows_of_it_does_not_end_the_slot(
    stage: Stage, runners: Runners, tmp_path: Path
) -> None:
    ticket = stage.ticket()
    command = recording("codex-quota-text").as_command(tmp_path)
    with relay(stage.server.url, delay=0.3) as url:
        runner = runners.start("--url", url, "--rest", "0.1", command=command)
        until(lambda: len(stage.runs(ticket)) >= 3)
        assert runner.is_running
        assert len(inbox(stage)) == 1


def test_slots_rest_in_between(stage: Stage, runners: Runners, tmp_path: Path) -> None:
    tickets = [stage.ticket() for _ in range(3)]
    command = recording("claude-no-key-text").as_command(tmp_path)
    runner = runners.start("--rest", "3600", command=command)
    until(lambda: "rests for" in runner.log)
    until(lambda: [worker.status for worker in stage.workers()] == ["finished"])
    time.sleep(1)
    assert sum(len(stage.runs(ticket)) for ticket in tickets) == 1
    [told] = inbox(stage)
    assert told.startswith("Not logged in · Please run /login")


def test_a_runner_that_is_to_end_says_why_instead(
    stage: Stage, runners: Runners, agents: Agents, tmp_path: Path
) -> None:
    ticket = stage.ticket()
    command = recording("gemini-quota-json").as_command(tmp_path)
    for option in ("--once", "--drain"):
        runner = runners.start(option, command=command)
        assert runner.wait() == 1, runner.log
        assert "You have exhausted your daily quota on this model." in runner.log
    assert stage.outcomes(ticket) == ["released", "released"]


def test_a_resting_runner_can_be_stopped(stage: Stage, runners: Runners, tmp_path: Path) -> None:
    stage.ticket()
    command = recording("opencode-login-json").as_command(tmp_path)
    runner = runners.start("--rest", "3600", command=command)
    until(lambda: "rests for" in runner.log)
    until(lambda: [worker.status for worker in stage.workers()] == ["finished"])
    runner.signal(signal.SIGTERM)
    assert runner.wait() == 0, runner.log


def test_slots_with_one_program_rest_together() -> None:
    rests = Rests()
    assert rests.of(["claude", "-p"]) is rests.of(["npx", "claude", "--model", "x"])
    assert rests.of(["claude"]) is not rests.of(["codex"])
    assert rests.of(["sh", "a.sh"]) is not rests.of(["sh", "b.sh"])
    rests.of(["claude"]).begin(NO_QUOTA, time.monotonic())
    assert rests.of(["codex"]).seconds_left == 0


def test_rests_grow_up_to_half_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    rest = Rests().of(["claude"])
    pauses = []
    for _ in range(8):
        rest.begin(NO_QUOTA, now)
        rest.begin(NO_QUOTA, now)  # another slot finds out the same
        pauses.append(rest.seconds_left)
        now += rest.seconds_left
    for pause, expected in zip(pauses, (60, 120, 240, 480, 960, 1_800, 1_800, 1_800), strict=True):
        assert 0.7 * expected <= pause <= 1.3 * expected


def test_a_person_is_told_once_until_it_works_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    rest = Rests().of(["claude"])
    rest.begin(NO_QUOTA, now)
    assert [rest.take_telling() for _ in range(3)] == [True, False, False]
    rest.end(began_at=999)
    assert rest.seconds_left > 0, "what began before proves nothing"
    now = 2_000
    rest.begin(NO_QUOTA, now)
    assert not rest.take_telling()
    now = 4_000
    rest.end(began_at=3_000)
    rest.begin(NO_QUOTA, began_at=3_999)
    assert rest.seconds_left > 0
    assert not rest.take_telling(), "it has worked since"
    rest.begin(NO_QUOTA, began_at=4_001)
    assert [rest.take_telling() for _ in range(2)] == [True, False]
