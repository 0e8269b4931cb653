"""What all tests of pages have alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from app.models import user


@pytest.fixture(scope="package", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Passwords are hashed by argon2id, but not as thoroughly as on a board: what it costs there,
    and that it costs the same for a name that nobody has, `tests/models/test_user.py` asks."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(user, "_hasher", hasher)
        patch.setattr(user, "_NOBODYS_HASH", hasher.hash("the password of nobody"))
        yield
