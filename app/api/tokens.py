"""The token itself: what a program finds out about its own rights."""

from __future__ import annotations

from app.api.operation import operation
from app.callers import Caller
from app.schemas.tokens import TokenShown

TAG = "Token"


@operation("GET", "/token", tag=TAG, scope="read")
def show_token(caller: Caller) -> TokenShown:
    """What this token may do: a program asks it first, to fail early."""
    return TokenShown(name=caller.name, scopes=sorted(caller.allowed), project_id=caller.project_id)
