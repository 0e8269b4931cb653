"""Spans of time as people choose them: whole days, where they are."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise

from app.errors import Invalid
from app.values import immutable

WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)
LONGEST = timedelta(days=5 * 366)
DAILY_UP_TO = timedelta(weeks=13)
"""A longer span is told by weeks: a chart has no more points than can be seen."""


@immutable
class Period:
    """A day or a week, or the part of a week that lies in the span; `start` is in it, `end` not."""

    day: date
    start: datetime
    end: datetime


@immutable
class Span:
    """The days `first` to `last`, both of them included, in a time zone. Weeks begin on Monday."""

    first: date
    last: date
    zone: tzinfo = UTC

    @classmethod
    def of_weeks(cls, number: int, now: datetime, zone: tzinfo) -> Span:
        """This week so far, and those before it."""
        today = now.astimezone(zone).date()
        return cls(_monday(today) - (number - 1) * WEEK, today, zone)

    @classmethod
    def of_days(cls, first: date, last: date, zone: tzinfo) -> Span:
        """From one day to another. Raises `Invalid`."""
        if first > last:
            raise Invalid("The span ends before it begins.")
        if last - first > LONGEST:
            raise Invalid("At most five years can be told at once.")
        # The week that follows is looked at too, and the day before in another time zone.
        low, high = date.min + WEEK, date.max - 2 * WEEK
        return cls(min(max(first, low), high), min(max(last, low), high), zone)

    @property
    def start(self) -> datetime:
        """When its first day begins."""
        return midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """When its last day is over."""
        return midnight(self.last + DAY, self.zone)

    def weeks(self) -> list[Period]:
        """Its weeks; the first and the last may be parts of one."""
        mondays = [self.first]
        while (following := _monday(mondays[-1]) + WEEK) <= self.last:
            mondays.append(following)
        return self._periods(mondays)

    def steps(self) -> list[Period]:
        """Its days, or its weeks when it is long."""
        days = self.last - self.first + DAY
        if days > DAILY_UP_TO:
            return self.weeks()
        return self._periods([self.first + number * DAY for number in range(days.days)])

    def _periods(self, days: list[date]) -> list[Period]:
        bounds = [*days, self.last + DAY]
        return [
            Period(day, midnight(day, self.zone), midnight(following, self.zone))
            for day, following in pairwise(bounds)
        ]


@immutable
class Part:
    """What a period is made of: `days` in UTC, or none. `sign`: -1 for what isn't in the period."""

    start: datetime
    end: datetime
    days: int = 0
    sign: int = 1


def in_days(start: datetime, end: datetime, until: datetime) -> list[Part]:
    """A period in whole days in UTC up to a midnight there, at most a week of them at once, with
    what is left at its ends: it is added, or if that is shorter, the rest of the day taken away."""
    first = midnight((start + DAY - timedelta.resolution).astimezone(UTC).date(), UTC)
    last = midnight(end.astimezone(UTC).date(), UTC)
    if first - start > DAY / 2:
        first -= DAY
    if end - last > DAY / 2 and last < until:
        last += DAY
    last = min(last, until)
    if first >= last:
        return [Part(start, end)]
    weeks = -((first - last) // WEEK)
    bounds = [*(first + number * WEEK for number in range(weeks)), last]
    whole = [Part(one, following, (following - one).days) for one, following in pairwise(bounds)]
    ends = [
        Part(min(one, other), max(one, other), sign=1 if one < other else -1)
        for one, other in ((start, first), (last, end))
        if one != other
    ]
    return [*whole, *ends]


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a day begins in a time zone, in UTC. Where the clock jumps over midnight, it begins
    later; where midnight comes twice, with the first."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _monday(day: date) -> date:
    return day - day.weekday() * DAY
