"""The number of a request: the log has it in every line, and whoever asked gets it in the answer.

It is made in one place, at the outermost edge; pages, API and MCP tell of a crash under it.
"""

from __future__ import annotations

import re
import secrets

from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
"""What a proxy's number may look like: nothing that a log, or a person, could misread."""

NEW_BYTES = 8


def begin(brought: str | None) -> str:
    """A request begins: its number is the one that a trusted proxy brought, if sane, or a new one.

    What earlier requests of this thread bound to the log is cleared.
    """
    number = brought if brought and SANE.fullmatch(brought) else _new()
    clear_contextvars()
    bind_contextvars(request_id=number)
    return number


def end() -> None:
    """The request is over; later lines of this thread are not about it."""
    clear_contextvars()


def current() -> str:
    """The number of the request that is being answered; outside of any, a new one."""
    return str(get_contextvars().get("request_id") or _new())


def name_actor(label: str) -> None:
    """Let every further line of this request say who makes it."""
    bind_contextvars(actor=label)


def _new() -> str:
    return secrets.token_hex(NEW_BYTES)
