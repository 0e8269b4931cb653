"""How long a stage rests after a failed attempt."""

from __future__ import annotations

import random
from datetime import timedelta

FIRST = timedelta(seconds=30)
FACTOR = 4.0
LONGEST = timedelta(hours=2)
JITTER = 0.2
"""A share of the pause, up or down, so that what failed together doesn't come back together."""

BACKOFF_MAX = LONGEST * (1 + JITTER)


def backoff(failed_attempts: int) -> timedelta:
    """The pause before the next attempt: 30 s, 2 min, 8 min … up to two hours, each ± 20 %."""
    # Thirty failures are beyond the longest pause, and a float holds their power.
    pause = FIRST.total_seconds() * FACTOR ** min(failed_attempts - 1, 30)
    jitter = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
    return timedelta(seconds=min(pause, LONGEST.total_seconds()) * jitter)
