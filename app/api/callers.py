"""Who asks the API, and whether its token allows that."""

from __future__ import annotations

from collections.abc import Collection

from flask import request

from app.api.problems import Refused
from app.callers import CHALLENGE, HOW_TO_GET_IN, Caller, bearer_secret, identify


def authenticate(scopes: Collection[str]) -> Caller:
    """The caller of this request, if its token allows one of the scopes."""
    secret = bearer_secret(request.headers.get("Authorization"))
    if secret is None:
        raise Refused("not_authenticated", HOW_TO_GET_IN, headers={"WWW-Authenticate": CHALLENGE})
    caller = identify(secret, request.remote_addr)
    _require_scope(caller, scopes)
    return caller


def _require_scope(caller: Caller, scopes: Collection[str]) -> None:
    if caller.allowed.isdisjoint(scopes):
        needed = " or ".join(scopes)
        raise Refused(
            "forbidden",
            f"This needs a token with the scope {needed}; {caller.name} has "
            f"{', '.join(sorted(caller.allowed))}.",
            headers={
                "WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", '
                f'scope="{" ".join(scopes)}"'
            },
        )
