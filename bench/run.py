"""One board that is measured, and how requests to it are timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from bench.client import Answer, Client, filled_in
from bench.fill.databases import PASSWORD, Backend, Board
from bench.processes import CALLBOARD, Server, serving

Figures = dict[str, float]
"""What was measured, by name; the name ends with its unit: `p50_ms`."""

WARM_UP_REQUESTS, WARM_UP_SECONDS = 8, 1.0
"""Before the clock: a ticket's page renders a few texts of Markdown each time, until all are
cached."""
LEAST_REQUESTS, MOST_REQUESTS = 5, 400


@dataclass(slots=True)
class Run:
    """A board, and what has been measured on it so far."""

    backend: Backend
    board: Board
    is_quick: bool
    trackers: Path
    """Where other trackers are kept."""
    results: dict[str, Figures] = field(default_factory=dict)
    has_queue: bool = False
    """Whether there is something to claim."""

    def note(self, name: str, **figures: float) -> None:
        """Keep what was measured; figures of the same name stand side by side."""
        found = self.results.setdefault(f"{self.board.kind}/{self.board.size}/{name}", {})
        found.update(figures)

    def serving(self, app: str = CALLBOARD, *, workers: int = 2) -> AbstractContextManager[Server]:
        return serving(app, self.board.url, workers=workers)

    def timed(self, server: Server, send: Callable[[], Answer], *, status: int = 200) -> Figures:
        """Send the same request again and again, by one client."""
        warm_until = time.perf_counter() + WARM_UP_SECONDS
        for _ in range(WARM_UP_REQUESTS):
            answer = send()
            if answer.status != status:
                raise RuntimeError(f"{answer.status} instead of {status}: {answer.text[:2000]}")
            if time.perf_counter() > warm_until:
                break
        seconds: list[float] = []
        answer = send()
        cpu, database_cpu = server.cpu(), self.backend.cpu()
        until = time.perf_counter() + (0.7 if self.is_quick else 1.2)
        while len(seconds) < LEAST_REQUESTS or (
            len(seconds) < MOST_REQUESTS and time.perf_counter() < until
        ):
            began = time.perf_counter()
            answer = send()
            seconds.append(time.perf_counter() - began)
        cpu, database_cpu = server.cpu() - cpu, self.backend.cpu() - database_cpu
        return {
            **waits(seconds),
            "cpu_ms": 1000 * cpu / len(seconds),
            "database_cpu_ms": 1000 * database_cpu / len(seconds),
            "kib": len(answer.body) / 1024,
        }


def waits(seconds: list[float]) -> Figures:
    """The middle wait, and the one that one in a hundred exceeds."""
    parts = quantiles(seconds if len(seconds) > 1 else seconds * 2, n=100, method="inclusive")
    return {"p50_ms": 1000 * parts[49], "p99_ms": 1000 * parts[98]}


def signed_in(server: Server) -> Client:
    """A browser, so to speak, of the person `bench`."""
    client = server.client()
    form = client.get("/sign-in").text
    fields = filled_in(form, "/sign-in", name="bench", password=PASSWORD)
    answer = client.post_form("/sign-in", fields)
    if answer.status != 303:
        raise RuntimeError(f"signing in: {answer.status} {answer.text[:500]}")
    return client
