"""Someone outside, at the proxy's door, with a browser's cookies; and what a page links to."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import httpx

from tests.deploy.certificate import Certificate
from tests.processes import PATIENCE

VISITOR_ADDRESS = "127.0.0.7"
"""Another loopback address than the proxy's own: the board must see this one."""

LINKS = {"href", "src", "action", "formaction", "hx-get", "hx-post", "data-url", "data-src"}


class Visitor(httpx.Client):
    """A client that finds the public name on this machine. It follows no redirects."""

    def __init__(self, url: str, certificate: Certificate, **options: Any) -> None:
        transport = _ToThisMachine(verify=certificate.trusted, local_address=VISITOR_ADDRESS)
        super().__init__(
            base_url=url, transport=transport, timeout=PATIENCE, trust_env=False, **options
        )

    def send_form(self, path: str, **fields: str) -> httpx.Response:
        """Open a page and send its form, as a browser does."""
        page = self.get(path).text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token, page
        origin = str(self.base_url.copy_with(path="")).rstrip("/")
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin", "Referer": origin + path}
        return self.post(path, data={**fields, "csrf_token": token[1]}, headers=headers)


class _ToThisMachine(httpx.HTTPTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        here = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1"),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return super().handle_request(here)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(name, value) for name, value in attrs if name in LINKS and value]


def links_of(page: str) -> list[tuple[str, str]]:
    """Every attribute of a page that names an address, with it."""
    parser = _Links()
    parser.feed(page)
    return parser.found
