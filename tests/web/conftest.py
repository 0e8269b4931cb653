"""What all tests of pages have alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from app import clock


@pytest.fixture
def new_minute() -> Iterator[None]:
    """A minute has just begun: in the next one a page that polls is drawn anew, changed or not."""
    with time_machine.travel(clock.now().replace(second=0, microsecond=0)):
        yield


@pytest.fixture(scope="module", autouse=True)
def _cheap_hashes_everywhere(cheap_hashes: None) -> None:
    """Many sign in by a password."""
