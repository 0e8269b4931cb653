"""Bodies of requests from programs, read whole before anything else happens.

A slow client costs a thread, but never holds the database's lock.
"""

from __future__ import annotations

from flask import current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

READ_AWAY_MAX = 16_000_000
CHUNK = 65_536


def read_body() -> bytes:
    """The body of this request; raises `RequestEntityTooLarge` with the limit in its words."""
    limit: int = current_app.config["MAX_CONTENT_LENGTH"]
    try:
        raw = request.get_data(cache=True)
    except RequestEntityTooLarge:
        raw = None
    # A body of unknown length is cut off at the limit without a word.
    if raw is None or (request.content_length is None and len(raw) >= limit):
        _read_away()
        raise RequestEntityTooLarge(f"A request may have at most {limit:,} bytes.")
    return raw


def _read_away() -> None:
    """Take in the rest of a body that is too large: a sender who is cut off can't read why."""
    if request.content_length is None and "wsgi.input_terminated" not in request.environ:
        return
    left = min(request.content_length or READ_AWAY_MAX, READ_AWAY_MAX)
    stream = request.environ["wsgi.input"]
    try:
        while left > 0 and (part := stream.read(min(left, CHUNK))):
            left -= len(part)
    except OSError:
        return  # nothing more arrives: the client gets an answer all the same
