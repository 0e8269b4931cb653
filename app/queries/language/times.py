"""Times in a query: days, spans before now, and what lies between two of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from app import clock
from app.queries.language.mistakes import ValueNotUnderstood
from app.values import immutable

UNITS = {
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "mo": timedelta(days=30),
    "y": timedelta(days=365),
}
DAYS_AGO = {"today": 0, "yesterday": 1}
LONGEST = timedelta(days=365 * 1_000)
"""Nothing on a board is older, and the calendar goes back further."""
EXAMPLES = ("<7d", "today", ">2026-01-01", "2026-01-01..2026-02-01")
PROBLEM = "{} is no time: write one like 2026-01-31, 7d, <12h, >2026-01-01 or a..b."

SPAN = re.compile(r"(\d{1,4})(min|h|d|w|mo|y)", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
COMPARED = re.compile(r"(<=|>=|<|>)?(.*)", re.DOTALL)

SHORT = timedelta(days=8)
"""Fewer tickets have a time in so short a span than have a label."""
SHORT_MARK = "~"

Bound = Callable[[datetime, tzinfo], datetime]


@immutable
class Span:
    """From `begin` on, before `end`; each is worked out when a statement is sent."""

    begin: Bound | None = None
    end: Bound | None = None

    @property
    def shape(self) -> str:
        """Which ends it has, and a mark behind them if it is short."""
        ends = f"{'[' if self.begin else ''}{')' if self.end else ''}"
        return f"{ends}{SHORT_MARK if self.is_short else ''}"

    @property
    def is_short(self) -> bool:
        """Whether its ends, the later of which may be now, are close together."""
        now = clock.now()
        end = self.end(now, UTC) if self.end else now
        return self.begin is not None and end - self.begin(now, UTC) <= SHORT

    def bounds(self, zone: tzinfo) -> list[datetime]:
        """The ends that it has, as of now."""
        now = clock.now()
        return [bound(now, zone) for bound in (self.begin, self.end) if bound]


def span_of(text: str) -> Span:
    """What a value says: `<7d` is less than seven days ago, `>2026-01-01` after that day, `a..b`
    includes both days, and a day alone is all of it."""
    if ".." in text:
        first, last = text.split("..", 1)
        if not first and not last:
            raise ValueNotUnderstood(PROBLEM.format(text))
        return Span(_begin(first) if first else None, _end(last) if last else None)
    sign, what = _taken_apart(text)
    if SPAN.fullmatch(what):
        # An age: whatever is younger came later.
        at = _begin(what)
        return Span(end=at) if sign.startswith(">") else Span(begin=at)
    begin, end = _begin(what), _end(what)
    spans = {
        "": Span(begin, end),
        "<": Span(end=begin),
        "<=": Span(end=end),
        ">": Span(begin=end),
        ">=": Span(begin=begin),
    }
    return spans[sign]


def _taken_apart(text: str) -> tuple[str, str]:
    found = COMPARED.fullmatch(text)
    return (found[1] or "", found[2]) if found else ("", text)


def _begin(text: str) -> Bound:
    if span := SPAN.fullmatch(text):
        return _before(int(span[1]) * UNITS[span[2]])
    return _midnight(text, 0)


def _end(text: str) -> Bound:
    if SPAN.fullmatch(text):
        return _begin(text)
    return _midnight(text, 1)


def _before(length: timedelta) -> Bound:
    def at(now: datetime, _zone: tzinfo) -> datetime:
        return now - min(length, LONGEST)

    return at


def _midnight(text: str, later: int) -> Bound:
    """The beginning of a day, or of the one after it, where the reader is."""
    if text in DAYS_AGO:
        ago = timedelta(days=DAYS_AGO[text] - later)
        return lambda now, zone: _begin_of(now.astimezone(zone).date() - ago, zone)
    try:
        day = date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not 1900 <= day.year <= 9000:
        raise ValueNotUnderstood(PROBLEM.format(text or "Nothing"))
    following = day + timedelta(days=later)
    return lambda _now, zone: _begin_of(following, zone)


def _begin_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
