"""Days and weeks where people are, also where the clock is changed; and percentiles."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median, quantiles
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.queries.statistics.percentiles import percentile, spread_of
from app.queries.statistics.span import LONGEST, Span, in_days

PARIS = ZoneInfo("Europe/Paris")
ZONES = ("UTC", "Europe/Paris", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe",
         "America/Santiago", "Africa/Cairo", "Pacific/Apia")  # fmt: skip
SKIPPED = "Pacific/Apia", date(2011, 12, 30)
"""A day that never was: Samoa moved to the other side of the date line."""


def test_this_week_and_those_before_it_begin_on_monday():
    span = Span.of_weeks(4, datetime(2026, 4, 15, 12, tzinfo=UTC), PARIS)
    assert (span.first, span.last) == (date(2026, 3, 23), date(2026, 4, 15))
    assert [week.day for week in span.weeks()] == [
        date(2026, 3, 23), date(2026, 3, 30), date(2026, 4, 6), date(2026, 4, 13),
    ]  # fmt: skip


def test_today_is_that_of_the_zone():
    late = datetime(2026, 4, 12, 23, 30, tzinfo=UTC)
    assert Span.of_weeks(4, late, UTC).last == date(2026, 4, 12)
    assert Span.of_weeks(4, late, PARIS).last == date(2026, 4, 13)


@pytest.mark.parametrize(
    ("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 4, 1), 24)]
)
def test_a_day_is_as_long_as_the_clock_makes_it(day, hours):
    span = Span(date(*day), date(*day), PARIS)
    assert span.end - span.start == timedelta(hours=hours)


def test_weeks_at_the_ends_may_be_parts():
    span = Span(date(2026, 4, 1), date(2026, 4, 14))
    assert [(week.day, week.end - week.start) for week in span.weeks()] == [
        (date(2026, 4, 1), timedelta(days=5)),
        (date(2026, 4, 6), timedelta(days=7)),
        (date(2026, 4, 13), timedelta(days=2)),
    ]


@given(
    st.dates(date(1990, 1, 1), date(2040, 1, 1)),
    st.integers(0, LONGEST.days),
    st.sampled_from(ZONES),
)
@example(SKIPPED[1], 0, SKIPPED[0])
@example(SKIPPED[1] - timedelta(days=3), 7, SKIPPED[0])
def test_days_and_weeks_follow_each_other_without_gaps(first, days, zone):
    span = Span(first, first + timedelta(days=days), ZoneInfo(zone))
    for periods in (span.weeks(), span.steps()):
        assert (periods[0].start, periods[-1].end) == (span.start, span.end)
        for one, following in pairwise(periods):
            assert one.end == following.start
            assert one.start < one.end or (zone, one.day) == SKIPPED
    assert all(week.day.weekday() == 0 for week in span.weeks()[1:])
    assert len(span.steps()) <= 270


@given(st.lists(st.floats(0, 1e7), min_size=2))
def test_percentiles_are_those_of_the_standard_library(values):
    found = spread_of(values)
    assert found.median == pytest.approx(median(values))
    assert found.p85 == pytest.approx(quantiles(values, n=100, method="inclusive")[84])
    assert min(values) <= found.median <= found.p85 <= found.longest == max(values)


def test_a_percentile_lies_between_two_values_by_their_distance():
    assert percentile([10, 20], 50) == 15
    assert percentile([10, 20, 30, 40, 50], 85) == pytest.approx(44)
    assert percentile([7], 85) == 7
    assert spread_of([]).median is None


FIRST = datetime(2026, 3, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=24)).map(lambda later: FIRST + later)


@given(
    MOMENTS,
    MOMENTS,
    st.integers(0, 24),
    st.data(),
)
def test_a_period_is_its_days_and_what_is_left_of_them(one, other, days, data):
    start, end = sorted((one, other))
    until = FIRST + timedelta(days=days)
    if start == end:
        return
    parts = in_days(start, end, until)
    for part in parts:
        if part.days:
            assert part.end - part.start == part.days * timedelta(days=1) <= timedelta(days=7)
            assert (part.start.hour, part.start.minute, part.end <= until) == (0, 0, True)
    bounds = [bound for part in parts for bound in (part.start, part.end)]
    for moment in (*bounds, *data.draw(st.lists(MOMENTS, max_size=9))):
        times = sum(part.sign for part in parts if part.start <= moment < part.end)
        assert times == (start <= moment < end)
