"""Requests that are refused as a whole: by HTTP status, and with a JSON-RPC error."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from flask import Response, request
from werkzeug.exceptions import HTTPException

from app.callers import CHALLENGE
from app.db.base import db
from app.db.errors import failure_of
from app.errors import NotAuthenticated
from app.mcp.faults import INTERNAL_ERROR, INVALID_REQUEST, Fault
from app.observability import request_id

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/json"
KEPT_HEADERS = ("Allow", "Retry-After")
TEXTS = {
    405: "This address takes POST only: messages are answered one by one, and nothing is streamed.",
    404: "There is nothing here; the MCP endpoint is /mcp.",
}


class Refused(Exception):
    """The interface refuses a request, whatever is in it."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.headers = dict(headers or {})


def answer(error: Exception) -> Response:
    """The answer to a request that was refused, or broke. The transaction ends here."""
    db.session.rollback()
    if isinstance(error, Refused):
        return _response(error.status, INVALID_REQUEST, error.message, error.headers)
    if isinstance(error, NotAuthenticated):
        headers = {"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'}
        return _response(401, INVALID_REQUEST, error.message, headers)
    if isinstance(error, HTTPException) and error.code:
        kept = {name: value for name, value in error.get_headers() if name in KEPT_HEADERS}
        message = TEXTS.get(error.code) or error.description or "The request can't be read."
        return _response(error.code, INVALID_REQUEST, message, kept)
    if failure := failure_of(error):
        log.warning("the database couldn't be used: %s (%s)", failure.kind, error)
        message = f"{failure.reason} {failure.advice}"
        return _response(503, INTERNAL_ERROR, message, {"Retry-After": str(failure.retry_after)})
    return _response(500, INTERNAL_ERROR, log_crash(error))


def log_crash(error: Exception) -> str:
    """Write a crash into the log; returns what the client hears of it."""
    number = request_id.current()
    log.error("mcp request %s crashed", number, exc_info=error)
    return f"Callboard ran into an error it didn't expect. Its log has it as {number}."


def json_response(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with a JSON body. ASCII only: not all that was sent is valid Unicode."""
    return Response(json.dumps(body), status, dict(headers or {}), content_type=CONTENT_TYPE)


def _response(
    status: int, code: int, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    if request.method == "HEAD":
        return Response(status=status, headers=dict(headers or {}))
    body = {"jsonrpc": "2.0", "id": None, "error": Fault(code, message).error}
    return json_response(body, status, headers)
