"""Callboard behind a real gunicorn, on a port of its own."""

from __future__ import annotations

import os
import shutil
import urllib.request
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self

import psutil
from flask import Flask

from tests.processes import forked, free_port, until

STOP_SECONDS = 10


class BoardServer:
    """gunicorn with the board of an application, which can be ended and started again at the same
    address."""

    def __init__(self, app: Flask, folder: Path, workers: int = 1, **settings: str) -> None:
        self.app = app
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "server.log"
        self._process: BaseProcess | None = None
        command = ["gunicorn", "--config", "tests/gunicorn_conf.py"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--workers", str(workers)]
        # Without gunicorn's own limit, all answers to long addresses are the application's.
        self._command = [*command, "--limit-request-line", "0", "wsgi:app"]
        self._environment = {
            **os.environ,
            "CALLBOARD_DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
            "CALLBOARD_INSTANCE_PATH": app.instance_path,
            "CALLBOARD_LOG_LEVEL": "warning",
            **settings,
        }

    def __enter__(self) -> Self:
        self.start()
        self.wait_until_ready()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        return self._log.read_text("utf-8")

    def start(self) -> None:
        """Start it, if it doesn't run."""
        if self._process is None or not self._process.is_alive():
            self._process = forked(self._command, self._environment, self._log)

    def wait_until_ready(self) -> None:
        """Wait until it answers."""
        until(self._answers)

    def stop(self) -> None:
        """End it, as a service is stopped."""
        if self._process is None:
            return
        self._process.terminate()
        self._process.join(STOP_SECONDS)
        if self._process.is_alive():
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Kill it and its workers at once, as when the machine fails."""
        if self._process is None:
            return
        with suppress(psutil.NoSuchProcess):
            master = psutil.Process(self._process.pid)
            family = [master, *master.children(recursive=True)]
            for process in family:
                process.kill()
            psutil.wait_procs(family)
        self._process.join()
        # It had no time to clean up by itself.
        for left in Path("/dev/shm").glob(f"callboard-metrics-{self._process.pid}-*"):
            shutil.rmtree(left)
        self._process = None

    def _answers(self) -> bool:
        assert self._process
        assert self._process.is_alive(), self.log
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
