"""The outermost edge: each request gets its number, its line in the log, its place in the metrics
and the security headers, also one that fails before the application has a look at it."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import request
from werkzeug.routing import Rule

from app.observability import metrics, request_id
from app.observability.logs import cut
from app.web.http.headers import secured

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("app.request")

QUIET_ENDPOINTS = {"static", "bundle", "health.alive", "health.ready"}
"""Asked for all day: when all is well, only the debug level tells of them."""

SHOWN_PARTS = {
    "blocked_by_id",
    "bundle",
    "comment_id",
    "event_id",
    "figure",
    "filename",
    "identity_id",
    "invitation_id",
    "name",
    "related_id",
    "repository_name",
    "run_id",
    "session_id",
    "template_id",
    "ticket_id",
    "token_id",
    "user_id",
    "view_id",
    "worker_id",
    "worker_type_id",
}
"""Parts of addresses that are no secrets. Any other is left out: a new one-time link can't end in
the log because someone forgot to say that it is one."""

ROUTE = "callboard.route"
"""Where a request leaves for those around it what its address was taken for."""

PART = re.compile(r"<(?:[^<>:]+:)?(\w+)>")
UNKNOWN_PART_MAX = 20
"""At an address that leads nowhere, what is longer may be a mistyped one-time link."""

PATH_MAX = 200
ADDRESS_MAX = 45


def leave_route() -> None:
    """Tell the outermost edge which route the request took."""
    request.environ[ROUTE] = request.url_rule, dict(request.view_args or {})


class RequestLog:
    """A WSGI application around another one. `trusts_proxy`: whether a request's number may come
    from outside; without a proxy in front, anyone could choose it."""

    def __init__(self, inner: WSGIApplication, *, trusts_proxy: bool) -> None:
        self.inner = inner
        self.trusts_proxy = trusts_proxy
        metrics.begin()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        brought = environ.get("HTTP_X_REQUEST_ID") if self.trusts_proxy else None
        record = RequestRecord(environ, request_id.begin(brought))

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            record.status, record.is_begun = int(status[:3]), True
            numbered = [*secured(headers), (request_id.HEADER, record.number)]
            return start_response(status, numbered, *rest)

        try:
            chunks = self.inner(environ, start)
        except Exception as error:  # noqa: BLE001 - no server in front shall tell of it in its way
            chunks = record.crash(error, start)
        return Answer(chunks, record)


class RequestRecord:
    """One request, from its arrival until its last byte is handed on."""

    def __init__(self, environ: WSGIEnvironment, number: str) -> None:
        self.environ, self.number = environ, number
        self.status, self.size, self.is_begun = 500, 0, False
        self.began = time.perf_counter()

    def crash(self, error: Exception, start: Any) -> list[bytes]:
        """The last resort, when even the error page failed: a line of text, with the number."""
        log.error("request %s crashed", self.number, exc_info=error)
        # The server needs to know of the error only to take back a beginning.
        again = (sys.exc_info(),) if self.is_begun else ()
        start("500 Internal Server Error", [("Content-Type", "text/plain; charset=utf-8")], *again)
        return [f"Something broke. It is in the server's log as {self.number}.\n".encode()]

    def end(self) -> None:
        """Write the line, and count."""
        seconds = time.perf_counter() - self.began
        rule, parts = self.environ.get(ROUTE, (None, {}))
        method = self.environ["REQUEST_METHOD"]
        metrics.count_request(method, rule and rule.rule, self.status, seconds)
        level = logging.DEBUG if self._is_quiet(rule) else logging.INFO
        if log.isEnabledFor(level):
            log.log(
                level,
                "request",
                extra={
                    "method": method,
                    "path": self._path(rule, parts),
                    "status": self.status,
                    "ms": round(seconds * 1_000, 1),
                    "bytes": self.size,
                    "client": cut(str(self.environ.get("REMOTE_ADDR") or "-"), ADDRESS_MAX),
                },
            )
        request_id.end()

    def _is_quiet(self, rule: Rule | None) -> bool:
        if self.status == HTTPStatus.NO_CONTENT and "HTTP_HX_REQUEST" in self.environ:
            return True  # an open page that asked for news, and there were none
        return rule is not None and rule.endpoint in QUIET_ENDPOINTS and self.status < 400

    def _path(self, rule: Rule | None, parts: Mapping[str, Any]) -> str:
        """The address without anything that may be secret, and without the query's values."""
        if rule is None:
            return cut(_without_long_parts(self.environ.get("PATH_INFO", "")), PATH_MAX)

        def shown(part: re.Match[str]) -> str:
            name = part[1]
            return str(parts.get(name, "")) if name in SHOWN_PARTS else f"<{name}>"

        return cut(PART.sub(shown, rule.rule), PATH_MAX)


def _without_long_parts(path: str) -> str:
    text = path.encode("latin-1", "replace").decode("utf-8", "replace")
    return "/".join("…" if len(part) > UNKNOWN_PART_MAX else part for part in text.split("/"))


class Answer:
    """The parts of an answer on their way out; the server closes it after the last one."""

    def __init__(self, chunks: Iterable[bytes], record: RequestRecord) -> None:
        self.chunks, self.record = chunks, record
        self.parts = iter(chunks)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        part = next(self.parts)
        self.record.size += len(part)
        return part

    def close(self) -> None:
        """The request is over, whether all was sent or the client went away."""
        try:
            if close := getattr(self.chunks, "close", None):
                close()
        finally:
            self.record.end()
