"""What the process counts of its own work, in Prometheus's terms, over all of gunicorn's workers.

gunicorn's configuration names a folder, in which every worker keeps its numbers in files of its
own; whichever worker is asked adds up all files. Without the folder there is one process, and its
memory is enough.
"""

from __future__ import annotations

import fcntl
import os
from functools import cache
from pathlib import Path

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Histogram, values
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "OTHER"
NO_ROUTE = "(none)"
"""Labels hold only what we name ourselves: strangers can't make new series."""

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SLOTS_MAX = 1_000


class _Slot:
    """The name of this process's files: the lowest number that no living process has.

    By their pids the files of every worker that ever was would stay, and make each look at the
    metrics dearer. The next worker goes on counting where a dead one stopped: the sums stay right.
    """

    def __init__(self) -> None:
        self._owner = 0
        self._number = 0

    def __call__(self) -> int:
        """The number; a process that was forked finds one of its own."""
        if self._owner != os.getpid():
            self._number = self._take(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
            self._owner = os.getpid()
        return self._number

    def _take(self, folder: Path) -> int:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(SLOTS_MAX):
            lock = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                # Held until the process ends, however it ends.
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
            else:
                return number
        raise RuntimeError(f"{SLOTS_MAX} processes keep metrics in {folder}")


prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # the library types it nowhere


@cache
def begin() -> tuple[Counter, Histogram]:
    """What requests are counted by. It opens this process's files: the application begins it before
    it answers any request, and a process that only loads the code never does."""
    if _is_shared():
        values.ValueClass = values.MultiProcessValue(_Slot())  # type: ignore[no-untyped-call]  # the same
    requests = Counter(
        "callboard_http_requests",
        "Requests that were answered, by route; health checks and files too.",
        ("method", "route", "status"),
        registry=None,
    )
    seconds = Histogram(
        "callboard_http_request_duration_seconds",
        "How long the answers took, from the request's arrival to the last byte handed on.",
        ("method", "route"),
        buckets=BUCKETS,
        registry=None,
    )
    return requests, seconds


def _is_shared() -> bool:
    return "PROMETHEUS_MULTIPROC_DIR" in os.environ


def count_request(method: str, route: str | None, status: int, seconds: float) -> None:
    """Count one request; `route` is the rule that it matched, never the address itself."""
    known = method if method in METHODS else OTHER_METHOD
    requests, durations = _series(known, route or NO_ROUTE, f"{status // 100}xx")
    requests.inc()
    durations.observe(seconds)


@cache
def _series(method: str, route: str, outcome: str) -> tuple[Counter, Histogram]:
    """Where such requests are counted. Kept: to look it up takes longer than to count."""
    requests, durations = begin()
    return requests.labels(method, route, outcome), durations.labels(method, route)


def exposition(board: Collector, accept: str) -> tuple[bytes, str]:
    """All metrics, those of the board too, as the reader likes them; and their content type."""
    registry = CollectorRegistry()
    registry.register(board)
    if _is_shared():
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the same
    else:
        for counted in begin():
            registry.register(counted)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type
