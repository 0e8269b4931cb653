"""Holds one agent under a supervisor: a small process between the runner and the agent's command.

The runner starts this file by its path, apart from the package, so that it starts in a moment. It
reads one line of JSON from standard input (`argv`, `prompt_file`), starts the command in a session
of its own, and tells on a pipe of its own (the number is its argument) what became of it. Then it
obeys lines on standard input: `stop SECONDS` asks the agent to end and kills it after that time,
`kill` kills it now. The end of standard input means that the runner is gone: so is the agent soon.

When the agent has ended, whatever it left running ends too, even what left its process group.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

ORPHAN_GRACE_SECONDS = 3.0
"""An agent whose runner is gone has this long to end by itself."""

LEFTOVER_GRACE_SECONDS = 1.0
"""So long has what an agent left running."""

LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def main() -> None:
    """Hold one agent from its start to its end."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # Only the runner ends an agent. A handler, unlike SIG_IGN, isn't passed on to the agent.
        signal.signal(number, lambda *_: None)
    status = int(sys.argv[1])
    order = json.loads(_read_line())
    _adopt_orphans()
    try:
        agent = _start(order)
    except OSError as error:
        _tell(status, {"error": f"{error.filename or order['argv'][0]}: {error.strerror}"})
        return
    _tell(status, {"pid": agent.pid})
    threading.Thread(target=_obey, args=[agent.pid], daemon=True).start()
    code = agent.wait()
    _tell(status, {"exit": code})
    _end_leftovers(agent.pid)


def _read_line() -> str:
    """One line of standard input; unbuffered, since what follows is read by a thread."""
    line = bytearray()
    while (byte := os.read(0, 1)) not in (b"", b"\n"):
        line += byte
    return line.decode()


def _tell(status: int, news: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(status, json.dumps(news).encode() + b"\n")


def _adopt_orphans() -> None:
    """Become the parent of whatever the agent's children leave behind, so that it can be ended."""
    if LIBC:
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _start(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    with Path(order["prompt_file"]).open("rb") as prompt:
        return subprocess.Popen(  # noqa: S603 - the command of the machine's own user
            order["argv"],
            stdin=prompt,
            start_new_session=True,
            preexec_fn=_die_with_supervisor if LIBC else None,  # noqa: PLW1509 - no thread runs yet
        )


def _die_with_supervisor() -> None:
    """In the agent, before its command: a supervisor that is killed leaves no agent behind."""
    if LIBC:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _obey(group: int) -> None:
    while line := _read_line():
        word, _, seconds = line.partition(" ")
        if word == "kill":
            _end(group, 0)
        elif word == "stop":
            threading.Thread(target=_end, args=[group, float(seconds)], daemon=True).start()
    _end(group, ORPHAN_GRACE_SECONDS)


def _end(group: int, grace: float) -> None:
    """Ask the agent's group to end; what is left of it after the grace is killed."""
    if grace:
        _signal(group, signal.SIGTERM)
        time.sleep(grace)
    _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _end_leftovers(group: int) -> None:
    """End what still runs of the agent: in its group, or adopted from it."""
    _signal(group, signal.SIGTERM)
    give_up = time.monotonic() + LEFTOVER_GRACE_SECONDS
    while _has_children():
        if time.monotonic() > give_up:
            _kill_all_children(group)
        time.sleep(0.01)


def _has_children() -> bool:
    """Whether an adopted process lives; those that ended are taken off the process table."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return True
    return False


def _kill_all_children(group: int) -> None:
    import psutil

    _signal(group, signal.SIGKILL)
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


if __name__ == "__main__":
    main()
