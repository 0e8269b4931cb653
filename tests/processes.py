"""Processes that tests start, each known by its own pid: the board's programs, runners, agents."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Self

ROOT = Path(__file__).parent.parent
CALLBOARD = [sys.executable, "-c", "from app.cli import main; main()"]

FORKING = multiprocessing.get_context("forkserver")
"""Makes processes that are forked from one which has imported everything and opened nothing."""

PROGRAMS = {"callboard": "app.cli:main", "gunicorn": "gunicorn.app.wsgiapp:run"}

FORKING.set_forkserver_preload(
    [
        *("pytest", "gunicorn.app.wsgiapp", "gunicorn.workers.gthread"),
        *("app.api", "app.cli.work", "app.factory", "app.runner.runner"),
        *("tests.loaded", "tests.pipeline.claiming_worker"),
    ]
)

PATIENCE = 120.0
"""Seconds that a test waits for what must happen: enough for a machine that does much else. No
test measures how fast something is."""


def until(condition: Callable[[], Any], seconds: float = PATIENCE, *, pause: float = 0.05) -> Any:
    """What the condition gives as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it didn't happen in time"
        time.sleep(pause)
    return found


PORTS = range(20_000, 32_000)
"""Below those that the system gives to connections, which may take one before it is served at."""


def free_port() -> int:
    """A port on the loopback that nobody listens at."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


class Agents:
    """Makes shell scripts that play agents; each writes what it got into the test's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def script(self, text: str) -> list[str]:
        """A command that runs the script with HERE set to the test's folder."""
        file = self._folder / f"agent-{len(list(self._folder.glob('agent-*')))}.sh"
        file.write_text(f'HERE="{self._folder}"\n{text}\n', "utf-8")
        return ["sh", str(file)]

    def says(self, outcome: str, before: str = "") -> list[str]:
        """A command that prints this outcome, after some other commands."""
        return self.script(f"cat > /dev/null\n{before}\ncat <<'END'\n{outcome}\nEND")


class Runner:
    """One `callboard work`."""

    def __init__(self, process: BaseProcess, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def log(self) -> str:
        """What it wrote so far."""
        return self._log.read_text("utf-8")

    @property
    def pid(self) -> int:
        """Of the process itself; its agents have others."""
        assert self._process.pid
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    def wait(self, seconds: float = PATIENCE) -> int:
        """Its exit code."""
        self._process.join(seconds)
        assert self._process.exitcode is not None, f"it didn't end:\n{self.log}"
        return self._process.exitcode

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, and to nobody else."""
        if self.is_running:
            os.kill(self.pid, number)


class Runners:
    """Starts runners; kills those that are left at the end."""

    def __init__(self, url: str, project: str, token: str, folder: Path) -> None:
        self._options = ["--url", url, "--project", project]
        self._environment = {**os.environ, "CALLBOARD_TOKEN": token, "NO_PROXY": "127.0.0.1"}
        self._environment["CALLBOARD_SECRET_KEY"] = "the board's own key"
        self._folder = folder
        self._started: list[Runner] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for runner in self._started:
            runner.signal(signal.SIGKILL)
            runner.wait()

    def start(
        self, *options: str, command: list[str], worker_type: str = "implementation"
    ) -> Runner:
        """Start a runner of one worker type."""
        given = [*self._options, "--type", worker_type, *options]
        return self.start_with(*given, "--", *command)

    def start_with(self, *arguments: str, **environment: str) -> Runner:
        """Start `callboard work` with exactly these arguments."""
        log = self._folder / f"runner-{len(self._started)}.log"
        log.touch()
        words = ["callboard", "work", "--log-dir", str(self._folder / "runs"), *arguments]
        process = forked(words, {**self._environment, **environment}, log)
        self._started.append(Runner(process, log))
        return self._started[-1]


def forked(words: Sequence[str], environment: Mapping[str, str], log: Path) -> BaseProcess:
    """Start `callboard` or `gunicorn` with its words, in a process that has imported it before."""
    process = FORKING.Process(target=_become, args=(words, environment, log))
    process.start()
    return process


def _become(words: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    """Be the program from now on, as if this process had been started for it."""
    sys.argv = list(words)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    with log.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    try:
        resolve_name(PROGRAMS[words[0]])()
    finally:
        # Processes that multiprocessing makes leave out what a program does at its end.
        atexit._run_exitfuncs()
