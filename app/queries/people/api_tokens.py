"""Tokens as admins see them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.models import ApiToken

REVOKED_SHOWN = 20


def live_tokens(session: Session) -> list[ApiToken]:
    """Those that aren't revoked, by name; expired ones are among them until someone tidies up."""
    rows = select(ApiToken).where(ApiToken.revoked_at.is_(None)).order_by(ApiToken.name)
    return list(session.scalars(rows))


def revoked_tokens(session: Session) -> list[ApiToken]:
    """Those that were revoked lately, the newest first."""
    rows = select(ApiToken).where(ApiToken.revoked_at.is_not(None))
    return list(session.scalars(rows.order_by(ApiToken.revoked_at.desc()).limit(REVOKED_SHOWN)))


def is_expired(token: ApiToken) -> bool:
    """Whether its time is over."""
    return token.expires_at is not None and token.expires_at <= clock.now()
