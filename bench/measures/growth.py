"""The same pages of a large board and of a small one, asked in turns: whatever slows the machine
for some minutes slows both."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median

from bench.budgets import SMALL
from bench.client import Answer
from bench.fill.databases import Board, board
from bench.measures.pages import PAGES, Newcomer, Page
from bench.processes import CALLBOARD, Server, serving
from bench.run import Run, signed_in

WARM_UP_TURNS = 8
LEAST_TURNS, MOST_TURNS, SECONDS = 5, 60, 1.5

Ask = Callable[[], Answer]


@dataclass(frozen=True, slots=True)
class Waited:
    """The median wait for a page, and how large it is: the large board may have more to show."""

    p50_ms: float
    kib: float


def measure_growth(run: Run) -> None:
    """The wait for each page that is drawn anew, beside that on a board of 10,000 tickets."""
    if run.board.size <= SMALL:
        return
    has_statistics = run.board.has_statistics
    with (
        board(run.backend, SMALL, with_statistics=has_statistics, copy="small") as small,
        run.serving() as large_server,
        serving(CALLBOARD, small.url, workers=2) as small_server,
    ):
        ask_small, ask_large = _asker(small_server, small), _asker(large_server, run.board)
        for page in PAGES:
            in_small, in_large = _in_turns(ask_small(page), ask_large(page))
            run.note(
                f"growth/{page.name}",
                small_p50_ms=in_small.p50_ms,
                p50_ms=in_large.p50_ms,
                small_kib=in_small.kib,
                kib=in_large.kib,
            )


def _asker(server: Server, board: Board) -> Callable[[Page], Ask]:
    browser, program = signed_in(server), server.client()
    program.token = board.token

    def ask(page: Page) -> Ask:
        if page.is_of_programs:
            return partial(program.get, page.path)
        return Newcomer(browser, page.path)

    return ask


def _in_turns(*asks: Ask) -> list[Waited]:
    waits: list[list[float]] = [[] for _ in asks]
    sizes = [0.0 for _ in asks]
    turns, until = 0, 0.0
    while turns < WARM_UP_TURNS + LEAST_TURNS or (
        turns < WARM_UP_TURNS + MOST_TURNS and time.perf_counter() < until
    ):
        for number, ask in enumerate(asks):
            began = time.perf_counter()
            answer = ask()
            waits[number].append(time.perf_counter() - began)
            sizes[number] = len(answer.body) / 1024
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {answer.text[:2000]}")
        turns += 1
        if turns == WARM_UP_TURNS:
            until = time.perf_counter() + SECONDS
    return [
        Waited(1000 * median(waited[WARM_UP_TURNS:]), kib)
        for waited, kib in zip(waits, sizes, strict=True)
    ]
