"""The demo's processes: each under a supervisor, so that none outlives the demo."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from app.runner.agent import Agent
from app.runner.output import Output

CALLBOARD = [sys.executable, "-c", "from app.cli import main; main()"]
ONE_AFTER_ANOTHER = """
import json, sys
from app.cli import callboard
for words in json.loads(sys.argv[1]):
    callboard(words, standalone_mode=False)
"""
"""Several commands in one process: to import the application takes longer than any of them."""

LOG_LIMIT = 5_000_000


class DemoError(Exception):
    """The demo can't go on; the message says why."""


class DemoProcesses:
    """Starts and ends processes that work in one folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port if _is_free(port) else _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._running: list[tuple[Agent, Output]] = []
        own = {name: v for name, v in os.environ.items() if not name.startswith("CALLBOARD_")}
        own.pop("GUNICORN_CMD_ARGS", None)
        # The demo needs nothing but this machine, whatever proxy is set.
        self._environment = own | {
            "CALLBOARD_INSTANCE_PATH": str(folder),
            "CALLBOARD_SWEEP_SECONDS": "1",
            "CALLBOARD_LOG_LEVEL": "warning",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def run(self, *commands: Sequence[str], stdin: str = "") -> list[str]:
        """Run `callboard` commands, one after another; gives the lines that they print."""
        done = subprocess.run(  # noqa: S603 - our own commands
            [sys.executable, "-c", ONE_AFTER_ANOTHER, json.dumps(commands)],
            env=self._environment,
            cwd=self._folder,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DemoError(f"the board can't be made: {done.stderr.strip()[-1_000:]}")
        return done.stdout.splitlines()

    def serve(self) -> Agent:
        """Start the board's server."""
        gunicorn = [sys.executable, "-m", "gunicorn", "--no-control-socket"]
        gunicorn += ["--bind", f"127.0.0.1:{self.port}", "--workers", "1", "--threads", "8"]
        return self._start("server", [*gunicorn, "--log-level", "warning", "app:create_app()"])

    def start_runner(self, name: str, token: str, *arguments: str) -> Agent:
        """Start `callboard work`."""
        runner = [*CALLBOARD, "work", "--url", self.url, "--name", name, "--grace", "3"]
        runner += ["--log-dir", str(self._folder / "runs"), *arguments]
        return self._start(name, runner, CALLBOARD_TOKEN=token)

    def log_of(self, name: str) -> str:
        """The end of what a process wrote."""
        return (self._folder / f"{name}.log").read_text("utf-8", "replace")[-2_000:].strip()

    def end(self) -> None:
        """End all that still runs: runners first, so that they can say goodbye to the server."""
        for process, output in reversed(self._running):
            process.stop(grace=6)
            process.wait(10)
            output.close()
        self._running.clear()

    def _start(self, name: str, command: list[str], **environment: str) -> Agent:
        output = Output(self._folder / f"{name}.log", LOG_LIMIT)
        process = Agent(output, on_end=lambda: None)
        process.start(command, Path(os.devnull), self._folder, self._environment | environment)
        self._running.append((process, output))
        return process


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
