"""What happens around every request: how its transactions begin, what its answer may do."""

from __future__ import annotations

import time
from contextlib import ExitStack
from urllib.parse import unquote_to_bytes

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import BadRequest

from app import engine, pipeline
from app.config import Settings
from app.extensions import db

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
QUIET_ENDPOINTS = {"static", "health.alive", "health.ready"}
"""Requests that must answer without the database, or say themselves what it is like."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def register(app: Flask) -> None:
    """Put the edge around an application."""
    app.before_request(_declare_intent)
    app.before_request(_require_utf8)
    app.before_request(_sweep)
    app.after_request(_set_headers)
    app.teardown_request(_forget_intent)


def _declare_intent() -> None:
    """A request that may not change anything takes no write lock."""
    g.intent = ExitStack()
    if request.method in SAFE_METHODS:
        g.intent.enter_context(engine.reading())


def _forget_intent(_error: BaseException | None) -> None:
    if intent := g.pop("intent", None):
        intent.close()


def _require_utf8() -> None:
    """Broken text would be stored with replacement characters: refuse it before it is."""
    texts = [unquote_to_bytes(request.query_string)]
    if request.mimetype == "application/x-www-form-urlencoded":
        texts.append(unquote_to_bytes(request.get_data(cache=True)))
    elif request.mimetype == "multipart/form-data":
        texts.append(request.get_data(cache=True))  # no page takes files: all of it is text
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
    if request.endpoint in QUIET_ENDPOINTS or time.monotonic() < due:
        return
    current_app.extensions["callboard.next_sweep"] = time.monotonic() + settings.sweep_seconds
    session = db.session()
    with engine.reading():
        is_due = pipeline.is_sweep_due(session)
        session.rollback()
    if is_due:
        with engine.reading(False):
            pipeline.expire_leases(session)
            session.commit()


def _set_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    elif "v" not in request.args:
        # Only an address with a content hash stays true for a year.
        headers["Cache-Control"] = "no-cache"
    return response
