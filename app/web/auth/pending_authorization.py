"""Authorizations at the provider that this browser began and has not ended: kept in its cookie.

The cookie is signed and no script can read it. Whoever comes back without the `state` that it holds
didn't start here: nobody can be signed in as someone else by a link.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any, Literal, Self

from flask import session

from app.values import immutable

Purpose = Literal["sign_in", "join", "connect"]

KEY = "ways"
PENDING_MAX = 3
"""Tabs in which someone signs in at the same time. A cookie holds 4 kB; the oldest is forgotten."""
LIFETIME_SECONDS = 900
NEXT_MAX = 500
"""A longer address leads to the first page instead."""


@immutable
class PendingAuthorization:
    """One authorization that was begun at the provider. `target`: where to go then, or the secret
    of an invitation, or the number of the session whose person connects an account."""

    state: str
    nonce: str
    code_verifier: str
    purpose: Purpose
    target: str
    begun_at: int

    @classmethod
    def begin(cls, begun: dict[str, str], purpose: Purpose, target: str) -> None:
        """Remember one that starts now."""
        kept = {name: begun[name] for name in ("state", "nonce", "code_verifier")}
        if purpose == "sign_in" and len(target) > NEXT_MAX:
            target = ""
        pending = cls(**kept, purpose=purpose, target=target, begun_at=int(time.time()))
        session[KEY] = [*_still_pending(), asdict(pending)][-PENDING_MAX:]

    @classmethod
    def end(cls, state: str) -> Self | None:
        """The one with that state, which is forgotten: it leads back once."""
        all_pending = _still_pending()
        rest = [pending for pending in all_pending if pending["state"] != state]
        if rest:
            session[KEY] = rest
        else:
            session.pop(KEY, None)
        return next((cls(**pending) for pending in all_pending if pending["state"] == state), None)


def _still_pending() -> list[dict[str, Any]]:
    since = time.time() - LIFETIME_SECONDS
    return [pending for pending in session.get(KEY, []) if pending["begun_at"] > since]
