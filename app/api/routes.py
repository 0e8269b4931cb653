"""From HTTP to an operation, and from its answer back to HTTP."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from pydantic import BaseModel

from app.api import intake
from app.api.docs import page
from app.api.once import once
from app.api.openapi import ROOT, VERSION, document
from app.api.problems import Refused
from app.callers import CHALLENGE, HOW_TO_GET_IN, Caller, bearer_secret, identify
from app.db.transactions import writing
from app.operations import Operation, routes
from app.operations.operation import carry_out, carry_out_within
from app.schemas.base import Page, Query, ResponseBody


def blueprint() -> Blueprint:
    """All routes of the API: one for each operation, and those of its own description."""
    api = Blueprint("api", __name__, url_prefix=ROOT)
    for each in routes():
        api.add_url_rule(
            VERSION + each.rule,
            each.name,
            partial(_respond, each),
            methods=[each.method],
            merge_slashes=False,
        )
    # The description needs no token: it tells nothing of the board.
    api.add_url_rule(f"{VERSION}/openapi.json", "openapi", lambda: jsonify(document()))
    api.add_url_rule("/docs", "show_docs", lambda: render_template("api/docs.html", api=page()))
    return api


def _respond(each: Operation, **path: Any) -> Response:
    body = intake.read_json(is_required=each.needs_body) if each.body else None
    caller = _authenticated(each.scopes)
    arguments = {**path, **_sent(each, body)}
    if each.takes_version:
        arguments["if_match"] = intake.read_if_match()
    bound = each.bound(caller, current_app.extensions["callboard.settings"], arguments)
    key = intake.read_idempotency_key() if each.is_once else None
    if key is None:
        return _response(each, carry_out(each, bound, each.answer))
    with writing() as session:
        return once(
            session,
            caller,
            key,
            body,
            lambda: _response(each, carry_out_within(session, each, bound)),
        )


def _authenticated(scopes: Collection[str]) -> Caller:
    """The caller of this request, if its token allows one of the scopes."""
    secret = bearer_secret(request.headers.get("Authorization"))
    if secret is None:
        raise Refused("not_authenticated", HOW_TO_GET_IN, headers={"WWW-Authenticate": CHALLENGE})
    caller = identify(secret, request.remote_addr)
    if caller.allowed.isdisjoint(scopes):
        raise Refused(
            "forbidden",
            f"This needs a token with the scope {' or '.join(scopes)}; {caller.name} has "
            f"{', '.join(sorted(caller.allowed))}.",
            headers={
                "WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", '
                f'scope="{" ".join(scopes)}"'
            },
        )
    return caller


def _sent(each: Operation, body: Any) -> dict[str, BaseModel]:
    sent: dict[str, BaseModel] = {}
    if each.query:
        sent["query"] = intake.checked(each.query, intake.read_query(), "address")
    elif request.args:
        intake.checked(Query, intake.read_query(), "address")
    if each.body:
        sent["body"] = intake.checked(each.body, body, "body")
    return sent


def _response(each: Operation, answer: ResponseBody | None) -> Response:
    if answer is None:
        return Response(status=204)
    headers = _headers(answer, is_new=each.status == 201)
    text = answer.model_dump_json()
    return Response(text, each.status, headers, content_type="application/json")


def _headers(answer: ResponseBody, *, is_new: bool) -> dict[str, str]:
    headers = {}
    if is_new and (address := answer.address()):
        headers["Location"] = f"{request.script_root}{ROOT}{VERSION}/{quote(address)}"
    if (revision := answer.revision()) is not None:
        headers["ETag"] = f'"{revision}"'
    if isinstance(answer, Page) and answer.next:
        args = urlencode({**request.args.to_dict(), "cursor": answer.next})
        headers["Link"] = f'<{request.script_root}{quote(request.path)}?{args}>; rel="next"'
    return headers
