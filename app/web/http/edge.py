"""What every request passes on its way to a view."""

from __future__ import annotations

import time
from urllib.parse import unquote_to_bytes

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import (
    BadRequest,
    RequestEntityTooLarge,
    ServiceUnavailable,
    UnsupportedMediaType,
)

from app import pipeline
from app.bodies import read_body
from app.db import transactions
from app.db.base import db
from app.db.best_effort import best_effort
from app.db.transactions import writing
from app.settings.board import Settings
from app.upkeep.revisions import ADVICE, SchemaCheck
from app.web.auth import access, trusted_header
from app.web.http import other_sites, public_address
from app.web.http.headers import set_headers
from app.web.http.request_log import QUIET_ENDPOINTS, leave_route

FORM = "application/x-www-form-urlencoded"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

SCHEMA_SECONDS = 2.0
"""How long a process may go on after another version has upgraded the database."""

SWEEP_PATIENCE_SECONDS = 1.0
WRONG_SCHEMA_RETRY_SECONDS = 30


def register(app: Flask) -> None:
    """Put the edge around an application."""
    settings: Settings = app.extensions["callboard.settings"]
    seconds = min(settings.sweep_seconds, SCHEMA_SECONDS)
    app.extensions["callboard.schema"] = SchemaCheck(seconds)
    app.before_request(_admit)
    app.after_request(set_headers)


def _admit() -> ResponseReturnValue | None:
    """All that comes before a view, in its order; an answer ends the request here. Only the check
    of a form's token follows, because the guard keeps what people typed who were signed out."""
    leave_route()
    if answer := public_address.refuse_unknown_host():
        return answer
    # Every request reads until it says `with writing()`: nobody holds the lock while they are
    # asked who they are, or while an answer is drawn.
    transactions.current().turn(is_reading=True)
    if request.endpoint not in QUIET_ENDPOINTS:
        _require_schema()
    _require_page_request()
    _require_utf8()
    # Quiet ones must answer without the database, or say themselves what it is like.
    if request.endpoint not in QUIET_ENDPOINTS:
        _sweep()
    trusted_header.settle_who_it_is()
    return access.guard()


def _require_schema() -> None:
    """This version may neither read nor write another version's tables: it would get them wrong."""
    check: SchemaCheck = current_app.extensions["callboard.schema"]
    standing = check.standing(db.session())
    if standing != "current":
        g.has_no_frame = True
        raise ServiceUnavailable(ADVICE[standing], retry_after=WRONG_SCHEMA_RETRY_SECONDS)


def _require_page_request() -> None:
    """Pages take forms of their own, of a size that can be taken apart.

    Their library would read JSON too, and stumble over what is no object. No page takes files, so
    no form comes in parts (multipart): the header of a single part can be as long as a body, and
    takes a second for each megabyte. So would a body full of tiny fields.
    """
    if not other_sites.is_for_programs(request.path):
        if request.method not in SAFE_METHODS:
            other_sites.refuse()
        if request.is_json or request.mimetype.startswith("multipart/"):
            raise UnsupportedMediaType(
                "The pages take forms. They come as application/x-www-form-urlencoded. "
                "Programs may use the API: see /api/docs."
            )
    limit: int = current_app.config["MAX_FORM_PARTS"]
    if request.mimetype == FORM and read_body().count(b"&") >= limit:
        raise RequestEntityTooLarge(f"A form may have at most {limit:,} fields.")


def _require_utf8() -> None:
    """Broken text would be stored with replacement characters: refuse it before it is."""
    texts = [unquote_to_bytes(request.query_string)]
    if request.mimetype == FORM:
        texts.append(unquote_to_bytes(request.get_data(cache=True)))
    try:
        for text in texts:
            text.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("The text that was sent isn't valid UTF-8.") from None
    # PostgreSQL refuses this one character wherever it stands; a form's text is checked by verbs.
    if "\0" in request.path or b"\0" in texts[0]:
        raise BadRequest("An address can't hold a NUL character.")


def _sweep() -> None:
    """End overdue leases on the way, at most once in a while for each process."""
    settings: Settings = current_app.extensions["callboard.settings"]
    due = current_app.extensions.get("callboard.next_sweep", 0.0)
    if time.monotonic() < due:
        return
    current_app.extensions["callboard.next_sweep"] = time.monotonic() + settings.sweep_seconds
    if pipeline.is_sweep_due(db.session()):
        with (
            best_effort("the end of overdue leases"),
            writing(patience=SWEEP_PATIENCE_SECONDS) as session,
        ):
            pipeline.expire_leases(session)
