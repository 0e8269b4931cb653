"""The board's address as people see it: the hosts it answers for, and where its cookies live."""

from __future__ import annotations

from flask import Flask, Response, has_request_context, request
from flask.sessions import SecureCookieSessionInterface
from werkzeug.exceptions import BadHost, SecurityError


def register(app: Flask) -> None:
    """Keep the board's cookies where the board is."""
    app.session_interface = SessionUnderPrefix()


class SessionUnderPrefix(SecureCookieSessionInterface):
    """Keeps a board under /board apart from whatever else is on its host."""

    def get_cookie_path(self, app: Flask) -> str:
        """Where the browser sends the cookie: the proxy's prefix, else everywhere."""
        root = request.script_root if has_request_context() else ""
        return root or super().get_cookie_path(app)


def refuse_unknown_host() -> Response | None:
    """Comes before all else that looks at a request: no link can be made for an unknown host."""
    if not isinstance(request.routing_exception, SecurityError | BadHost):
        return None
    text = "This board is not known under that name (CALLBOARD_TRUSTED_HOSTS names those it has).\n"
    return Response(text, 400, mimetype="text/plain")
