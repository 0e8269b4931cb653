"""All slots of one runner, from start to stop."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
import time
from types import FrameType

from app.runner.client import Board, Identity
from app.runner.config import CrewConfig, RunnerConfig
from app.runner.execution import RunnerOptions
from app.runner.rest import Rests
from app.runner.runfiles import RunFiles
from app.runner.slot import Slot

log = logging.getLogger(__name__)

HURRY_SECONDS = 3.0
"""So long do slots have after the second signal."""

LATE_SECONDS = 10.0
"""So much longer than its grace may a slot take, in a request that isn't answered."""

WORKER_ID_LONGEST = 128


class Runner:
    """Starts the slots, passes signals on to them, and waits until they are done."""

    def __init__(self, config: RunnerConfig, token: str) -> None:
        self._config = config
        self._board = Board(config.url, token)
        self._signals = 0
        self._give_up_at = float("inf")
        files = RunFiles(config.log_dir, config.log_limit)
        self._options = RunnerOptions(
            self._board, token, files, config.grace, config.once, config.drain, Rests(config.rest)
        )
        crews = [crew for crew in config.workers for _ in range(crew.concurrency)]
        mark = secrets.token_hex(2)
        self._slots = [
            Slot(self._options, crew, self._identity(crew, f"{mark}-{number}"))
            for number, crew in enumerate(crews, 1)
        ]

    def run(self) -> int:
        """Work until there is nothing left to do, or a signal; gives the exit code."""
        self._options.files.prepare()
        for place, slots in self._config.shared_places():
            log.warning(
                "%s slots work in one folder, %s, and may get in each other's way: give each a "
                "runner with a --cwd of its own, or let the command make a git worktree",
                slots,
                place,
            )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        threads = [threading.Thread(target=slot.work, daemon=True) for slot in self._slots]
        for thread in threads:
            thread.start()
        for thread in threads:
            self._join(thread)
        self._board.close()
        if self._signals:
            return 0 if self._signals == 1 else 1
        return 1 if any(slot.error for slot in self._slots) else 0

    def _identity(self, crew: CrewConfig, mark: str) -> Identity:
        # The mark makes ids new with each start: in a container host and pid are always the same.
        end = f"-{crew.type}-{mark}"
        worker_id = self._config.name[: WORKER_ID_LONGEST - len(end)] + end
        return Identity(worker_id, crew.project, crew.type, socket.gethostname(), os.getpid())

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        is_first = self._signals == 1
        wait = self._config.grace + LATE_SECONDS if is_first else HURRY_SECONDS
        self._give_up_at = min(self._give_up_at, time.monotonic() + wait)
        for slot in self._slots:
            if is_first:
                slot.shutdown.ask(
                    f"its runner got {signal.Signals(number).name}", self._config.grace
                )
            else:
                slot.shutdown.hurry()

    def _join(self, thread: threading.Thread) -> None:
        """Wait for a slot; one that is late at the end is left to its supervisor, which ends the
        agent when this process does."""
        while thread.is_alive() and time.monotonic() < self._give_up_at:
            thread.join(0.2)
