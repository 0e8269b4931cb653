"""One run of the agent's command, in a session of its own, held by the supervisor."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.runner.output import Output

SUPERVISOR = Path(__file__).with_name("supervisor.py")

PROMPT_FILE = "{prompt_file}"
"""Stands in a command for the path of the prompt."""

READ_BYTES = 65_536

LINGER_SECONDS = 3.0
"""So long is output read after the agent ended, if something still holds its pipes open."""


class CannotStart(Exception):
    """The command can't be run on this machine; the message says why."""


class Agent:
    """A running command. `on_end` is called, from another thread, when it has ended."""

    def __init__(self, output: Output, on_end: Callable[[], None]) -> None:
        self.exit_code: int | None = None
        self._output = output
        self._on_end = on_end
        self._ended = threading.Event()
        self._pid = 0

    def start(
        self, command: Sequence[str], prompt: Path, cwd: Path, environment: Mapping[str, str]
    ) -> None:
        """Run the command; raises `CannotStart`."""
        argv = [part.replace(PROMPT_FILE, str(prompt)) for part in command]
        self._start_supervisor(cwd, environment)
        try:
            self._send(json.dumps({"argv": argv, "prompt_file": str(prompt)}))
            news = self._first_news()
        except BaseException:
            self._close()
            raise
        if "pid" not in news:
            self._close()
            raise CannotStart(str(news.get("error", "its supervisor ended at once")))
        self._pid = int(news["pid"])
        threading.Thread(target=self._read_until_end, name="reader", daemon=True).start()

    @property
    def has_ended(self) -> bool:
        """Whether the command is over, and its output read."""
        return self._ended.is_set()

    def stop(self, grace: float) -> None:
        """Ask the agent's whole group to end; kill what is left of it after the grace."""
        self._send(f"stop {grace}")

    def kill(self) -> None:
        """Kill the agent's whole group now."""
        self._send("kill")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended; whether it has."""
        return self._ended.wait(timeout)

    def _start_supervisor(self, cwd: Path, environment: Mapping[str, str]) -> None:
        self._status, status = os.pipe()
        try:
            self._supervisor = subprocess.Popen(  # noqa: S603 - our own file
                [sys.executable, "-I", str(SUPERVISOR), str(status)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=[status],
                start_new_session=True,
                cwd=cwd,
                env=dict(environment),
            )
        except (OSError, ValueError) as error:
            os.close(self._status)
            what = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else error
            raise CannotStart(str(what)) from None
        finally:
            os.close(status)

    def _send(self, line: str) -> None:
        stdin = self._supervisor.stdin
        with contextlib.suppress(BrokenPipeError, ValueError):
            if stdin:
                stdin.write(line.encode() + b"\n")

    def _first_news(self) -> dict[str, Any]:
        line = b""
        while not line.endswith(b"\n") and (part := os.read(self._status, 1)):
            line += part
        news: dict[str, Any] = json.loads(line) if line else {}
        return news

    def _read_until_end(self) -> None:
        try:
            self._read()
        finally:
            self._close()
            self._ended.set()
            self._on_end()

    def _read(self) -> None:
        give_up: float | None = None
        with selectors.DefaultSelector() as open_pipes:
            open_pipes.register(self._status, selectors.EVENT_READ, "status")
            for name, pipe in (
                ("stdout", self._supervisor.stdout),
                ("stderr", self._supervisor.stderr),
            ):
                if pipe:
                    open_pipes.register(pipe, selectors.EVENT_READ, name)
            while open_pipes.get_map():
                left = give_up - time.monotonic() if give_up is not None else None
                if left is not None and left <= 0:
                    return
                for key, _ in open_pipes.select(left):
                    data = os.read(key.fd, READ_BYTES)
                    if not data:
                        open_pipes.unregister(key.fileobj)
                    if key.data == "status":
                        self._note_exit(data)
                        give_up = time.monotonic() + LINGER_SECONDS
                    else:
                        self._output.add(key.data, data)

    def _note_exit(self, news: bytes) -> None:
        if news:
            self.exit_code = int(json.loads(news)["exit"])
        elif self.exit_code is None:
            # The supervisor was killed, and the agent with it; its children may not have noticed.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGKILL)

    def _close(self) -> None:
        os.close(self._status)
        for pipe in (self._supervisor.stdin, self._supervisor.stdout, self._supervisor.stderr):
            if pipe:
                pipe.close()
        try:
            self._supervisor.wait(LINGER_SECONDS)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()
