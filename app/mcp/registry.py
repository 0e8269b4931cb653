"""What turns a function into a tool: its signature says what it takes and gives.

`caller`, then ids, then `body` or `query`: the schema of everything else. The docstring is what a
model reads before it decides to call; the schemas of input and output come from the same models
that the JSON API has.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_type_hints

from mcp_types import Tool as Described
from mcp_types import ToolAnnotations
from pydantic import BaseModel, create_model

from app.schemas.base import Sent, Shown
from app.schemas.drawing import Drawing

Scope = Literal["read", "work", "plan", "admin"]
View = TypeVar("View", bound=Callable[..., Any])

tools: dict[str, Tool] = {}
"""All tools by name, in the order in which they are written down."""


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that an agent can do. `arguments`: all that it takes, checked at once."""

    scopes: tuple[Scope, ...]
    view: Callable[..., Shown]
    arguments: type[BaseModel]
    ids: tuple[str, ...]
    rest: str | None
    answer: type[Shown]
    annotations: ToolAnnotations

    @property
    def name(self) -> str:
        """Its name, unique among the tools: `create_ticket`."""
        return self.view.__name__

    @property
    def is_reading(self) -> bool:
        """Whether it changes nothing."""
        return bool(self.annotations.read_only_hint)

    def given(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the view takes them; raises pydantic's `ValidationError`."""
        checked = self.arguments.model_validate(arguments)
        found = {name: getattr(checked, name) for name in self.ids}
        return {**found, self.rest: checked} if self.rest else found

    def described(self) -> Described:
        """What the list of tools tells of it."""
        return Described(
            name=self.name,
            title=self.annotations.title,
            description=inspect.getdoc(self.view),
            input_schema=self._input_schema(),
            output_schema=_schema(self.answer, "serialization"),
            annotations=self.annotations,
        )

    def _input_schema(self) -> dict[str, Any]:
        schema = _schema(self.arguments, "validation")
        fields = schema.pop("properties", {})
        ids = {name: fields.pop(name) for name in self.ids}
        return {**schema, "properties": {**ids, **fields}}


def tool(
    scope: Scope | tuple[Scope, ...],
    *,
    reads: bool = False,
    destroys: bool = False,
    repeatable: bool = False,
) -> Callable[[View], View]:
    """Make a view a tool. `scope`: any of these lets a token in. `reads`: it changes nothing.
    `destroys`: what was there before is gone. `repeatable`: a second call changes nothing more."""

    def add(view: View) -> View:
        hints = get_type_hints(view, include_extras=True)
        answer, _ = hints.pop("return"), hints.pop("caller")
        rest = next((name for name in ("body", "query") if name in hints), None)
        base = hints.pop(rest) if rest else Sent
        fields: dict[str, Any] = {name: (hint, ...) for name, hint in hints.items()}
        tools[view.__name__] = Tool(
            scopes=scope if isinstance(scope, tuple) else (scope,),
            view=view,
            arguments=create_model(f"{view.__name__}_arguments", __base__=base, **fields),
            ids=tuple(hints),
            rest=rest,
            answer=answer,
            annotations=ToolAnnotations(
                title=view.__name__.replace("_", " ").capitalize(),
                read_only_hint=reads,
                destructive_hint=destroys,
                idempotent_hint=reads or repeatable,
                open_world_hint=False,
            ),
        )
        return view

    return add


def _schema(model: type[BaseModel], mode: Literal["validation", "serialization"]) -> dict[str, Any]:
    schema = model.model_json_schema(mode=mode, schema_generator=Drawing)
    return {name: value for name, value in schema.items() if name not in ("title", "description")}
