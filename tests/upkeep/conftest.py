"""What the tests of backups and copies share."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def spare_server(new_database: Callable[[str], str]) -> str:
    """A second PostgreSQL database, to copy boards to; `without_tables` empties it."""
    return new_database("postgresql")
