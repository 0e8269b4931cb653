"""Every route and every role, held against a table of who may come where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.actor import Actor
from app.mcp.tools import tools
from app.models import ApiToken, Invitation, User
from app.models.api_token import IMPLIED_SCOPES, SCOPES
from app.models.user import ROLES, may
from app.operations import routes
from app.web.auth import access
from app.web.pages import first_steps, workers
from tests.api.conftest import Program
from tests.conftest import OpenSession, SignIn
from tests.factories import ANN
from tests.mcp.conftest import Agent
from tests.visibility.furnished import begin_with
from tests.visibility.readings import page_rules, path_of
from tests.visibility.rows import Rows, furnish
from tests.web.roles import ANYONE, NEEDS

MAY_BE_MISSING = (
    "sso.",
    "comments.",
    "saved_views.",
    "trusted_header.",
    "connections.",
    "accounts.join",
    "accounts.reset",
)
"""Routes that are there by settings, or lead somewhere with a secret only."""

NO_COMMENT = {"comment_id": 987_654_325}
"""Only its author may change one that is there."""

END_THE_SESSION = ("accounts.sign_out", "accounts.sign_out_everywhere", "accounts.end_session")

ASK_BY_THEMSELVES = {"metrics.show": "admin"}
"""Routes that anyone may ask, and that look themselves who it is."""

HOLDS_A_TOKEN: dict[str, frozenset[str]] = {
    scope: frozenset(IMPLIED_SCOPES[scope]) for scope in SCOPES
}


@pytest.fixture(scope="module")
def migrated_app(new_database: Any, make_app: Any) -> Flask:
    """One database is enough: who may come in is decided before it is asked for anything else."""
    app: Flask = make_app(new_database("sqlite"), sweep_seconds=3600)
    return app


@pytest.fixture
def rows(app: Flask) -> Rows:
    return begin_with(app, furnish)


@pytest.fixture
def parts(board: OpenSession, rows: Rows) -> dict[str, Any]:
    """Something real for each part of an address."""
    with board() as session:
        user = User.create(session, name="someone", role="viewer", actor=ANN)
        token, _ = ApiToken.issue(session, name="some", scopes=["read"], actor=ANN)
        Invitation.to_join(session, role="viewer", note=None, actor=ANN)
        session.flush()
        return {
            **rows.parts,
            **NO_COMMENT,
            "user_id": user.id,
            "token_id": token.id,
            "invitation_id": Invitation.pending(session)[0].id,
            "session_id": 1,
            "identity_id": 1,
            "view_id": 987_654,
            "secret": "none",
            "figure": "flow",
            "filename": "css/tokens.css",
            "bundle": "callboard.css",
        }


def requests_of(app: Flask, parts: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and address of all that can be asked: what ends the session comes last, and
    what deletes something after what needs it."""
    urls = app.url_map.bind("")
    found = [
        (rule.endpoint, method, urls.build(rule.endpoint, {p: parts[p] for p in rule.arguments}))
        for rule in page_rules(app)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    yield from sorted(
        found,
        key=lambda one: (one[0] in END_THE_SESSION, one[1], one[0].endswith(".delete"), one),
    )


@pytest.mark.parametrize("role", [None, *ROLES])
def test_every_page_lets_in_whom_the_table_names_and_nobody_else(
    app: Flask,
    sign_in: SignIn,
    parts: dict[str, Any],
    role: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What it makes takes as long as all pages together.
    monkeypatch.setattr(first_steps, "add_sample", lambda *_: "sample")
    sign_in("admin")  # the board is set up
    client = sign_in(role)
    for endpoint, method, url in requests_of(app, parts):
        if endpoint == "accounts.sign_out_everywhere":
            client = sign_in(role)
        needed = NEEDS[endpoint]
        told = outcome(client, method, url)
        expected = expected_of(ASK_BY_THEMSELVES.get(endpoint, needed), role)
        if endpoint in ASK_BY_THEMSELVES and expected != "in":
            expected = "asked who it is"
        if told == "missing" and endpoint.startswith((*MAY_BE_MISSING, "accounts.end_session")):
            told = "in"
        assert told == expected, (endpoint, method, url)


def expected_of(needed: str, role: str | None) -> str:
    """What someone in that role should find."""
    if needed == ANYONE:
        return "in"
    if role is None:
        return "asked who it is"
    return "in" if may(role, needed) else "refused"


def outcome(client: FlaskClient, method: str, url: str) -> str:
    """What became of a request, in a word."""
    answer = client.open(url, method=method, buffered=True)
    assert answer.status_code < 500, url
    leads_to_sign_in = answer.status_code == 303 and answer.location.startswith("/sign-in?next=")
    if (
        answer.status_code == 401
        or leads_to_sign_in
        or (url == "/" and answer.location == "/sign-in")
    ):
        return "asked who it is"
    return {403: "refused", 404: "missing"}.get(answer.status_code, "in")


def test_every_operation_lets_in_the_scopes_that_it_names_and_no_others(
    app: Flask, board: OpenSession, rows: Rows
) -> None:
    # What one of them deletes is missing for the next: a 404 is told only to whom is let in.
    for scope in (None, *SCOPES):
        caller = Program(app.test_client(), secret_of(board, scope))
        for each in routes():
            answer = caller.send(each.method, path_of(each, {**rows.parts, **NO_COMMENT}), {})
            if scope is None:
                assert answer.status_code == 401, each.name
            elif HOLDS_A_TOKEN[scope].isdisjoint(each.scopes):
                assert answer.status_code == 403, (scope, each.name)
            else:
                assert answer.status_code not in (401, 403, 500), (scope, each.name)


def test_every_tool_lets_in_the_scopes_that_it_names_and_no_others(
    app: Flask, board: OpenSession
) -> None:
    for scope in SCOPES:
        caller = Agent(app.test_client(), secret_of(board, scope))
        listed = set(caller.tools())
        for tool in tools().values():
            result = caller.ask("tools/call", {"name": tool.name, "arguments": {"nonsense": 1}})
            is_let_in = "needs a token with the scope" not in result["content"][0]["text"]
            is_meant = not HOLDS_A_TOKEN[scope].isdisjoint(tool.operation.scopes)
            assert is_let_in == is_meant, (scope, tool.name)
            assert is_let_in or tool.name not in listed, (scope, tool.name)


def test_mcp_lets_nobody_in_without_a_token(app: Flask) -> None:
    stranger = Agent(app.test_client(), "cb_nobodys")
    for method in ("tools/list", "tools/call", "prompts/list", "resources/read", "ping"):
        assert stranger.request(method, {}).status_code == 401


def secret_of(board: OpenSession, scope: str | None) -> str:
    """The secret of a new token; None: one that nobody has."""
    if scope is None:
        return "cb_nobodys"
    with board() as session:
        return ApiToken.issue(session, name=scope, scopes=[scope], actor=Actor.person("ann"))[1]


def test_a_route_that_declares_no_role_stops_the_board_from_starting(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(access.declared, workers.declare_dead)
    with pytest.raises(RuntimeError, match=r"workers\.declare_dead doesn't declare the role"):
        create_app(app.extensions["callboard.settings"])


def test_each_route_declares_what_the_table_says(app: Flask) -> None:
    assert app.extensions["callboard.needs"] == NEEDS


def test_nobody_but_admins_comes_to_people_tokens_and_the_audit() -> None:
    """The table itself, where a slip of the pen would cost most."""
    for endpoint, needed in NEEDS.items():
        if endpoint.split(".")[0] in ("people", "api_tokens", "audit"):
            assert needed == "admin", endpoint
        assert needed in (ANYONE, *ROLES), endpoint
