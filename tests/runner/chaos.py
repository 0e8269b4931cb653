"""Kills what it may, at moments that a seed decides: runners, agents, the board's server."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from tests.processes import Runner, Runners, until
from tests.serving import BoardServer

KINDS = {"runner": 4, "agent": 4, "server": 3}
"""How often each is killed."""

MOMENTS = {"runner": (0.02, 0.85), "agent": (0.02, 0.35), "server": (0.02, 0.85)}
"""When, as a share of the work that is done: an agent early enough that others are at work."""


class Chaos:
    """Four runners that are killed and started again, their agents, and the server."""

    def __init__(
        self, seed: int, server: BoardServer, runners: Runners, configs: list[Path], ledger: Path
    ) -> None:
        self.killed: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._server = server
        self._runners = runners
        self._configs = configs
        self._ledger = ledger
        self.crew = [self._start(config) for config in configs]

    def reign(self, progress: Callable[[], float]) -> None:
        """Kill, at moments in the work's progress from 0 to 1."""
        for moment, kind in self._plan():
            until(lambda: progress() >= moment, seconds=600, pause=0.1)  # noqa: B023 - called at once
            getattr(self, f"_kill_{kind}")()

    def end(self) -> list[int]:
        """Tell the runners to stop; gives their exit codes."""
        for runner in self.crew:
            runner.signal(signal.SIGTERM)
        return [runner.wait() for runner in self.crew]

    def _start(self, config: Path) -> Runner:
        return self._runners.start_with("--config", str(config))

    def _plan(self) -> list[tuple[float, str]]:
        return sorted(
            (self._random.uniform(*MOMENTS[kind]), kind)
            for kind, times in KINDS.items()
            for _ in range(times)
        )

    def _kill_runner(self) -> None:
        place = self._random.randrange(len(self.crew))
        self.crew[place].signal(signal.SIGKILL)
        self.crew[place].wait()
        self.crew[place] = self._start(self._configs[place])
        self.killed["runner"] += 1

    def _kill_agent(self) -> None:
        until(self._killed_agent)
        self.killed["agent"] += 1

    def _kill_server(self) -> None:
        self._server.kill()
        time.sleep(self._random.uniform(0, 1))
        self._server.start()
        self.killed["server"] += 1

    def _killed_agent(self) -> bool:
        at_work = self._agents()
        self._random.shuffle(at_work)
        return any(map(self._killed, at_work))

    def _agents(self) -> list[int]:
        """Agents at a first attempt: after a second failure a stage rests for minutes."""
        begun: dict[str, int] = {}
        for line in self._ledger.read_text("utf-8").splitlines():
            word, _, run_id, _, attempt, pid = line.split()
            if word == "end":
                begun.pop(run_id, None)
            elif attempt == "1":
                begun[run_id] = int(pid)
        return list(begun.values())

    def _killed(self, pid: int) -> bool:
        """Many never came to their end, because they or their runner were killed before."""
        with suppress(psutil.Error):
            agent = psutil.Process(pid)
            if str(self._ledger.parent) in " ".join(agent.cmdline()):
                agent.kill()
                return True
        return False
