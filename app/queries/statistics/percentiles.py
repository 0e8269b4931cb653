"""Medians and percentiles."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

from app.values import immutable


@immutable
class Spread:
    """How some durations are spread, in seconds; None when there is none."""

    count: int
    median: float | None
    p85: float | None
    longest: float | None


def spread_of(values: Sequence[float]) -> Spread:
    """The median, and what 85 of 100 stay below."""
    if not values:
        return Spread(0, None, None, None)
    ranked = sorted(values)
    return Spread(len(ranked), percentile(ranked, 50), percentile(ranked, 85), ranked[-1])


def percentile(ranked: Sequence[float], percent: float) -> float:
    """Of sorted values. Between two of them by their distance, as `percentile_cont` of PostgreSQL
    and spreadsheets do: the 50th of an even number is the mean of the middle two."""
    at = (len(ranked) - 1) * percent / 100
    low = floor(at)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (at - low)
