"""Callboard behind a real gunicorn, on a port of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from app.settings.board import ROOT
from tests.processes import PATIENCE, free_port

STOP_SECONDS = 10


@contextmanager
def serving(app: Flask, folder: Path) -> Iterator[int]:
    """Serve the board of an application; gives the port. Only this process is ended."""
    port = free_port()
    log = folder / "gunicorn.log"
    # Without gunicorn's own limit, all answers to long addresses are the application's.
    options = f"--workers 1 --threads 4 --limit-request-line 0 --bind 127.0.0.1:{port}"
    config = ROOT / "deploy" / "gunicorn.conf.py"
    environment = {
        **os.environ,
        "CALLBOARD_DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "CALLBOARD_INSTANCE_PATH": app.instance_path,
    }
    command = ["-m", "gunicorn", "--config", str(config), *options.split(), "wsgi:app"]
    with log.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=environment, stdout=stream, stderr=stream
        )
    try:
        _wait(port, log)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"no answer: {log.read_text()[-2000:]}")
