"""Who may come to which page: one table of every route, and the guard that keeps it.

A route without an entry stops the application from starting. Interfaces for programs ask for a
token instead; each of their operations names the scopes that it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import loading
from app.db.base import db
from app.errors import Forbidden
from app.models import User
from app.visibility import Visibility
from app.web.auth.identity import Person, current_person
from app.web.http.live import wants_region

ANYONE: Final = "anyone"

NEEDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "static": ANYONE,
        "stylesheet": ANYONE,
        "health.alive": ANYONE,
        "health.ready": ANYONE,
        "metrics.show": ANYONE,  # asks for a token, or an admin, by itself
        # To come in.
        "accounts.sign_in": ANYONE,
        "accounts.sign_out": ANYONE,
        "accounts.setup": ANYONE,
        "accounts.join": ANYONE,
        "accounts.reset": ANYONE,
        "sso.start": ANYONE,
        "sso.join": ANYONE,
        "sso.come_back": ANYONE,
        "trusted_header.join": ANYONE,
        # To see the board.
        "dashboard.show": "viewer",
        "projects.index": "viewer",
        "projects.show": "viewer",
        "plan_templates.index": "viewer",
        "worker_types.index": "viewer",
        "worker_types.show": "viewer",
        "tickets.index": "viewer",
        "tickets.show": "viewer",
        "tickets.brief": "viewer",
        "workers.index": "viewer",
        "workers.show": "viewer",
        "inbox.index": "viewer",
        "events.index": "viewer",
        "events.show": "viewer",
        # One's own account.
        "accounts.edit": "viewer",
        "accounts.password": "viewer",
        "accounts.end_session": "viewer",
        "accounts.sign_out_everywhere": "viewer",
        "sso.connect": "viewer",
        "connections.confirm": "viewer",
        "connections.disconnect": "viewer",
        "trusted_header.connect": "viewer",
        # To work with tickets, and step in.
        "tickets.new": "member",
        "tickets.edit": "member",
        "tickets.plan": "member",
        "tickets.complete": "member",
        "tickets.send_back": "member",
        "tickets.hold": "member",
        "tickets.resume": "member",
        "tickets.retry": "member",
        "tickets.stop": "member",
        "tickets.reopen": "member",
        "tickets.depend": "member",
        "tickets.release_dependency": "member",
        "comments.add": "member",
        "inbox.process": "member",
        "events.process": "member",
        "workers.stop": "member",
        "workers.declare_dead": "member",
        # To say how work is done.
        "projects.new": "lead",
        "projects.settings": "lead",
        "projects.archive": "lead",
        "projects.unarchive": "lead",
        "projects.delete": "lead",
        "members.index": "lead",
        "members.limit": "lead",
        "members.open_to_all": "lead",
        "members.remove": "lead",
        "plan_templates.new": "lead",
        "plan_templates.edit": "lead",
        "plan_templates.delete": "lead",
        "worker_types.add_set": "lead",
        "worker_types.new": "lead",
        "worker_types.edit": "lead",
        "worker_types.delete": "lead",
        # To say who may come in.
        "people.index": "admin",
        "people.invite": "admin",
        "people.revoke_invitation": "admin",
        "people.show": "admin",
        "people.change_role": "admin",
        "people.disable": "admin",
        "people.enable": "admin",
        "people.sign_out": "admin",
        "people.reset_link": "admin",
        "api_tokens.index": "admin",
        "api_tokens.new": "admin",
        "api_tokens.revoke": "admin",
        "audit.index": "admin",
    }
)
"""The least role that each page needs."""

NOT_KEPT: Final = {"csrf_token", "old", "password"}
"""Fields that the page for people who were signed out doesn't send again."""

UNTYPED: Final = {"locked", "seen", "stage", "submission_id", "version"}
"""Fields that are sent again, but that nobody typed."""

_SEEN_BY: Final[Mapping[str, Callable[[Session, Visibility, Any], object]]] = MappingProxyType(
    {
        "name": loading.visible_project,
        "ticket_id": loading.visible_ticket,
        "worker_id": loading.visible_worker,
        "event_id": loading.visible_event,
        "worker_type_id": loading.role_numbered,
        "template_id": loading.template_numbered,
    }
)
"""How to see whether what a part of an address names may be seen."""


def register(app: Flask) -> None:
    """Keep the table."""
    app.before_request(_guard)


def require_complete(app: Flask) -> None:
    """Raise `RuntimeError` unless every route has an entry, and every entry a route."""
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    pages = {name for name in endpoints if not is_for_programs(name)}
    if wrong := pages.symmetric_difference(NEEDS):
        raise RuntimeError(
            f"app/web/auth/access.py and the routes differ: {', '.join(sorted(wrong))}"
        )


def is_for_programs(endpoint: str) -> bool:
    """Whether a route asks for a token by itself."""
    return endpoint.startswith(("api.", "mcp."))


def _guard() -> ResponseReturnValue | None:
    endpoint = request.endpoint
    if endpoint is None or is_for_programs(endpoint) or NEEDS[endpoint] == ANYONE:
        return None
    person = current_person()
    if person is None:
        return _ask_who_it_is()
    # First the role: whoever lacks it gets the same answer, whether or not there is such a thing.
    if not person.may(NEEDS[endpoint]):
        raise Forbidden(
            f"This needs the role {NEEDS[endpoint]}; yours is {person.role}. "
            "An admin of this board can change that."
        )
    _require_visibility(person)
    return None


def _require_visibility(person: Person) -> None:
    """What one may not see is missing, in the very same words."""
    if not person.visibility.hidden:
        return
    for name, value in (request.view_args or {}).items():
        if see := _SEEN_BY.get(name):
            see(db.session(), person.visibility, value)


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
