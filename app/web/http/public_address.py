"""Addresses: the hosts of the board, where its cookies live, and what a path may name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, has_request_context, request
from flask.sessions import SecureCookieSessionInterface
from werkzeug.exceptions import BadHost, BadRequest, SecurityError
from werkzeug.routing import BaseConverter, IntegerConverter, Rule

from app.web.http.other_sites import is_for_programs

if TYPE_CHECKING:
    from itsdangerous import URLSafeTimedSerializer


def register(app: Flask) -> None:
    """Keep the board's cookies where the board is, and let routes name projects and rows. Comes
    before any route is added."""
    app.url_rule_class = RouteRule
    app.url_map.converters["project"] = ProjectConverter
    app.url_map.converters["int"] = RowNumberConverter
    app.session_interface = SessionUnderPrefix(app)


class SessionUnderPrefix(SecureCookieSessionInterface):
    """Keeps a board under /board apart from whatever else is on its host."""

    def __init__(self, app: Flask) -> None:
        self._serializer = super().get_signing_serializer(app)

    def get_signing_serializer(self, _app: Flask) -> URLSafeTimedSerializer | None:
        """The same for each request: the key stays what it was at the start."""
        return self._serializer

    def get_cookie_path(self, app: Flask) -> str:
        """Where the browser sends the cookie: the proxy's prefix, else everywhere."""
        root = request.script_root if has_request_context() else ""
        return root or super().get_cookie_path(app)


UNKNOWN_HOST = (
    "This board is not known under that name (CALLBOARD_TRUSTED_HOSTS names those it has)."
)


def refuse_unknown_host() -> Response | None:
    """Comes before all else that looks at a request: no link, and so no page, can be made for an
    unknown host. Programs get their own form of an error."""
    if not isinstance(request.routing_exception, SecurityError | BadHost):
        return None
    if is_for_programs(request.path):
        raise BadRequest(UNKNOWN_HOST)
    return Response(f"{UNKNOWN_HOST}\n", 400, mimetype="text/plain")


class ProjectConverter(BaseConverter):
    """A project's name in an address: `acme/web`. `-` alone ends it: /projects/acme/web/-/board."""

    part_isolating = False
    weight = 200
    regex = r"(?!(?:-|\.\.?)(?:/|$))[A-Za-z0-9._-]+(?:/(?!(?:-|\.\.?)(?:/|$))[A-Za-z0-9._-]+)*"


class RowNumberConverter(IntegerConverter):
    """A row's number: one that no database could hold isn't found, as any other that is none."""

    # Eighteen digits are below 2^63. A limit that is checked only after the match would answer
    # "method not allowed" where one address has several methods.
    regex = r"[0-9]{1,18}"  # \d takes the digits of every script


class RouteRule(Rule):
    """A rule that learns how to build its address when one is wanted for the first time.

    The library compiles two functions for each rule at once, which was four fifths of the time that
    an application takes to be made; most are never called.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = cache(super()._compile_builder)

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            return compiled(append_unknown)(rule, **values)

        return build
