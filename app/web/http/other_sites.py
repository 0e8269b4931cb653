"""Whether a request that changes something comes from a page of our own.

Besides the token in every form: a browser says where a request comes from, and no page can make it
lie. Programs come with a token in a header, which no other site can send; their interfaces need no
such check, and MCP has its own.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request
from werkzeug.exceptions import Forbidden

OWN_SITES = {"same-origin", "none"}
"""`none`: the person did it, not a page."""

PROGRAMS = ("/api/", "/mcp")
USUAL_PORTS = (":80", ":443")

REFUSAL = (
    "A page of another site sent this, so nothing was done. If you meant to do it, open the board "
    "and do it there. If this was the board's own page: the proxy in front has to pass on the "
    "host name that the browser asked for."
)


def refuse() -> None:
    """Raise `Forbidden` if another site's page makes this request."""
    if not _is_own():
        raise Forbidden(REFUSAL)


def is_for_programs(path: str) -> bool:
    """Whether an address is at an interface for programs."""
    return path.startswith(PROGRAMS)


def _is_own() -> bool:
    if site := request.headers.get("Sec-Fetch-Site"):
        return site in OWN_SITES
    # Over plain HTTP, and from older browsers, only Origin tells; other programs send neither.
    origin = request.headers.get("Origin")
    return origin is None or _host_of(origin) == _without_usual_port(request.host)


def _host_of(origin: str) -> str | None:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    # The scheme isn't compared: it is what proxies tell of least reliably.
    return _without_usual_port(parts.netloc) if parts.scheme in ("http", "https") else None


def _without_usual_port(host: str) -> str:
    host = host.lower()
    for port in USUAL_PORTS:
        host = host.removesuffix(port)
    return host
