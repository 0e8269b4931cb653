"""Callboard as it is deployed: `callboard serve` on a unix socket, in a folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import httpx

from tests.clients import plain_client
from tests.processes import CALLBOARD, PATIENCE, ROOT, until

HOST = "board.example.org"

AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execvp(sys.argv[2], sys.argv[2:])
"""
"""What systemd does for a socket's service: the socket is file 3, and LISTEN_PID names it."""


def client_of_host(url: str = f"http://{HOST}", **options: Any) -> httpx.Client:
    """A client who asks for the board by its public name."""
    return plain_client(url, headers={"Host": HOST}, **options)


class Board:
    """The board's processes; the one that was started is the only one that gets signals."""

    def __init__(
        self,
        folder: Path,
        command: Sequence[str | Path] = CALLBOARD,
        cwd: Path = ROOT,
        **settings: str,
    ) -> None:
        self.folder = folder
        self.port = self.public_port = 0
        self._cwd = cwd
        self.socket = folder / "callboard.sock"
        self._command = [str(word) for word in command]
        self._process: subprocess.Popen[bytes] | None = None
        kept = {key: value for key, value in os.environ.items() if "CALLBOARD" not in key}
        self._environment = {
            **kept,
            "CALLBOARD_INSTANCE_PATH": str(folder),
            "CALLBOARD_BIND": f"unix:{self.socket}",
            "CALLBOARD_PROXY_HOPS": "1",
            "CALLBOARD_SECURE_COOKIES": "true",
            "CALLBOARD_TRUSTED_HOSTS": HOST,
            "CALLBOARD_LOG_FORMAT": "json",
            **settings,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Of gunicorn's master."""
        assert self._process
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started, and has not ended yet."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What it wrote so far."""
        return (self.folder / "board.log").read_text("utf-8")

    def run(self, *arguments: str) -> str:
        """Run a `callboard` command to its end; what it printed."""
        done = subprocess.run(
            [*self._command, *arguments],
            cwd=self._cwd,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *options: str, door: socket.socket | None = None) -> None:
        """Serve; gunicorn's own options may follow. `door` is a socket that systemd holds open."""
        command, inherited = [*self._command, "serve", *options], []
        if door is not None:
            command = [sys.executable, "-c", AS_SYSTEMD, str(door.fileno()), *command]
            inherited = [door.fileno()]
        with (self.folder / "board.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._cwd,
                env=self._environment,
                pass_fds=inherited,
                stdout=log,
                stderr=log,
            )
        until(self._answers)

    def reload(self) -> None:
        """What `systemctl reload` does."""
        os.kill(self.pid, signal.SIGHUP)

    def terminate(self) -> None:
        """What `systemctl stop` does first."""
        os.kill(self.pid, signal.SIGTERM)

    def wait(self) -> int:
        """Its exit code, when it has ended."""
        assert self._process
        return self._process.wait(PATIENCE)

    def stop(self) -> None:
        """End it, if it still runs."""
        if self._process is None or not self.is_running:
            return
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ask(self, path: str, **headers: str) -> httpx.Response:
        """Ask it directly, as the proxy would."""
        with self._client() as client:
            return client.get(path, headers=headers)

    def post(self, path: str, body: bytes, *, chunked: bool = False) -> httpx.Response:
        """Send it something directly."""
        with self._client() as client:
            content = (body[at : at + 65_536] for at in range(0, len(body), 65_536))
            return client.post(path, content=content if chunked else body)

    def _client(self) -> httpx.Client:
        transport = httpx.HTTPTransport(uds=str(self.socket), verify=False)
        return client_of_host(transport=transport)

    def _answers(self) -> bool:
        assert self._process
        assert self._process.poll() is None, self.log
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(self.socket)) != 0:
                return False
        try:
            return self.ask("/healthz").status_code == 200
        except httpx.ReadError:
            # Nobody took the connection out of the backlog: the master has just ended, because
            # another of its addresses is taken, say. The next look tells why.
            return False
