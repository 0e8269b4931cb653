"""The Model Context Protocol at /mcp: the board's verbs as tools, for agents that plan and work.

Streamable HTTP in an ordinary view. Each answer is one JSON object: nothing is streamed, and no
session is kept, so any process may answer any request.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response

from app.extensions import csrf

PATH = "/mcp"

blueprint = Blueprint("mcp", __name__)


def register(app: Flask) -> None:
    """Add the interface to the application."""
    # Tokens travel in a header that no other site can make a browser send.
    csrf.exempt(blueprint)
    app.register_blueprint(blueprint)


@blueprint.post(PATH, strict_slashes=False)
def receive() -> Response:
    """One message of the protocol, or several."""
    # The protocol's models take most of a second to import, and 20 MB: only who uses them pays.
    from app.mcp.endpoint import answer_request

    return answer_request()


def is_mcp(path: str) -> bool:
    """Whether an error at this path is answered as the protocol says."""
    return path.rstrip("/") == PATH


def answer_error(error: Exception) -> Response:
    """What a request gets that failed before any message of it was read."""
    from app.mcp.refusals import answer

    return answer(error)
