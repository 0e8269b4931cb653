"""The token itself: what a program finds out about its own rights."""

from __future__ import annotations

from app.api.operation import operation
from app.callers import Caller
from app.db.base import db
from app.models import ApiToken
from app.schemas.tokens import TokenResponse

TAG = "Token"


@operation("GET", "/token", tag=TAG, scope="read")
def show_token(caller: Caller) -> TokenResponse:
    """What this token may do and until when: a program asks it first, to fail early."""
    token = ApiToken.get(db.session(), caller.token_id)
    return TokenResponse.of(
        name=token.name,
        scopes=sorted(token.allowed),
        project_id=token.project_id,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )
