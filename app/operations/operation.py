"""What turns a function into an operation, for every interface at once.

An operation says by its signature what it takes: the session, the caller, the parts of its path,
`body` or `query`, and `if_match` or `settings` where it needs them. From that requests are checked,
and routes, the OpenAPI document and the tools of MCP are made.

A request has three parts. Who asks, and what is sent, is read first, by the interface. An operation
that changes something does only that, in a transaction of its own, and returns what its `answer`
reads it by; that is read and rendered after the commit, when no lock is held any more. One that
needs nothing read for its answer, or that only reads, returns the answer itself.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import partial
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from sqlalchemy.orm import Session

from app.callers import Caller
from app.db.transactions import reading, writing
from app.schemas.base import Query, RequestBody, ResponseBody
from app.settings.board import Settings
from app.values import immutable

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Scope = Literal["read", "work", "plan", "admin"]
Function = TypeVar("Function", bound=Callable[..., Any])
Answer = Callable[[Session, Any], ResponseBody | None]
Bound = Callable[[Session], Any]
"""An operation with all that it takes but the session."""

NO_ARGUMENTS = {"session", "caller", "settings", "if_match", "body", "query", "return"}

operations: list[Operation] = []
"""All operations, in the order in which documents and lists tell of them."""


@immutable
class Tool:
    """How an operation is offered to models, as a tool of MCP.

    `hint`: what a model must know beyond the operation's docstring. `names`: what arguments are
    called, if not as in the path. `answer`: what is read for a model, if not the same as for
    programs. `for_workers`: it is in the worker's set, as all tools with the scope `work` are.
    """

    name: str
    hint: str = ""
    destroys: bool = False
    """Whether what was there before is gone."""
    repeatable: bool = False
    """Whether a second call changes nothing more."""
    for_workers: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    answer: Answer | None = None


@immutable
class Operation:
    """One thing that a program can ask for."""

    method: Method
    rule: str
    """Its path, as Flask writes it, below the API's root; empty: it is a tool only."""
    tag: str
    scopes: tuple[Scope, ...]
    status: int
    is_once: bool
    function: Callable[..., Any]
    tool: Tool | None
    answer: Answer
    response: type[ResponseBody] | None
    """The schema of its answer."""
    is_optional: bool
    """Whether there may be nothing to answer."""
    arguments: Mapping[str, Any]
    """What it takes beside the body or the query: names and types."""
    query: type[Query] | None
    body: type[RequestBody] | None
    takes_version: bool
    takes_settings: bool

    @property
    def name(self) -> str:
        """Its name, unique among the operations: `create_ticket`."""
        return self.function.__name__

    @property
    def about(self) -> str:
        """What it does. The first line is a summary."""
        return inspect.getdoc(self.function) or ""

    @property
    def is_reading(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "GET"

    @property
    def needs_body(self) -> bool:
        """Whether some field of the body can't be left out."""
        return self.body is not None and any(
            field.is_required() for field in self.body.model_fields.values()
        )

    def is_allowed(self, allowed: frozenset[str]) -> bool:
        """Whether a token with these scopes may ask for it."""
        return not allowed.isdisjoint(self.scopes)

    def bound(self, caller: Caller, settings: Settings, arguments: Mapping[str, Any]) -> Bound:
        """The operation, ready to be carried out."""
        given = {"settings": settings} if self.takes_settings else {}
        return partial(self.function, caller=caller, **given, **arguments)


def routes() -> list[Operation]:
    """The operations that have a route; the others are tools only."""
    return [each for each in operations if each.rule]


def carry_out(each: Operation, bound: Bound, answer: Answer) -> ResponseBody | None:
    """The answer to a request, with no lock held while it is read."""
    if each.is_reading:
        with reading() as session:
            return answer(session, bound(session))
    with writing() as session:
        result = bound(session)
    with reading() as session:
        return answer(session, result)


def carry_out_within(session: Session, each: Operation, bound: Bound) -> ResponseBody | None:
    """The same in a transaction of the interface, which commits it together with the answer."""
    result = bound(session)
    session.flush()
    return each.answer(session, result)


def operation(
    method: Method,
    rule: str = "",
    *,
    tag: str,
    scope: Scope | tuple[Scope, ...],
    status: int = 200,
    once: bool = False,
    tool: Tool | None = None,
    answer: Answer | None = None,
) -> Callable[[Function], Function]:
    """Make a function an operation; it stays as it is, for others to call. `scope`: any of these
    lets a token in. `once`: it takes an Idempotency-Key. `answer`: what reads the answer, by what
    the function returns."""

    def add(function: Function) -> Function:
        hints = get_type_hints(function, include_extras=True)
        response, is_optional = schema_of(answer or function)
        operations.append(
            Operation(
                method=method,
                rule=rule,
                tag=tag,
                scopes=scope if isinstance(scope, tuple) else (scope,),
                status=status,
                is_once=once,
                function=function,
                tool=tool,
                answer=answer or _as_it_is,
                response=response,
                is_optional=is_optional,
                arguments={name: hints[name] for name in hints if name not in NO_ARGUMENTS},
                query=hints.get("query"),
                body=hints.get("body"),
                takes_version="if_match" in hints,
                takes_settings="settings" in hints,
            )
        )
        return function

    return add


def schema_of(answer: Callable[..., Any]) -> tuple[type[ResponseBody] | None, bool]:
    """The schema of an answer, and whether there may be none."""
    hint = get_type_hints(answer)["return"]
    if hint is type(None):
        return None, True
    if get_origin(hint) in (Union, types.UnionType):
        return next(part for part in get_args(hint) if part is not type(None)), True
    return hint, False


def _as_it_is(_session: Session, result: Any) -> ResponseBody | None:
    answer: ResponseBody | None = result
    return answer
