"""Agents are real processes: they get their prompt, and none of them outlives its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app.runner.agent import Agent, CannotStart
from app.runner.output import Output
from tests.processes import PATIENCE, until

Start = Callable[..., tuple[Agent, Output]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a command as an agent; it is killed at the end of the test."""
    agents: list[tuple[Agent, Output]] = []
    (tmp_path / "prompt").write_text("the prompt\n", "utf-8")

    def start(*command: str, cwd: Path = tmp_path) -> tuple[Agent, Output]:
        output = Output(tmp_path / "log", 1_000_000)
        agent = Agent(output, lambda: None)
        try:
            agent.start(command, tmp_path / "prompt", cwd, {**os.environ, "MARK": str(tmp_path)})
        except CannotStart:
            output.close()
            raise
        agents.append((agent, output))
        return agent, output

    yield start
    for agent, output in agents:
        agent.kill()
        assert agent.wait(PATIENCE)
        output.close()


def processes_of(folder: Path) -> list[psutil.Process]:
    """Those whose environment says that they come from this test."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("MARK") == str(folder) and process.status() != "zombie":
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_agent_reads_its_prompt_from_standard_input_and_from_a_file(start: Start) -> None:
    agent, output = start("sh", "-c", "cat; cat {prompt_file}")
    assert agent.wait(PATIENCE)
    assert output.stdout == "the prompt\nthe prompt\n"
    assert agent.exit_code == 0


def test_both_streams_are_read_whatever_their_size(start: Start) -> None:
    agent, output = start("sh", "-c", "yes | head -c 3000000; echo problem >&2; exit 3")
    assert agent.wait(PATIENCE)
    assert agent.exit_code == 3
    assert "problem" in output.tail
    assert "problem" not in output.stdout


@pytest.mark.parametrize("command", ["no-such-command", "/etc/passwd"])
def test_a_command_that_cant_be_run_is_told(start: Start, command: str) -> None:
    with pytest.raises(CannotStart, match=command):
        start(command)


def test_a_folder_that_isnt_there_is_told(start: Start, tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="nowhere"):
        start("true", cwd=tmp_path / "nowhere")


def test_stop_asks_the_whole_group_first(start: Start, tmp_path: Path) -> None:
    agent, output = start("sh", "-c", 'trap "echo bye; exit 5" TERM; touch up; sleep 600 & wait')
    until((tmp_path / "up").exists)
    agent.stop(grace=600)
    assert agent.wait(PATIENCE)
    assert (agent.exit_code, output.stdout) == (5, "bye\n")


def test_stop_kills_what_doesnt_listen(start: Start, tmp_path: Path) -> None:
    deaf = 'trap "" TERM; touch up; sleep 600 & while true; do sleep 0.1; done'
    agent, _ = start("sh", "-c", deaf)
    until((tmp_path / "up").exists)
    agent.stop(grace=0.5)
    assert agent.wait(PATIENCE)
    assert agent.exit_code == -signal.SIGKILL
    assert processes_of(tmp_path) == []


def test_what_an_agent_leaves_running_ends_with_it(start: Start, tmp_path: Path) -> None:
    agent, output = start(
        "sh", "-c", "sleep 600 & setsid sleep 600 & (setsid sleep 600 &) ; echo ok"
    )
    assert agent.wait(PATIENCE)
    assert output.stdout == "ok\n"
    assert processes_of(tmp_path) == []


def test_an_agent_whose_supervisor_is_killed_ends_too(start: Start, tmp_path: Path) -> None:
    agent, _ = start("sh", "-c", "sleep 600 & sleep 600")
    until(lambda: len(processes_of(tmp_path)) == 4)
    agent._supervisor.kill()
    assert agent.wait(PATIENCE)
    assert agent.exit_code is None
    until(lambda: not processes_of(tmp_path))


def test_an_agent_whose_runner_is_killed_ends_too(tmp_path: Path) -> None:
    (tmp_path / "prompt").touch()
    runner = textwrap.dedent(
        f"""
        import os, time
        from pathlib import Path
        from app.runner.agent import Agent
        from app.runner.output import Output

        here = Path({str(tmp_path)!r})
        command = ["sh", "-c", 'trap "" TERM; setsid sleep 600 & while true; do sleep 0.1; done']
        Agent(Output(here / "log", 1000), lambda: None).start(
            command, here / "prompt", here, {{**os.environ, "MARK": str(here)}}
        )
        print("started", flush=True)
        time.sleep(600)
        """
    )
    with subprocess.Popen([sys.executable, "-c", runner], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"started\n"
        until(lambda: len(processes_of(tmp_path)) >= 3)
        process.kill()
    until(lambda: not processes_of(tmp_path))
