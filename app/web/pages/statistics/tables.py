"""The figures as tables of plain values, for CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from app.queries.statistics.figures import Statistics
from app.queries.statistics.percentiles import Spread

Cell = str | int | float | None
Table = tuple[Sequence[str], Iterable[Sequence[Cell]]]

SPREAD = ("count", "median_seconds", "p85_seconds", "longest_seconds")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula."""


def throughput(found: Statistics) -> Table:
    rows = [(w.day.isoformat(), w.created, w.completed, w.stopped) for w in found.flow.weeks]
    return ("week", "created", "completed", "stopped"), rows


def flow(found: Statistics) -> Table:
    rows = [
        (s.day.isoformat(), s.closed, s.begun, s.open - (s.begun or 0), s.open)
        for s in found.flow.standings
    ]
    return ("day", "closed_since_start", "begun", "not_begun", "open"), rows


def cycle(found: Statistics) -> Table:
    rows = [
        (one.ticket_id, one.closed_at.isoformat(timespec="seconds"), one.cycle, one.lead)
        for one in found.cycle.tickets
    ]
    return ("ticket_id", "closed_at", "cycle_seconds", "lead_seconds"), rows


def stages(found: Statistics) -> Table:
    rows = [
        (
            one.worker_type,
            "person" if one.is_person else "agent",
            *_spread(one.waiting),
            *_spread(one.working)[1:],
        )
        for one in found.stages
    ]
    head = ("worker_type", "performed_by", "count")
    parts = (f"{part}_{name}" for part in ("waiting", "working") for name in SPREAD[1:])
    return (*head, *parts), rows


def rework(found: Statistics) -> Table:
    rows = [
        (r.worker_type, r.prompt_version, r.runs, r.redone, r.failed, r.expired, r.returned)
        for r in found.rework_by_prompt
    ]
    names = (
        "worker_type",
        "prompt_version",
        "runs",
        "sent_back",
        "failed",
        "expired",
        "sends_back",
    )
    return names, rows


def waits(found: Statistics) -> Table:
    rows = [(wait.kind, wait.name, *_spread(wait.spread)) for wait in found.waits]
    return ("kind", "name", *SPREAD), rows


TABLES: Mapping[str, Callable[[Statistics], Table]] = MappingProxyType(
    {
        "throughput": throughput,
        "flow": flow,
        "cycle": cycle,
        "stages": stages,
        "rework": rework,
        "waits": waits,
    }
)


def as_csv(table: Table) -> str:
    """With a heading. A text that a spreadsheet would run as a formula gets an apostrophe."""
    head, rows = table
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([[_harmless(cell) for cell in row] for row in rows])
    return text.getvalue()


def _harmless(cell: Cell) -> Cell:
    if isinstance(cell, float):
        return round(cell)
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _spread(spread: Spread) -> tuple[Cell, ...]:
    return spread.count, spread.median, spread.p85, spread.longest
