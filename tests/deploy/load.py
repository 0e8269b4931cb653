"""A bounded load from several threads; what came of each request."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

MOST_REQUESTS = 20_000
PAUSE_SECONDS = 0.02


@dataclass
class Outcomes:
    """How many requests got which answer; `lost` says what became of those that got none."""

    answers: Counter[int] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """All of them."""
        return sum(self.answers.values()) + len(self.lost)

    def mark(self, name: str) -> None:
        """Remember how many there were by now."""
        self.marks[name] = self.count


Make = Callable[[], httpx.Client]


@contextmanager
def load(make: Make, paths: list[str], *, fresh: int, kept: int) -> Iterator[Outcomes]:
    """Ask while the block runs: `fresh` threads on a new connection each time, `kept` on one each.

    Nobody asks twice: an error of the connection is a lost request.
    """
    outcomes, over, numbers = Outcomes(), threading.Event(), itertools.count()

    def ask(client: httpx.Client, path: str) -> None:
        try:
            if path.startswith("POST "):
                answer = client.post(path.removeprefix("POST "), json={})
            else:
                answer = client.get(path)
            outcomes.answers[answer.status_code] += 1
        except httpx.TransportError as error:
            outcomes.lost.append(f"{path}: {error!r}")

    def go_on(keep: bool) -> None:
        client = make()
        while not over.is_set() and (number := next(numbers)) < MOST_REQUESTS:
            if not keep:
                client.close()
                client = make()
            ask(client, paths[number % len(paths)])
            time.sleep(PAUSE_SECONDS)
        client.close()

    threads = [
        threading.Thread(target=go_on, args=(keep,)) for keep in [True] * kept + [False] * fresh
    ]
    for thread in threads:
        thread.start()
    try:
        yield outcomes
    finally:
        over.set()
        for thread in threads:
            thread.join()
