"""Processes that tests start, each known by its own pid: the board's server, runners, agents."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

import psutil
from flask import Flask

from app.cli import main

ROOT = Path(__file__).parent.parent
CALLBOARD = [sys.executable, "-c", "from app.cli import main; main()"]

FORKING = multiprocessing.get_context("forkserver")
"""Makes processes that are forked from one which has imported everything and opened nothing."""

FORKING.set_forkserver_preload(
    ["pytest", "app.cli.work", "app.runner.runner", "tests.pipeline.claiming_worker"]
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


class BoardServer:
    """gunicorn with the board, which can be killed and started again at the same address."""

    def __init__(
        self, app: Flask, database_url: str, folder: Path, workers: int = 1, **settings: str
    ) -> None:
        self.app = app
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._workers = workers
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = {
            **os.environ,
            "CALLBOARD_DATABASE_URL": database_url,
            "CALLBOARD_INSTANCE_PATH": app.instance_path,
            "CALLBOARD_SWEEP_SECONDS": "0.5",
            "CALLBOARD_LOG_LEVEL": "warning",
            **settings,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        return (self._folder / "server.log").read_text("utf-8")

    def start(self) -> None:
        """Start it, if it doesn't run."""
        if self._process and self._process.poll() is None:
            return
        command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--workers", str(self._workers), "wsgi:app"]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )

    def wait_until_ready(self) -> None:
        """Wait until it answers."""
        until(self._answers)

    def kill(self) -> None:
        """Kill it and its workers at once, as when the machine fails."""
        if self._process is None:
            return
        family: list[Any] = [
            self._process,
            *psutil.Process(self._process.pid).children(recursive=True),
        ]
        for process in family:
            process.kill()
        for process in family:
            process.wait()
        self._process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


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
        process = FORKING.Process(
            target=_run_callboard, args=(words, {**self._environment, **environment}, log)
        )
        process.start()
        self._started.append(Runner(process, log))
        return self._started[-1]


def _run_callboard(words: list[str], environment: dict[str, str], log: Path) -> None:
    """Be the command from now on, as if this process had been started for it."""
    sys.argv = words
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    main()
