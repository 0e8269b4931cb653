"""Every error of the API as problem details (RFC 9457); the type leads to its explanation."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Response, request
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException

from app.db.base import db
from app.db.errors import failure_of
from app.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    InvalidEntries,
    NotAuthenticated,
    NotFound,
    RunNotCurrent,
    Stale,
)
from app.observability import request_id
from app.schemas.problems import FieldProblem, Problem
from app.values import immutable

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
DOCS = "/api/docs"
UNIQUE_VIOLATION, FOREIGN_KEY_VIOLATION = "23505", "23503"


@immutable
class Kind:
    """A kind of problem: `name` is the end of its type, `advice` what to do about it."""

    name: str
    status: int
    title: str
    advice: str

    @property
    def type(self) -> str:
        """A reference that never changes, and leads to the explanation."""
        return f"{DOCS}#{self.name}"


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "bad_request",
            400,
            "The request can't be read",
            "Correct it; sent again, it stays wrong.",
        ),
        Kind("not_json", 400, "The body isn't JSON", "Send valid JSON in UTF-8."),
        Kind(
            "not_authenticated",
            401,
            "The token is missing or not valid",
            "Send `Authorization: Bearer cb_…`.",
        ),
        Kind(
            "forbidden",
            403,
            "The token may not do this",
            "Use one with the scope that it needs. A worker, and the runs that it claims, belong "
            "to the token that registered it.",
        ),
        Kind("not_found", 404, "There is no such thing", "Look the id up; it may be deleted."),
        Kind("method_not_allowed", 405, "Not this method", "The Allow header lists those that do."),
        Kind("conflict", 409, "The board says no", "Read the thing again, then decide anew."),
        Kind(
            "run_not_current",
            409,
            "The run is over",
            "Stop working on that ticket and claim again. `outcome` says how the run ended; what "
            "you report now, if it differs from what ended the run, is only noted on the ticket's "
            "timeline.",
        ),
        Kind("stale", 412, "It has changed", "Read it again, and name its new version."),
        Kind("too_large", 413, "Too much at once", "Shorten it; the message names the limit."),
        Kind("not_json_type", 415, "Only JSON", "Send Content-Type: application/json."),
        Kind("invalid", 422, "Something isn't right yet", "`errors` names the fields at fault."),
        Kind(
            "key_reused",
            422,
            "The Idempotency-Key is taken",
            "It came before with another request. Use a new key for each new thing.",
        ),
        Kind("crashed", 500, "Something broke", "It is in the server's log under `request_id`."),
        Kind("busy", 503, "The board is busy", "Nothing was changed. Retry-After says when."),
        Kind(
            "disk_full",
            503,
            "The disk is full",
            "Nothing was changed, and nothing can be until an operator makes room.",
        ),
        Kind(
            "read_only",
            503,
            "The database is read-only",
            "Nothing was changed, and nothing can be until an operator makes it writable.",
        ),
        Kind(
            "unreachable",
            503,
            "The database can't be reached",
            "Send it again later; tell an operator when it lasts.",
        ),
        Kind("damaged", 503, "The database is damaged", "Tell an operator: callboard doctor."),
        Kind(
            "unavailable",
            503,
            "The board can't answer now",
            "The message says why. Send it again later.",
        ),
    )
}

KIND_OF_ERROR: tuple[tuple[type[DomainError], str], ...] = (
    (NotAuthenticated, "not_authenticated"),
    (Forbidden, "forbidden"),
    (NotFound, "not_found"),
    (RunNotCurrent, "run_not_current"),
    (Stale, "stale"),
    (Conflict, "conflict"),
    (Invalid, "invalid"),
)

KIND_OF_STATUS = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "not_json_type",
    503: "unavailable",
}


class Refused(Exception):
    """The interface itself refuses a request, before any verb is called."""

    def __init__(
        self,
        kind: str,
        detail: str,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail = kind, detail
        self.errors = list(errors)
        self.headers = dict(headers or {})


def answer(error: Exception) -> Response:
    """The answer to a request that failed. The transaction ends here."""
    db.session.rollback()
    if isinstance(error, DomainError):
        return _refusal(error)
    if isinstance(error, Refused):
        return _response(KINDS[error.kind], error.detail, error.errors, headers=error.headers)
    if isinstance(error, HTTPException):
        return _http_error(error)
    if isinstance(error, IntegrityError) and _is_collision(error):
        log.warning("two changes met: %s", error.orig)
        return _response(
            KINDS["conflict"],
            "Someone else changed the same thing at this very moment. Nothing was changed; "
            "read it again, then decide anew.",
        )
    return _failure(error)


def _refusal(error: DomainError) -> Response:
    kind = next((name for cls, name in KIND_OF_ERROR if isinstance(error, cls)), "conflict")
    problems = error.problems if isinstance(error, InvalidEntries) else []
    if error.field:
        problems = [(error.field, error.message)]
    errors = [FieldProblem(field=field, message=message) for field, message in problems]
    headers = {"WWW-Authenticate": 'Bearer realm="callboard", error="invalid_token"'}
    return _response(
        KINDS[kind],
        error.message,
        errors,
        error.details,
        headers if kind == "not_authenticated" else {},
    )


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    details = {
        404: f"There is nothing at {request.path}. {DOCS} lists what there is.",
        405: f"{request.path} doesn't take {request.method}.",
        413: "The request is larger than this server accepts.",
    }
    kind = KINDS[KIND_OF_STATUS.get(status, "bad_request" if status < 500 else "crashed")]
    kept = ("Allow", "Retry-After")
    headers = {name: value for name, value in error.get_headers() if name in kept}
    return _response(kind, details.get(status) or error.description or "", headers=headers)


def _is_collision(error: IntegrityError) -> bool:
    """Whether others made the same row, or deleted what it refers to, at the same moment. Only
    PostgreSQL has two writers at once; on SQLite such an error is a mistake of ours."""
    return getattr(error.orig, "sqlstate", None) in (UNIQUE_VIOLATION, FOREIGN_KEY_VIOLATION)


def _failure(error: Exception) -> Response:
    if failure := failure_of(error):
        log.warning("the database couldn't be used: %s (%s)", failure.kind, error)
        return _response(
            KINDS[failure.kind],
            f"{failure.reason} {failure.advice}",
            headers={"Retry-After": str(failure.retry_after)},
        )
    number = request_id.current()
    log.error("request %s crashed", number, exc_info=error)
    return _response(
        KINDS["crashed"],
        f"Callboard ran into an error it didn't expect. Its log has it as {number}.",
        details={"request_id": number},
    )


def _response(
    kind: Kind,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    problem = Problem(
        type=kind.type, title=kind.title, status=kind.status, detail=detail, errors=list(errors)
    )
    further = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in (details or {}).items()
    }
    # ASCII only: what was sent may come back in it, and not all that was sent is valid Unicode.
    body = json.dumps({**further, **problem.model_dump(mode="json")})
    return Response(body, kind.status, headers=dict(headers or {}), content_type=CONTENT_TYPE)
