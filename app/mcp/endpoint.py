"""A request to /mcp: who asks, what it holds, and the answer to each message in it.

The body is read whole, and the token looked up, before any message is carried out.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response, current_app, request

from app.bodies import read_body
from app.callers import CHALLENGE, HOW_TO_GET_IN, Caller, bearer_secret, identify
from app.db.errors import failure_of
from app.mcp import envelope
from app.mcp.faults import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    PARSE_ERROR,
    Fault,
    Unreadable,
)
from app.mcp.methods import carry_out
from app.mcp.origin import is_own_origin
from app.mcp.refusals import CONTENT_TYPE, Refused, json_response, log_crash
from app.schemas.json_text import NotJson, Unstorable, read_json
from app.settings.board import Settings

BATCH_MAX = 50

Reply = dict[str, Any]


def answer_request() -> Response:
    """Answer this request."""
    _require_own_origin()
    _require_json()
    raw = read_body()
    caller = _caller()
    try:
        found = _read(raw)
        if isinstance(found, list):
            return _answer_batch(caller, found)
    except Unreadable as fault:
        return json_response(_reply(None, error=fault.error), fault.status)
    reply, status = _answer(caller, found)
    return json_response(reply, status) if reply else Response(status=HTTPStatus.ACCEPTED)


def _require_own_origin() -> None:
    settings: Settings = current_app.extensions["callboard.settings"]
    if not is_own_origin(request.headers.get("Origin"), request.host, settings.trusted_hosts):
        raise Refused(
            HTTPStatus.FORBIDDEN,
            "Pages of other sites may not speak to this server. If the page is yours, the "
            "operator adds its host to CALLBOARD_TRUSTED_HOSTS.",
        )


def _require_json() -> None:
    if request.mimetype != CONTENT_TYPE:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send Content-Type: {CONTENT_TYPE}.")
    if request.accept_mimetypes and not request.accept_mimetypes.accept_json:
        raise Refused(
            HTTPStatus.NOT_ACCEPTABLE,
            "Answers here are application/json; the header Accept must allow that.",
        )


def _caller() -> Caller:
    secret = bearer_secret(request.headers.get("Authorization"))
    if secret is None:
        raise Refused(HTTPStatus.UNAUTHORIZED, HOW_TO_GET_IN, {"WWW-Authenticate": CHALLENGE})
    return identify(secret, request.remote_addr)


def _read(raw: bytes) -> Any:
    try:
        return read_json(raw)
    except NotJson as error:
        raise Unreadable(PARSE_ERROR, str(error)) from None
    except Unstorable as error:
        told = "; ".join(f"{each.field}: {each.message}" for each in error.problems)
        raise Unreadable(INVALID_PARAMS, f"{error} {told}") from None


def _answer_batch(caller: Caller, found: list[Any]) -> Response:
    """Only one old revision knew batches; each message in one stands for itself."""
    version = request.headers.get(envelope.VERSION_HEADER, envelope.WITHOUT_HEADER)
    if version not in envelope.BATCHED:
        raise Unreadable(INVALID_REQUEST, f"Revision {version[:20]} knows no batches.")
    if not 1 <= len(found) <= BATCH_MAX:
        raise Unreadable(INVALID_REQUEST, f"A batch has 1 to {BATCH_MAX} messages.")
    if any(isinstance(each, dict) and each.get("method") == "initialize" for each in found):
        raise Unreadable(INVALID_REQUEST, "The handshake can't be part of a batch.")
    replies = [reply for each in found if (reply := _answer(caller, each)[0])]
    return json_response(replies) if replies else Response(status=HTTPStatus.ACCEPTED)


def _answer(caller: Caller, found: Any) -> tuple[Reply | None, int]:
    """The answer to one message, and its status; None: it is owed none."""
    try:
        message = envelope.read(found, request.headers)
    except Unreadable as fault:
        return _reply(envelope.id_of(found), error=fault.error), fault.status
    if message is None or message.is_notification:
        return None, HTTPStatus.ACCEPTED
    try:
        return _reply(message.id, result=carry_out(caller, message)), HTTPStatus.OK
    except Fault as fault:
        # Before 2026-07-28 the status told of the transport only: a 404 meant a lost session.
        status = fault.status if message.is_modern else HTTPStatus.OK
        return _reply(message.id, error=fault.error), status
    except Exception as error:  # noqa: BLE001 - the client is owed an answer with its id
        if failure := failure_of(error):
            failed = Fault(INTERNAL_ERROR, f"{failure.reason} {failure.advice}")
            return _reply(message.id, error=failed.error), HTTPStatus.SERVICE_UNAVAILABLE
        crashed = Fault(INTERNAL_ERROR, log_crash(error))
        return _reply(message.id, error=crashed.error), HTTPStatus.INTERNAL_SERVER_ERROR


def _reply(request_id: str | int | None, **said: Any) -> Reply:
    return {"jsonrpc": "2.0", "id": request_id, **said}
