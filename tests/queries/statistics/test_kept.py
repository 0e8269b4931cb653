"""Figures that took long are kept: for whom, for what, and how long."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import time_machine

from app.queries.language.kinds import Reader
from app.queries.language.parsing import parse
from app.queries.statistics import kept
from app.queries.statistics.kept import statistics_of
from app.queries.statistics.span import Span
from app.visibility import Visibility
from tests.factories import make_ticket
from tests.queries.statistics.boards import NOW, Board

EVERYTHING = Visibility.everything()
SPAN = Span.of_weeks(12, NOW, NOW.tzinfo)
ANN = Reader("ann")


@pytest.fixture
def at_noon():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def slow(monkeypatch):
    """All that is counted of a query takes long."""
    monkeypatch.setattr(kept, "SLOW", timedelta(0))
    monkeypatch.setattr(kept, "FEW", 0)
    monkeypatch.setattr(kept, "TIMES_AS_LONG", 100_000)


@pytest.fixture
def filled(session, at_noon):
    Board(1, 30).store(session)
    return session


def asked(session, query="priority:medium", reader=ANN, visibility=EVERYTHING, span=SPAN, of=""):
    return statistics_of(session, visibility, of, parse(query), reader, span)


def test_whoever_asks_the_same_soon_after_is_told_the_same(filled, slow, at_noon):
    first = asked(filled)
    make_ticket(filled, ["build"])
    at_noon.shift(timedelta(milliseconds=1))
    assert asked(filled, reader=Reader("bob")) is first
    assert asked(filled, "priority:medium sort:title") is first
    assert first.taken_at == NOW
    at_noon.shift(kept.LONGEST)
    later = asked(filled)
    assert later.created == first.created + 1
    assert later.taken_at > NOW + kept.LONGEST


def test_what_depends_on_who_asks_is_counted_for_each(filled, slow):
    others = (
        {"reader": Reader("bob")},
        {"reader": Reader("ann", ZoneInfo("Asia/Kathmandu"))},
        {"visibility": Visibility(hidden=frozenset({"acme/web"}))},
        {"span": Span.of_weeks(4, NOW, NOW.tzinfo)},
        {"of": "acme/web"},
        {"query": "priority:medium -author:bob"},
    )
    mine = {"query": "priority:medium -author:me"}
    found = [asked(filled, **(mine | other)) for other in ({}, *others)]
    assert len({id(one) for one in found}) == len(found)
    assert asked(filled, **mine) is found[0]


def test_what_is_quick_or_little_or_no_query_is_counted_each_time(filled, slow, monkeypatch):
    assert asked(filled, "") is not asked(filled, "")
    monkeypatch.setattr(kept, "FEW", 1_000)
    assert asked(filled) is not asked(filled)
    monkeypatch.setattr(kept, "FEW", 0)
    monkeypatch.setattr(kept, "SLOW", timedelta(hours=1))
    assert asked(filled) is not asked(filled)


def test_a_process_keeps_no_more_than_it_may(filled, slow):
    queries = [f"priority:medium -label:l{number}" for number in range(kept.KEPT + 1)]
    first = [asked(filled, query) for query in queries]
    assert asked(filled, queries[-1]) is first[-1]
    assert asked(filled, queries[0]) is not first[0]
    assert all(one is not other for one, other in pairwise(first))


def test_a_clock_that_was_set_back_keeps_nothing_longer(filled, slow, at_noon):
    first = asked(filled)
    at_noon.shift(-timedelta(days=1))
    assert asked(filled) is not first
