"""The measures, in the order in which they run on a board: what only reads comes first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.measures import claims, dashboards, forms, growth, pages, trackers, upkeep
from bench.run import Run


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is measured. `largest`: the largest board on which it is worth its time."""

    name: str
    measure: Callable[[Run], None]
    is_quick: bool = False
    largest: int = 1_000_000


MEASURES = (
    Measure("start", upkeep.measure_start, is_quick=True),
    Measure("help", upkeep.measure_help, is_quick=True, largest=10_000),
    Measure("pages", pages.measure_pages, is_quick=True),
    Measure("growth", growth.measure_growth),
    Measure("floor", pages.measure_floor, is_quick=True),
    Measure("polls", pages.measure_polls, is_quick=True),
    Measure("import", upkeep.measure_import, largest=100_000),
    Measure("backup", upkeep.measure_backup, largest=100_000),
    Measure("copy", upkeep.measure_copy, largest=100_000),
    Measure("claims", claims.measure_claims, is_quick=True),
    Measure("locks", claims.measure_locks, is_quick=True),
    Measure("dashboards", dashboards.measure_dashboards),
    Measure("bulk", claims.measure_bulk, is_quick=True),
    Measure("forms", forms.measure_forms),
    Measure("trackers", trackers.measure_trackers, largest=10_000),
)
"""`locks` and `dashboards` work on the queue that `claims` adds."""
