"""The one source of the current time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from app import clock


def test_now_is_aware_and_in_utc():
    assert clock.now().tzinfo is UTC


def test_it_can_be_another_time_for_a_while():
    noon = datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))

    with clock.at(noon):
        with clock.at(noon - timedelta(days=1)):
            assert clock.now() == noon - timedelta(days=1)
        assert clock.now() == noon
        assert clock.now().tzinfo is UTC

    assert clock.now() > noon
