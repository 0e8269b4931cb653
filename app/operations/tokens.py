"""The token of a request."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field
from sqlalchemy.orm import Session

from app.callers import Caller
from app.models import ApiToken
from app.operations.operation import operation
from app.schemas.base import ResponseBody

TAG = "Token"


class TokenResponse(ResponseBody):
    """The token of this request."""

    name: str = Field(description="Its name; what it does stands on the board under it.")
    scopes: list[str] = Field(description="What it allows, with all that this implies.")
    project_id: str | None = Field(description="The only project it can see; null: all of them.")
    expires_at: datetime | None = Field(description="When it ends; null: not by itself.")
    last_used_at: datetime | None = Field(
        description="When it was last used, to the minute; this request counts too."
    )


@operation("GET", "/token", tag=TAG, scope="read")
def show_token(session: Session, caller: Caller) -> TokenResponse:
    """What this token may do and until when: a program asks it first, to fail early."""
    token = ApiToken.get(session, caller.token_id)
    return TokenResponse.of(
        name=token.name,
        scopes=sorted(token.allowed),
        project_id=token.project_id,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )
