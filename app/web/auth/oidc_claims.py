"""What a provider of OpenID Connect says of someone, in the board's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.observability.logs import cut
from app.pipeline import Account

LABEL_MAX = 200


def account_of(issuer: str, claims: Mapping[str, Any]) -> Account:
    """The account that claims are about."""
    told: dict[str, str] = {name: text for name, text in claims.items() if isinstance(text, str)}
    email, username = told.get("email", ""), told.get("preferred_username", "")
    names = (username, email.rpartition("@")[0], told.get("name", ""))
    label = cut(email or username or told["sub"], LABEL_MAX)
    return Account(issuer, told["sub"], label, names, told.get("name"))


def domain_of(claims: Mapping[str, Any]) -> str | None:
    """The domain of someone's e-mail address, if the provider has verified that it is theirs."""
    if claims.get("email_verified") not in (True, "true"):  # some send text
        return None
    return str(claims.get("email", "")).rpartition("@")[2].lower()
