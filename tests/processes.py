"""Processes that tests start, each known by its own pid: the board's server, runners, agents."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import psutil
from flask import Flask

ROOT = Path(__file__).parent.parent
CALLBOARD = [sys.executable, "-c", "from app.cli import main; main()"]


PATIENCE = 120.0
"""Seconds that a test waits for what must happen: enough for a machine that does much else. No
test measures how fast something is."""


def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What the condition gives as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it didn't happen in time"
        time.sleep(0.05)
    return found


def free_port() -> int:
    """A port on the loopback that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class BoardServer:
    """gunicorn with the board, which can be killed and started again at the same address."""

    def __init__(
        self, app: Flask, database_url: str, folder: Path, workers: int = 1, **settings: str
    ) -> None:
        self.app = app
        self._database_url = database_url
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

    def beside(self, folder: Path, **settings: Any) -> BoardServer:
        """Another server of the same board."""
        return BoardServer(self.app, self._database_url, folder, **settings)

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

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        """What it wrote so far."""
        return self._log.read_text("utf-8")

    def wait(self, seconds: float = PATIENCE) -> int:
        """Its exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it didn't end:\n{self.log}") from None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, and to nobody else."""
        self.process.send_signal(number)


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
            runner.process.kill()
            runner.process.wait()

    def start(
        self, *options: str, command: list[str], worker_type: str = "implementation"
    ) -> Runner:
        """Start a runner of one worker type."""
        given = [*self._options, "--type", worker_type, *options]
        return self.start_with(*given, "--", *command)

    def start_with(self, *arguments: str, **environment: str) -> Runner:
        """Start `callboard work` with exactly these arguments."""
        log = self._folder / f"runner-{len(self._started)}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*CALLBOARD, "work", "--log-dir", str(self._folder / "runs"), *arguments],
                env={**self._environment, **environment},
                stdout=stream,
                stderr=stream,
                text=True,
            )
        self._started.append(Runner(process, log))
        return self._started[-1]
