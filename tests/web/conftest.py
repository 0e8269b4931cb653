"""What all tests of pages have alike."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def _cheap_hashes_everywhere(cheap_hashes: None) -> None:
    """Many sign in by a password."""
