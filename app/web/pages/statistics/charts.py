"""Where the marks of a chart stand, in percent of its width and height; templates draw them.

A chart is as wide as its place, so nothing in it may depend on its shape. Heights count from above.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import pairwise
from math import log

from app.queries.statistics.flow import Standing, Week
from app.queries.statistics.percentiles import Spread
from app.queries.statistics.runs import Done
from app.queries.statistics.span import Span
from app.rendering import MONTHS, coarse_text
from app.values import immutable

LABELS_MAX = 4
LINES_MAX = 5
DOTS_MAX = 400
NAMED_DOTS = 12
"""Dots that say which ticket they are: the longest."""
TOPS = (2, 4, 6, 8, 10)
"""Of a scale, times a power of ten: numbers of which the half is a round one."""
DURATIONS = (1, 10, 60, 600, 3600, 4 * 3600, 86_400, 7 * 86_400, 28 * 86_400, 182 * 86_400)
"""Lines of a scale of durations, in seconds."""


@immutable
class Label:
    """A text at a place along an axis. `anchor` keeps it within the chart."""

    at: float
    text: str
    anchor: str = "middle"


@immutable
class Bar:
    """A column; `parts` are the top, the height and the kind of each."""

    x: float
    width: float
    title: str
    parts: tuple[tuple[float, float, str], ...]


@immutable
class Bars:
    """Columns, a line through their middles, and the axes."""

    bars: list[Bar]
    line: str
    across: list[Label]
    up: list[Label]


@immutable
class Areas:
    """Bands that lie on each other: the path of each in a square of 1,000 by 1,000."""

    bands: list[tuple[str, str]]
    across: list[Label]
    up: list[Label]


@immutable
class Dots:
    """Tickets by when they were closed and how long they took."""

    dots: list[tuple[float, float, str]]
    lines: list[Label]
    across: list[Label]
    up: list[Label]


@immutable
class Range:
    """A bar to the median and a whisker to the 85th percentile, in percent of a row."""

    median: float
    p85: float


def throughput(weeks: Sequence[Week]) -> Bars:
    """Tickets completed and stopped in each week, with a line of those created."""
    top = _top(max((max(w.completed + w.stopped, w.created) for w in weeks), default=0))
    pitch = 100 / max(1, len(weeks))
    bars = [
        Bar(
            round(number * pitch + pitch * 0.14, 2),
            round(pitch * 0.72, 2),
            f"Week of {day_text(week.day)}: {week.completed:,} completed, {week.stopped:,} stopped,"
            f" {week.created:,} created",
            tuple(_stacked([(week.completed, "done"), (week.stopped, "stopped")], top)),
        )
        for number, week in enumerate(weeks)
    ]
    points = [
        f"{(number + 0.5) * pitch * 10:.1f},{1000 - 1000 * week.created / top:.1f}"
        for number, week in enumerate(weeks)
    ]
    days = [((number + 0.5) * pitch, week.day) for number, week in enumerate(weeks)]
    return Bars(bars, " ".join(points), _days(days), _numbers(top))


def cumulative(standings: Sequence[Standing]) -> Areas:
    """What was closed since the span began, and on it what was open, begun or not."""
    has_begun = any(standing.begun is not None for standing in standings)
    names = ("closed", "begun", "waiting") if has_begun else ("closed", "open")
    rows = [
        (s.closed, s.begun or 0, s.waiting) if has_begun else (s.closed, s.open) for s in standings
    ]
    top = _top(max((sum(row) for row in rows), default=0))
    last = max(1, len(rows) - 1)
    xs = [1000 * number / last for number in range(len(rows))]
    if len(rows) == 1:
        xs, rows = [0.0, 1000.0], rows * 2
    sums = [[sum(row[:number]) for row in rows] for number in range(len(names) + 1)]
    bands = [
        (name, _band(xs, low, high, top))
        for name, (low, high) in zip(names, pairwise(sums), strict=True)
    ]
    days = [(x / 10, standing.day) for x, standing in zip(xs, standings, strict=False)]
    return Areas(bands, _days(days), _numbers(top))


def scatter(tickets: Sequence[Done], spread: Spread, span: Span) -> Dots:
    """On a scale of powers: minutes and months are both seen. Of very many tickets some are drawn;
    the longest always are."""
    if not tickets or spread.median is None or spread.p85 is None:
        return Dots([], [], [], [])
    ranked = sorted(tickets, key=lambda one: -one.cycle)
    longest = ranked[:NAMED_DOTS]
    others = ranked[NAMED_DOTS:]
    others = others[:: -(-len(others) // DOTS_MAX) or 1]
    low, high = _ends([one.cycle for one in tickets])
    start = span.start
    whole = (span.end - start).total_seconds()

    def height(seconds: float) -> float:
        return round(100 - 100 * (log(max(seconds, low)) - log(low)) / (log(high) - log(low)), 1)

    def place(moment: datetime) -> float:
        return round(100 * (moment - start).total_seconds() / whole, 2)

    dots = [(place(one.closed_at), height(one.cycle), "") for one in others]
    dots += [(place(one.closed_at), height(one.cycle), one.ticket_id) for one in longest]
    lines = [Label(height(spread.median), "50 %"), Label(height(spread.p85), "85 %")]
    up = [
        Label(height(seconds), coarse_text(seconds))
        for seconds in DURATIONS
        if low < seconds < high
    ]
    days = [(place(week.start), week.day) for week in span.weeks()]
    return Dots(dots, lines, _days(days), up[:: -(-len(up) // LINES_MAX) or 1])


def ranges(spreads: Iterable[Spread]) -> list[Range]:
    """Beside each other, to one scale: the longest 85th percentile is the whole row."""
    some = list(spreads)
    longest = max((spread.p85 or 0.0 for spread in some), default=0.0) or 1.0
    return [
        Range(
            round(100 * (spread.median or 0.0) / longest, 1),
            round(100 * (spread.p85 or 0.0) / longest, 1),
        )
        for spread in some
    ]


def day_text(day: date) -> str:
    """Such as "3 Aug"."""
    return f"{day.day} {MONTHS[day.month - 1]}"


def _stacked(values: Sequence[tuple[int, str]], top: int) -> Iterable[tuple[float, float, str]]:
    floor = 0.0
    for value, kind in values:
        height = 100 * value / top
        floor += height
        if value:
            yield round(100 - floor, 2), round(height, 2), kind


def _band(xs: Sequence[float], low: Sequence[int], high: Sequence[int], top: int) -> str:
    upper = [f"{x:.0f},{1000 - 1000 * value / top:.0f}" for x, value in zip(xs, high, strict=True)]
    lower = [f"{x:.0f},{1000 - 1000 * value / top:.0f}" for x, value in zip(xs, low, strict=True)]
    return f"M{' '.join(upper)} {' '.join(reversed(lower))}Z"


def _top(highest: int) -> int:
    """A round number that is no less."""
    size = 1
    while highest > TOPS[-1] * size:
        size *= 10
    return next(top * size for top in TOPS if top * size >= highest)


def _numbers(top: int) -> list[Label]:
    return [Label(50, f"{top // 2:,}"), Label(0, f"{top:,}")]


def _days(days: Sequence[tuple[float, date]]) -> list[Label]:
    """Some of them, evenly; those at the ends stay within."""
    some = days[:: -(-len(days) // LABELS_MAX) or 1]
    return [
        Label(round(at, 2), day_text(day), "start" if at < 4 else "end" if at > 96 else "middle")
        for at, day in some
    ]


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """Of a scale of powers, around the values."""
    low, high = max(1.0, min(values)), max(1.0, *values)
    return low * 0.7, high * 1.4
