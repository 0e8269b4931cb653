"""One stage: its agent is started, watched and ended, and its outcome is reported."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from app.runner.agent import Agent, CannotStart
from app.runner.assignment import Assignment
from app.runner.client import Board, Refused, RunOver
from app.runner.config import CrewConfig
from app.runner.environment import agent_environment
from app.runner.heartbeats import Heartbeats, HeldRun
from app.runner.output import Output
from app.runner.report import Ending, Report, attention, release, report_on
from app.runner.rest import Rests
from app.runner.retrying import retry_while_away
from app.runner.runfiles import RunFiles
from app.runner.shutdown import ShutdownRequest

log = logging.getLogger(__name__)

KILL_AFTER_SECONDS = 5.0
"""An agent that is asked to end has so long."""

FAULTS = 10
"""A report to which the server answers with an error of its own is tried so often."""

Turn = Literal["ended", "lost", "shut down", "timed out"]


class CannotWork(Exception):
    """The slot can't go on; the message says why."""


@dataclass(frozen=True, slots=True)
class RunnerOptions:
    """How a runner goes about it, the same for all of its slots. `token`: for the agents, if
    theirs gets it."""

    board: Board
    token: str
    files: RunFiles
    grace: float
    once: bool = False
    drain: bool = False
    rests: Rests = field(default_factory=Rests)
    _said: dict[str, object] = field(default_factory=dict)

    def is_news(self, message: str) -> bool:
        """Whether no other slot has said this before."""
        mark = object()
        return self._said.setdefault(message, mark) is mark


class RunExecution:
    """Does one assignment."""

    def __init__(
        self,
        options: RunnerOptions,
        crew: CrewConfig,
        worker_id: str,
        shutdown: ShutdownRequest,
        heartbeats: Heartbeats,
        assignment: Assignment,
    ) -> None:
        self._options = options
        self._crew = crew
        self._worker_id = worker_id
        self._shutdown = shutdown
        self._heartbeats = heartbeats
        self._assignment = assignment
        self._run_id = assignment.run.run_id

    def do(self) -> Report | None:
        """From the prompt to the report; None when there was nothing left to report on. Raises
        `CannotWork`, `GaveUp`."""
        try:
            with self._options.files.opened(self._assignment) as (prompt, output):
                held = HeldRun(self._assignment, output, self._shutdown.wake)
                self._heartbeats.hold(held)
                return self._work(prompt, output, held)
        except OSError as error:
            raise CannotWork(f"the run's files can't be kept: {error}") from None
        finally:
            self._heartbeats.let_go()

    def _work(self, prompt: Path, output: Output, held: HeldRun) -> Report | None:
        agent = Agent(output, on_end=self._shutdown.wake.set)
        try:
            cwd = self._place()
            agent.start(self._crew.command, prompt, cwd, self._environment(prompt, cwd))
        except CannotStart as error:
            why = f"its command can't be started here: {error}"
            self._report(release(f"{self._worker_id}: {why}"))
            raise CannotWork(why) from None
        started = time.monotonic()
        turn = self._watch(agent, held, started)
        if not agent.has_ended:
            log.info("%s: ends the agent of run %s: %s", self._worker_id, self._run_id, turn)
            self._end(agent)
        took = time.monotonic() - started
        output.note(f"{turn}, exit code {agent.exit_code}, after {took:.1f} s")
        if turn == "lost":
            output.note(f"not reported: {held.lost_because}")
            log.warning("%s: run %s is lost: %s", self._worker_id, self._run_id, held.lost_because)
            return None
        self._heartbeats.beat_once_more(held)
        report = self._decide(turn, agent, output)
        output.note(f"reports {report.summary}")
        self._report(report)
        return report

    def _place(self) -> Path:
        """Where the command runs: as its owner says, else where the project is."""
        place = self._crew.cwd or Path(self._assignment.project.path).expanduser()
        if not place.is_absolute() or not place.is_dir():
            raise CannotStart(f"{place} isn't a folder on this machine; name one with --cwd")
        return place

    def _environment(self, prompt: Path, cwd: Path) -> dict[str, str]:
        return agent_environment(
            os.environ,
            self._assignment,
            worker_id=self._worker_id,
            url=self._options.board.url,
            cwd=cwd,
            prompt=prompt,
            token=self._options.token if self._crew.pass_token else None,
        )

    def _watch(self, agent: Agent, held: HeldRun, started: float) -> Turn:
        """Wait until the agent ends, or must be ended; says which."""
        limit = self._crew.timeout or float("inf")
        while not agent.has_ended:
            time_left = started + limit - time.monotonic()
            if held.lost_because:
                return "lost"
            if time_left <= 0:
                return "timed out"
            if self._shutdown.is_asked and self._shutdown.work_seconds_left <= 0:
                return "shut down"
            self._shutdown.pause(
                min(time_left, held.seconds_left, self._shutdown.work_seconds_left)
            )
        return "ended"

    def _end(self, agent: Agent) -> None:
        agent.stop(min(KILL_AFTER_SECONDS, self._shutdown.seconds_left / 2))
        while not agent.has_ended:
            if self._shutdown.is_urgent:
                agent.kill()
            self._shutdown.pause(1)

    def _decide(self, turn: Turn, agent: Agent, output: Output) -> Report:
        if turn == "shut down":
            return release(f"{self._worker_id} was stopped: {self._shutdown.reason}")
        ending = Ending(
            command=self._crew.command,
            exit_code=agent.exit_code,
            stdout=output.stdout,
            stderr=output.stderr,
            tail=output.tail,
            timed_out_after=self._crew.timeout if turn == "timed out" else None,
        )
        report = report_on(ending, self._assignment, plain_output=self._crew.plain)
        if self._shutdown.is_asked and report.verb == "fail" and agent.exit_code != 0:
            # Whoever stopped the runner may have stopped the agent too, as systemd does.
            return release(f"{self._worker_id} was stopped: {self._shutdown.reason}")
        return report

    def _report(self, report: Report) -> None:
        """Tell the board, however long it is away: the work is done, and may still count."""
        log.info("%s: run %s: %s", self._worker_id, self._run_id, report.summary)
        board = self._options.board
        try:
            retry_while_away(
                lambda: board.report(self._run_id, report), self._shutdown, self._worker_id, FAULTS
            )
        except RunOver as error:
            log.warning("%s: too late: %s", self._worker_id, error)
        except Refused as error:
            log.error("%s: the report was refused: %s", self._worker_id, error)
            if error.is_about_token or report.verb == "release":
                raise CannotWork(f"the board refuses its reports: {error}") from None
            self._report(self._instead_of(report, error))

    def _instead_of(self, report: Report, error: Refused) -> Report:
        if report.verb == "attention":
            return release(f"{self._worker_id} could not report: {error}")
        said = report.body.get("reason") or report.body.get("comment") or ""
        return attention(f"The board refused the report “{report.verb}”: {error}\n\n{said}")
