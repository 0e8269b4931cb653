"""Ways to the provider that were begun on this browser and not yet ended: kept in its cookie.

The cookie is signed and no script can read it. Whoever comes back without the `state` that it holds
didn't start here: nobody can be signed in as someone else by a link.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from flask import session

Purpose = Literal["sign_in", "join", "connect"]

KEY = "ways"
WAYS_MAX = 3
"""Tabs in which someone signs in at the same time. A cookie holds 4 kB; the oldest is forgotten."""
LIFETIME_SECONDS = 900
NEXT_MAX = 500
"""A longer address leads to the first page instead."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the provider. `target`: where to go then, or the secret of an invitation, or the
    number of the session whose person connects an account."""

    state: str
    nonce: str
    code_verifier: str
    purpose: Purpose
    target: str
    begun_at: int

    @classmethod
    def begin(cls, begun: dict[str, str], purpose: Purpose, target: str) -> None:
        """Remember a way that starts now."""
        kept = {name: begun[name] for name in ("state", "nonce", "code_verifier")}
        if purpose == "sign_in" and len(target) > NEXT_MAX:
            target = ""
        way = cls(**kept, purpose=purpose, target=target, begun_at=int(time.time()))
        session[KEY] = [*_open_ways(), asdict(way)][-WAYS_MAX:]

    @classmethod
    def end(cls, state: str) -> Self | None:
        """The way with that state, which is forgotten: it leads back once."""
        ways = _open_ways()
        rest = [way for way in ways if way["state"] != state]
        if rest:
            session[KEY] = rest
        else:
            session.pop(KEY, None)
        return next((cls(**way) for way in ways if way["state"] == state), None)


def _open_ways() -> list[dict[str, Any]]:
    since = time.time() - LIFETIME_SECONDS
    return [way for way in session.get(KEY, []) if way["begun_at"] > since]
