"""Tokens: what a program may do."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from app.schemas.base import ResponseBody


class TokenResponse(ResponseBody):
    """The token of this request."""

    name: str = Field(description="Its name; what it does stands on the board under it.")
    scopes: list[str] = Field(description="What it allows, with all that this implies.")
    project_id: str | None = Field(description="The only project it can see; null: all of them.")
    expires_at: datetime | None = Field(description="When it ends; null: not by itself.")
    last_used_at: datetime | None = Field(
        description="When it was last used, to the minute; this request counts too."
    )
