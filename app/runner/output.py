"""What an agent writes: all of it in a file of bounded size, its end in memory."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import BinaryIO, Literal, Self

from app.runner.outcome import EVENT
from app.runner.plaintext import last_part, plain

Stream = Literal["stdout", "stderr"]

KEPT_BYTES = 2_000_000
"""Of standard output: more than the longest comment takes in JSON, however it is escaped."""

NEW_FILE, PRIVATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600

TAIL_BYTES = 16_384
TAIL_CHARACTERS = 4_000
"""The last lines, of both streams together: for the worker's page, and for reasons."""


class Tail:
    """The last bytes of a stream."""

    def __init__(self, longest: int) -> None:
        self.longest = longest
        self._kept = bytearray()
        self._size = 0

    def add(self, data: bytes) -> None:
        """Take more; the oldest is forgotten."""
        self._kept += data
        self._size += len(data)
        if len(self._kept) > 2 * self.longest:
            del self._kept[: -self.longest]

    @property
    def is_cut(self) -> bool:
        """Whether something was forgotten."""
        return self._size > self.longest

    def __bytes__(self) -> bytes:
        return bytes(self._kept[-self.longest :])

    def __str__(self) -> str:
        return bytes(self).decode("utf-8", "replace")


class Output:
    """One agent's output. Fed by the thread that reads it, looked at by others."""

    def __init__(self, file: Path, limit: int) -> None:
        self._lock = threading.Lock()
        self._stdout = Tail(KEPT_BYTES)
        self._stderr = Tail(TAIL_BYTES)
        self._both = Tail(TAIL_BYTES)
        # The first half is written as it comes; the rest is kept back until its end is known.
        self._log: BinaryIO | None = os.fdopen(os.open(file, NEW_FILE, PRIVATE), "wb", buffering=0)
        self._room = limit // 2
        self._rest = Tail(limit - self._room)
        self._rest_size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def add(self, stream: Stream, data: bytes) -> None:
        """Take what the agent wrote."""
        with self._lock:
            (self._stdout if stream == "stdout" else self._stderr).add(data)
            self._both.add(data)
            self._write(data)

    def note(self, line: str) -> None:
        """Write a remark of the runner's own into the file."""
        with self._lock:
            self._write(f"[{line}]\n".encode())

    def close(self) -> None:
        """Write what was kept back. Nothing is taken afterwards."""
        with self._lock:
            log, self._log = self._log, None
            if log is None:
                return
            with contextlib.suppress(OSError), log:
                end = bytes(self._rest)
                if self._rest_size > len(end):
                    log.write(f"\n[… {self._rest_size - len(end):,} bytes left out …]\n".encode())
                log.write(end)

    @property
    def stdout(self) -> str:
        """The end of standard output, as it was written."""
        with self._lock:
            text, is_cut = str(self._stdout), self._stdout.is_cut
        # What is left of an event that was cut may look like an object of its own.
        return text.partition("\n")[2] if is_cut and EVENT.search(text) else text

    @property
    def stderr(self) -> str:
        """The end of standard error, as it was written."""
        with self._lock:
            return str(self._stderr)

    @property
    def tail(self) -> str:
        """The last lines of both streams, readable."""
        with self._lock:
            text = str(self._both)
        return last_part(plain(text), TAIL_CHARACTERS)

    def _write(self, data: bytes) -> None:
        if self._log is None:
            return
        now, later = data[: self._room], data[self._room :]
        self._room -= len(now)
        self._rest.add(later)
        self._rest_size += len(later)
        # A full disk must not stop the agent, whose output is read here.
        with contextlib.suppress(OSError):
            self._log.write(now)
