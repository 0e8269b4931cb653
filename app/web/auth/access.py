"""Who may come to which page: each route declares it, and the guard keeps it.

A route that declares nothing stops the application from starting. Interfaces for programs ask for a
token instead; each of their operations names the scopes that it takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, TypeVar

from flask import Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db.base import db
from app.errors import Forbidden
from app.models import User
from app.models.user import Role
from app.web.auth.identity import current_person
from app.web.http.live import wants_region

ANYONE: Final = "anyone"

Needed = Role | Literal["anyone"]
View = TypeVar("View", bound=Callable[..., Any])

declared: Final[dict[Callable[..., Any], Needed]] = {}
"""The least role that each view needs, as it says itself."""

NOT_KEPT: Final = {"csrf_token", "old", "password"}
"""Fields that the page for people who were signed out doesn't send again."""

UNTYPED: Final = {"locked", "packed", "seen", "stage", "submission_id", "version"}
"""Fields that are sent again, but that nobody typed."""


def page(*, role: Needed) -> Callable[[View], View]:
    """Declare the least role that a view needs. It stands between the view and its route."""

    def declare(view: View) -> View:
        declared[view] = role
        return view

    return declare


def register(app: Flask) -> None:
    """Keep what the routes declare. Raises `RuntimeError` when one declares nothing."""
    needs: dict[str, Needed] = {}
    for endpoint, view in app.view_functions.items():
        if view in declared:
            needs[endpoint] = declared[view]
        elif endpoint == "static":
            needs[endpoint] = ANYONE
        elif not is_for_programs(endpoint):
            raise RuntimeError(f"The route {endpoint} doesn't declare the role that it needs.")
    app.extensions["callboard.needs"] = needs


def is_for_programs(endpoint: str) -> bool:
    """Whether a route asks for a token by itself."""
    return endpoint.startswith(("api.", "mcp."))


def guard() -> ResponseReturnValue | None:
    """Ask who it is, and raise `Forbidden` unless they may open the page."""
    endpoint = request.endpoint
    if endpoint is None or is_for_programs(endpoint):
        return None
    needed: Needed = current_app.extensions["callboard.needs"][endpoint]
    if needed == ANYONE:
        return None
    person = current_person()
    if person is None:
        return _ask_who_it_is()
    # Before anything is looked for: whoever lacks the role gets the same answer, whether or not
    # there is such a thing.
    if not person.may(needed):
        raise Forbidden(
            f"This needs the role {needed}; yours is {person.role}. "
            "An admin of this board can change that."
        )
    return None


def _ask_who_it_is() -> ResponseReturnValue:
    if wants_region():
        return "Signed out.", 401
    if request.method not in ("GET", "HEAD"):
        # What was typed is kept on that page, until its person is back.
        fields = _typed()
        return render_template(
            "accounts/signed_out.html", fields=fields, typed=_by_name(fields)
        ), 401
    if not User.exist(db.session()):
        return redirect(url_for("accounts.setup"), 303)
    here = request.full_path if request.query_string else request.path
    return redirect(url_for("accounts.sign_in", next=here if here != "/" else None), 303)


def _typed() -> list[tuple[str, str]]:
    pairs = request.form.items(multi=True)
    return [(name, value) for name, value in pairs if name not in NOT_KEPT]


def _by_name(fields: list[tuple[str, str]]) -> dict[str, str]:
    """What to show of it: a plan's stages, say, as one text."""
    typed: dict[str, list[str]] = {}
    for name, value in fields:
        if name not in UNTYPED and value.strip():
            typed.setdefault(name, []).append(value)
    return {name: ", ".join(values) for name, values in typed.items()}
