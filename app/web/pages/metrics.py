"""/metrics: what monitoring reads, with a token of its own."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, current_app, request

from app.callers import CHALLENGE, bearer_secret, identify
from app.db.base import db
from app.errors import NotAuthenticated
from app.observability import metrics
from app.queries.metrics import figures
from app.queries.run_totals import RunTotals
from app.visibility import Visibility
from app.web.auth.access import ANYONE, page
from app.web.auth.identity import current_person
from app.web.pages.metric_families import Board

blueprint = Blueprint("metrics", __name__)

SCOPE = "metrics"
HOW_TO_GET_IN = (
    "This needs a token: send the header “Authorization: Bearer cb_…”. "
    "An operator makes one with: callboard token create NAME --scope metrics\n"
)


class Refused(Exception):
    """Not for this reader; told in one line of text."""

    def __init__(self, status: HTTPStatus, message: str, challenge: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.challenge = status, message, challenge


@blueprint.get("/metrics")
@page(role=ANYONE)
def show() -> Response:
    """All figures of now."""
    visibility = _may_read()
    totals = current_app.extensions.setdefault("callboard.run_totals", RunTotals())
    board = Board(figures(db.session(), visibility, totals), db.engine.dialect.name)
    text, content_type = metrics.exposition(board, request.headers.get("Accept", ""))
    return Response(text, content_type=content_type)


def _may_read() -> Visibility:
    """What the reader may know: a token with the scope, or an admin who is signed in."""
    secret = bearer_secret(request.headers.get("Authorization"))
    if secret is None:
        person = current_person()
        if person and person.may("admin"):
            return person.visibility
        raise Refused(HTTPStatus.UNAUTHORIZED, HOW_TO_GET_IN, CHALLENGE)
    caller = identify(secret, request.remote_addr)
    if SCOPE not in caller.allowed:
        raise Refused(
            HTTPStatus.FORBIDDEN,
            f"This needs a token with the scope {SCOPE}; {caller.name} has "
            f"{', '.join(sorted(caller.allowed))}.\n",
            f'{CHALLENGE}, error="insufficient_scope", scope="{SCOPE}"',
        )
    # Monitoring is the operator's: unless it is bound to one project, projects that are limited to
    # their members count too.
    return caller.visibility if caller.project_id else Visibility.everything()


@blueprint.errorhandler(Refused)
def _refuse(error: Refused) -> Response:
    return _plain(error.status, error.message, error.challenge)


@blueprint.errorhandler(NotAuthenticated)
def _refuse_token(error: NotAuthenticated) -> Response:
    return _plain(
        HTTPStatus.UNAUTHORIZED, f"{error.message}\n", f'{CHALLENGE}, error="invalid_token"'
    )


def _plain(status: int, text: str, challenge: str | None) -> Response:
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    return Response(text, status, headers, mimetype="text/plain")
