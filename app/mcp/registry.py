"""What turns a function into a tool: its signature says what it takes and gives.

`caller`, then ids, then `body` or `query`: the schema of everything else. The docstring is what a
model reads before it decides to call; arguments and answers are those of the JSON API.

Which tools a token is shown depends on what it is for: a worker's set, a coordinator's set, or
both. No schema of the answers is listed: models can't act on one, and it would be most of the list.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_type_hints

from mcp_types import Tool as Described
from mcp_types import ToolAnnotations
from pydantic import BaseModel, create_model

from app.mcp.input_schema import input_schema
from app.schemas.base import RequestBody, ResponseBody

Scope = Literal["read", "work", "plan", "admin"]
View = TypeVar("View", bound=Callable[..., Any])

tools: dict[str, Tool] = {}
"""All tools by name, in the order in which they are written down."""


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that an agent can do. `arguments`: all that it takes, checked at once."""

    scopes: tuple[Scope, ...]
    view: Callable[..., ResponseBody]
    arguments: type[BaseModel]
    ids: tuple[str, ...]
    rest: str | None
    annotations: ToolAnnotations
    is_for_workers: bool

    @property
    def name(self) -> str:
        """Its name, unique among the tools: `create_ticket`."""
        return self.view.__name__

    @property
    def is_reading(self) -> bool:
        """Whether it changes nothing."""
        return bool(self.annotations.read_only_hint)

    def is_allowed(self, allowed: frozenset[str]) -> bool:
        """Whether a token with these scopes may call it."""
        return not allowed.isdisjoint(self.scopes)

    def is_listed(self, allowed: frozenset[str]) -> bool:
        """Whether it is in the set of a token with these scopes. A worker's set is smaller than
        what a worker may call: the less a model reads, the better it chooses."""
        is_worker = "work" in allowed and "plan" not in allowed
        return self.is_allowed(allowed) and (self.is_for_workers or not is_worker)

    def given(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the view takes them; raises pydantic's `ValidationError`."""
        checked = self.arguments.model_validate(arguments)
        found = {name: getattr(checked, name) for name in self.ids}
        return {**found, self.rest: checked} if self.rest else found

    def described(self) -> Described:
        """What the list of tools tells of it."""
        return Described(
            name=self.name,
            description=inspect.getdoc(self.view),
            input_schema=input_schema(self.arguments, self.ids),
            annotations=self.annotations,
        )


def tool(
    scope: Scope | tuple[Scope, ...],
    *,
    reads: bool = False,
    destroys: bool = False,
    repeatable: bool = False,
    for_workers: bool = False,
) -> Callable[[View], View]:
    """Make a view a tool. `scope`: any of these lets a token in. `reads`: it changes nothing.
    `destroys`: what was there before is gone. `repeatable`: a second call changes nothing more.
    `for_workers`: it is in the worker's set, as all tools with the scope `work` are."""
    scopes = scope if isinstance(scope, tuple) else (scope,)

    def add(view: View) -> View:
        hints = get_type_hints(view, include_extras=True)
        del hints["return"], hints["caller"]
        rest = next((name for name in ("body", "query") if name in hints), None)
        base = hints.pop(rest) if rest else RequestBody
        fields: dict[str, Any] = {name: (hint, ...) for name, hint in hints.items()}
        tools[view.__name__] = Tool(
            scopes=scopes,
            view=view,
            arguments=create_model(f"{view.__name__}_arguments", __base__=base, **fields),
            ids=tuple(hints),
            rest=rest,
            annotations=ToolAnnotations(
                read_only_hint=reads,
                # About tools that only read, these two say nothing.
                destructive_hint=None if reads else destroys,
                idempotent_hint=None if reads else repeatable,
                open_world_hint=False,
            ),
            is_for_workers=for_workers or "work" in scopes,
        )
        return view

    return add
