"""The budgets of the design, each worked out from what one run has measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.run import Figures

Results = Mapping[str, Figures]
OnBoard = Callable[[str, str], float]
"""A figure of a board by its row and name: `figure("page/list", "cpu_ms")`; NaN: not measured."""

SMALL = 10_000
"""Against whose pages those of larger boards are held."""


@dataclass(frozen=True, slots=True)
class Budget:
    """`target` is the most that may be, or the least when `is_least`."""

    what: str
    target: float
    unit: str
    measured: Callable[[OnBoard], float]
    is_least: bool = False

    def holds(self, value: float) -> bool:
        return value >= self.target if self.is_least else value <= self.target


def against(row: str, floor: str, figure: str = "cpu_ms") -> Callable[[OnBoard], float]:
    """A row's figure, as a multiple of the floor's."""
    return lambda of: of(row, figure) / of(floor, figure)


def just(row: str, figure: str) -> Callable[[OnBoard], float]:
    return lambda of: of(row, figure)


BUDGETS = (
    Budget("list of 50, CPU against the floor's list", 2.5, "×",
           against("page/list", "floor/list")),
    Budget("ticket with 20 comments, CPU against the floor's", 3, "×",
           against("page/ticket with 20 comments", "floor/ticket with 20 comments")),
    Budget("dashboard, CPU against the floor's list", 5, "×",
           against("page/dashboard", "floor/list")),
    Budget("claim + complete, 8 workers, against the floor", 0.4, "×",
           against("claims/8 workers", "floor/claims/8 workers", "pairs_per_s"), is_least=True),
    Budget("write lock held per claim", 1, "ms", just("inside/claim", "lock_ms")),
    Budget("write lock held per report", 1, "ms", just("inside/report", "lock_ms")),
    Budget("search, rare word, p50", 50, "ms", just("page/search: rare word", "p50_ms")),
    Budget("search, common word, p50", 50, "ms", just("page/search: common word", "p50_ms")),
    Budget("search, absent word, p50", 50, "ms", just("page/search: absent word", "p50_ms")),
    Budget("200 open dashboards, nothing happens", 0.1, "cores",
           just("dashboards/200 open, nothing happens", "cores")),
    Budget("200 open dashboards, a crew works", 0.1, "cores",
           just("dashboards/200 open, a crew works", "cores")),
    Budget("worker process after use, unique memory", 50, "MiB",
           just("process/worker after use", "mib")),
    Budget("start to ready", 0.9, "s", just("process/start to ready", "seconds")),
    Budget("callboard --help", 0.35, "s", just("command/callboard --help", "seconds")),
    Budget("bulk creation of 1,000", 1, "s", just("bulk/1,000 tickets", "seconds")),
    Budget("import of 100,000 records, peak memory", 120, "MiB",
           just("command/import 100,000 records", "mib")),
    Budget("backup, for each 1.2M rows", 3, "s",
           lambda of: of("command/backup", "seconds") * 1_200_000 / of("command/backup", "rows")),
)  # fmt: skip

GROWTH = 1.5
"""What any page may cost on a large board, as a multiple of the same page on the small one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A budget beside what was measured on one board."""

    board: str
    what: str
    target: str
    measured: str
    holds: bool


def verdicts(results: Results) -> list[Verdict]:
    """Every budget, for every board on which it was measured."""
    found = []
    for board in boards(results):
        for budget in BUDGETS:
            value = budget.measured(figures_of(results, board))
            if not math.isnan(value):
                sign = "≥" if budget.is_least else "≤"
                found.append(
                    Verdict(
                        board,
                        budget.what,
                        f"{sign} {budget.target:g} {budget.unit}",
                        f"{value:,.0f} {budget.unit}"
                        if value >= 100
                        else f"{value:.3g} {budget.unit}",
                        budget.holds(value),
                    )
                )
        found += _growth(results, board)
    return found


def boards(results: Results) -> list[str]:
    """The boards of a run, such as sqlite/10000."""
    return list(dict.fromkeys("/".join(key.split("/")[:2]) for key in results))


def figures_of(results: Results, board: str) -> OnBoard:
    return lambda row, figure: results.get(f"{board}/{row}", {}).get(figure, math.nan)


def _growth(results: Results, board: str) -> list[Verdict]:
    """The page that grew most against the small board on the same database."""
    here = figures_of(results, board)
    rows = [key.removeprefix(f"{board}/") for key in results if key.startswith(f"{board}/growth/")]
    if not rows:
        return []
    ratios = {row: here(row, "p50_ms") / here(row, "small_p50_ms") for row in rows}
    over = [row for row in rows if ratios[row] > GROWTH]
    # Such as the tickets that a filter finds: three on the small board, a page of them here.
    sizes = {row: max(1, here(row, "kib") / here(row, "small_kib")) for row in rows}
    beyond = [row for row in over if ratios[row] > GROWTH * sizes[row]]
    worst = max(rows, key=lambda row: ratios[row])
    told = f"{ratios[worst]:.1f} × ({worst.removeprefix('growth/')}); {len(over)} of {len(rows)}"
    told += f" over, {len(beyond)} of them beyond what their size explains"
    what = f"any page, drawn anew, against {SMALL:,} tickets"
    return [Verdict(board, what, f"≤ {GROWTH} ×", told, not over)]
