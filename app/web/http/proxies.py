"""What the proxies in front say of a request: believed for as many as the operator counts.

Each appends to a list, or sets a single value. The one that counts was written by the outermost
proxy that is ours; whatever stands before it may come from the client, and is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING

from werkzeug.http import parse_list_header
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ADDRESS_WITH_PORT = re.compile(r"\[([0-9a-fA-F:.]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+")
HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9a-fA-F:.]+\](:\d{1,5})?")
PORT = re.compile(r"\d{1,5}")
PREFIX = re.compile(r"(/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+)+")


class Proxies:
    """A WSGI application behind that many proxies. Their headers are cleaned for `ProxyFix`."""

    def __init__(self, inner: WSGIApplication, hops: int) -> None:
        self.hops = hops
        self.inner = ProxyFix(inner, x_for=1, x_proto=1, x_host=1, x_port=1, x_prefix=1)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        for name, clean in CLEANERS.items():
            header = f"HTTP_X_FORWARDED_{name}"
            said = parse_list_header(environ.pop(header, ""))
            if said and (value := clean(self._counting(name, said))):
                environ[header] = value
        return self.inner(environ, start_response)

    def _counting(self, name: str, said: list[str]) -> str:
        if len(said) >= self.hops:
            return said[-self.hops]
        # Every proxy adds an address. The rest is often set by one, and passed on by the others.
        return "" if name == "FOR" else said[0]


def _address(text: str) -> str:
    if match := ADDRESS_WITH_PORT.fullmatch(text):
        text = match[1] or match[2]
    try:
        return str(ip_address(text))
    except ValueError:
        return ""


def _scheme(text: str) -> str:
    return text.lower() if text.lower() in ("http", "https") else ""


def _host(text: str) -> str:
    return text if HOST.fullmatch(text) else ""


def _port(text: str) -> str:
    return text if PORT.fullmatch(text) else ""


def _prefix(text: str) -> str:
    text = text.rstrip("/")
    return text if PREFIX.fullmatch(text) else ""


CLEANERS: dict[str, Callable[[str], str]] = {
    "FOR": _address,
    "PROTO": _scheme,
    "HOST": _host,
    "PORT": _port,
    "PREFIX": _prefix,
}
