"""What turns a function into an operation of the API.

A view says by its signature what it takes and gives: `caller`, the parts of the path, `query`,
`body`, `if_match`, and the schema of its answer. From that each request is checked, and the OpenAPI
document is drawn. The view itself knows no request: MCP tools may call it too.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, request
from pydantic import BaseModel

from app.api import intake
from app.api.callers import authenticate
from app.api.once import once
from app.callers import Caller
from app.db.base import db
from app.db.transactions import writing
from app.schemas.base import Page, Query, RequestBody, ResponseBody

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Scope = Literal["read", "work", "plan", "admin"]
View = TypeVar("View", bound=Callable[..., Any])

VERSION = "/v1"

blueprint = Blueprint("api", __name__, url_prefix="/api")
operations: list[Operation] = []
"""All operations, in the order in which they are written down."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that the API can do."""

    method: Method
    rule: str
    tag: str
    scopes: tuple[Scope, ...]
    status: int
    is_once: bool
    view: Callable[..., Any]
    query: type[Query] | None
    body: type[RequestBody] | None
    takes_version: bool
    answer: type[ResponseBody] | None
    is_optional: bool
    """Whether there may be nothing to answer: 204."""

    @property
    def name(self) -> str:
        """Its name, unique in the API: `create_ticket`."""
        return self.view.__name__

    @property
    def needs_body(self) -> bool:
        """Whether some field of the body can't be left out."""
        return self.body is not None and any(
            field.is_required() for field in self.body.model_fields.values()
        )

    def respond(self, path: dict[str, Any]) -> Response:
        """Answer a request."""
        body = intake.read_json(is_required=self.needs_body) if self.body else None
        caller = authenticate(self.scopes)
        arguments = {**path, **self._sent(body)}
        if self.takes_version:
            arguments["if_match"] = intake.read_if_match()
        carry_out = partial(self._carry_out, caller, arguments)
        if self.method == "GET":
            return carry_out()
        key = intake.read_idempotency_key() if self.is_once else None
        with writing():
            return once(caller, key, body, carry_out) if key else carry_out()

    def _sent(self, body: Any) -> dict[str, BaseModel]:
        sent: dict[str, BaseModel] = {}
        if self.query:
            sent["query"] = intake.checked(self.query, intake.read_query(), "address")
        elif request.args:
            intake.checked(Query, intake.read_query(), "address")
        if self.body:
            sent["body"] = intake.checked(self.body, body, "body")
        return sent

    def _carry_out(self, caller: Caller, arguments: Mapping[str, Any]) -> Response:
        answer: ResponseBody | None = self.view(caller, **arguments)
        db.session.flush()
        if answer is None:
            return Response(status=204)
        headers = _headers(answer, is_new=self.status == 201)
        text = answer.model_dump_json()
        return Response(text, self.status, headers, content_type="application/json")


def operation(
    method: Method,
    rule: str,
    *,
    tag: str,
    scope: Scope | tuple[Scope, ...],
    status: int = 200,
    once: bool = False,
) -> Callable[[View], View]:
    """Make a view an operation. `scope`: any of these lets a token in. `once`: it takes an
    Idempotency-Key. The view stays as it is, for others to call."""

    def add(view: View) -> View:
        hints = get_type_hints(view)
        answer, is_optional = _answer_of(hints["return"])
        found = Operation(
            method=method,
            rule=rule,
            tag=tag,
            scopes=scope if isinstance(scope, tuple) else (scope,),
            status=status,
            is_once=once,
            view=view,
            query=hints.get("query"),
            body=hints.get("body"),
            takes_version="if_match" in hints,
            answer=answer,
            is_optional=is_optional,
        )
        operations.append(found)
        blueprint.add_url_rule(
            VERSION + rule,
            found.name,
            lambda **path: found.respond(path),
            methods=[method],
            merge_slashes=False,
        )
        return view

    return add


def _answer_of(hint: Any) -> tuple[type[ResponseBody] | None, bool]:
    """The schema of an answer, and whether there may be none."""
    if hint is type(None):
        return None, True
    if get_origin(hint) in (Union, types.UnionType):
        return next(part for part in get_args(hint) if part is not type(None)), True
    return hint, False


def _headers(answer: ResponseBody, *, is_new: bool) -> dict[str, str]:
    headers = {}
    root = f"{request.script_root}{blueprint.url_prefix}{VERSION}"
    if is_new and (address := answer.address()):
        headers["Location"] = f"{root}/{quote(address)}"
    if (revision := answer.revision()) is not None:
        headers["ETag"] = f'"{revision}"'
    if isinstance(answer, Page) and answer.next:
        args = urlencode({**request.args.to_dict(), "cursor": answer.next})
        headers["Link"] = f'<{request.script_root}{quote(request.path)}?{args}>; rel="next"'
    return headers
