"""Every error as a page in the board's own design."""

from __future__ import annotations

import logging
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import render_template, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from app.db.base import db
from app.db.errors import failure_of
from app.db.transactions import reading
from app.errors import DomainError, TooMany
from app.forms.base import status_of
from app.observability import request_id
from app.web.pages.health import readiness

log = logging.getLogger(__name__)

Answer = tuple[str, int] | tuple[str, int, dict[str, str]]

TEXTS = {
    400: ("That request can't be read", "Go back, reload the page and try again."),
    403: ("Not allowed", "Ask someone with more rights, or go back."),
    404: ("Nothing here", "The address may be mistyped, or what it named was deleted."),
    405: ("That can't be done here", "Use the buttons of the page instead of its address."),
    409: ("The board says no", "Something has changed meanwhile: look at it again."),
    413: ("Too much at once", "Go back, shorten the text, and send it again."),
    415: ("A page takes forms", "Use the page itself, or the API."),
    422: ("Something isn't right yet", "Go back and correct it."),
    429: ("Too many tries", "Nothing is lost: it works again after a while."),
    500: ("Something broke", "It isn't your fault, and it is written in the log."),
    503: ("The board can't answer now", "Nothing was changed. Wait a moment and try again."),
}


def answer(error: Exception) -> Answer:
    """The page for an error of the pages."""
    if isinstance(error, DomainError):
        return _on_refusal(error)
    if isinstance(error, HTTPException):
        return _on_http_error(error)
    return _on_crash(error)


def _on_refusal(error: DomainError) -> Answer:
    db.session.rollback()
    wait = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else {}
    return *_page(status_of(error), error.message), wait


def _on_http_error(error: HTTPException) -> Answer:
    headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    detail = error.description or ""
    if error.code == HTTPStatus.NOT_FOUND:
        detail = "There is no page at this address."
    return *_page(error.code or 500, detail), headers


def _on_crash(error: Exception) -> Answer:
    db.session.rollback()
    if failure := failure_of(error):
        log.warning("the database couldn't be used: %s (%s)", failure.kind, error)
        wait = {"Retry-After": str(failure.retry_after)}
        return *_page(503, failure.reason, advice=failure.advice), wait
    if isinstance(error, SQLAlchemyError) and not (database := readiness()).is_ready:
        log.warning("not ready: %s (%s)", database.detail, error)
        return _page(503, database.detail, advice="")
    number = request_id.current()
    log.error("request %s crashed", number, exc_info=error)
    return _page(500, "Callboard ran into an error it didn't expect.", number)


def _page(
    status: int, detail: str, number: str | None = None, *, advice: str | None = None
) -> tuple[str, int]:
    title, usual = TEXTS.get(status, (HTTPStatus(status).phrase, "Go back and try again."))
    # An error page only reads: it must not wait for the lock that the request didn't get.
    with reading():
        page = render_template(
            "errors/error.html",
            status=int(status),
            title=title,
            detail=detail,
            advice=usual if advice is None else advice,
            request_id=number,
            before=_page_before() if status == HTTPStatus.CONFLICT else "",
        )
    return page, status


def _page_before() -> str:
    """The address of the board's page that led here. It is asked for anew, so it serves where
    nothing was typed that would be lost."""
    before = urlsplit(request.referrer or "")
    is_here = before.path == request.script_root + request.path
    if before.netloc != request.host or is_here or before.path.startswith("//"):
        return ""
    return before._replace(scheme="", netloc="", fragment="").geturl()
