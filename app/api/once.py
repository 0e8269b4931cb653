"""Requests that are carried out once, however often they are sent: `Idempotency-Key`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from app.api.problems import Refused
from app.callers import Caller
from app.errors import DomainError
from app.models import IdempotencyKey
from app.schemas.problems import FieldProblem

REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("Location", "ETag")


def once(
    session: Session, caller: Caller, key: str, body: Any, carry_out: Callable[[], Response]
) -> Response:
    """Carry the request out, or give the answer again that it got before under this key. The answer
    is kept in the transaction that changes the board: either both are there, or neither."""
    request_hash = _hash(body)
    if not IdempotencyKey.take(session, caller.token_id, key, request_hash):
        return _replay(session, caller, key, request_hash)
    try:
        response = carry_out()
    except DomainError as error:
        # A refusal isn't kept: sent again, the request is judged anew.
        if error.keeps_record:
            session.delete(session.get_one(IdempotencyKey, (caller.token_id, key)))
        raise
    kept = session.get_one(IdempotencyKey, (caller.token_id, key))
    headers = {name: value for name, value in response.headers if name in KEPT_HEADERS}
    kept.keep(response.status_code, headers, response.get_data(as_text=True))
    IdempotencyKey.forget_old(session)
    return response


def _replay(session: Session, caller: Caller, key: str, request_hash: str) -> Response:
    kept = session.get_one(IdempotencyKey, (caller.token_id, key))
    if kept.request_hash != request_hash:
        problem = FieldProblem(
            field="Idempotency-Key", message="It came before with another request."
        )
        raise Refused(
            "key_reused",
            "This Idempotency-Key came before with another request; use a new one for this.",
            [problem],
        )
    headers = {**(kept.headers or {}), REPLAYED: "true"}
    return Response(kept.response, kept.status, headers, content_type="application/json")


def _hash(body: Any) -> str:
    said = f"{request.method} {request.path}\n{json.dumps(body, sort_keys=True)}"
    return hashlib.sha256(said.encode()).hexdigest()
