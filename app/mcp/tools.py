"""The operations that are offered to models, as tools.

A tool takes what the operation takes, in one object: the parts of its path, then all fields of its
body or its query. Its description is the operation's own, with a hint for models.

Which tools a token is shown depends on what it is for: a worker's set, a coordinator's set, or
both. No schema of the answers is listed: models can't act on one, and it would be most of the list.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from mcp_types import Tool as Described
from mcp_types import ToolAnnotations
from pydantic import BaseModel, create_model

from app.callers import Caller
from app.mcp.input_schema import input_schema
from app.operations import Operation, Tool, operations
from app.operations.operation import Answer, Bound, schema_of
from app.schemas.base import RequestBody, ResponseBody
from app.settings.board import Settings
from app.values import immutable


@immutable
class OfferedTool:
    """An operation as a tool. `arguments`: all that it takes, checked at once. `ids`: which of
    them aren't fields of its body or query, and what the operation calls each."""

    operation: Operation
    offer: Tool
    arguments: type[BaseModel]
    ids: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its name, unique among the tools: `create_ticket`."""
        return self.offer.name

    @property
    def answer(self) -> Answer:
        """What reads its answer."""
        return self.offer.answer or self.operation.answer

    @property
    def response(self) -> type[ResponseBody] | None:
        """The schema of its answer."""
        return schema_of(self.offer.answer)[0] if self.offer.answer else self.operation.response

    def is_listed(self, allowed: frozenset[str]) -> bool:
        """Whether it is in the set of a token with these scopes. A worker's set is smaller than
        what a worker may call: the less a model reads, the better it chooses."""
        is_worker = "work" in allowed and "plan" not in allowed
        is_for_workers = self.offer.for_workers or "work" in self.operation.scopes
        return self.operation.is_allowed(allowed) and (is_for_workers or not is_worker)

    def bound(self, caller: Caller, settings: Settings, arguments: Mapping[str, Any]) -> Bound:
        """The call, ready to be carried out; raises pydantic's `ValidationError`."""
        checked = self.arguments.model_validate(arguments)
        given = {name: getattr(checked, called) for called, name in self.ids.items()}
        rest = "body" if self.operation.body else "query" if self.operation.query else None
        return self.operation.bound(caller, settings, {**given, rest: checked} if rest else given)

    def described(self) -> Described:
        """What the list of tools tells of it."""
        reads = self.operation.is_reading
        return Described(
            name=self.name,
            description=" ".join([self.operation.about, *filter(None, [self.offer.hint])]),
            input_schema=input_schema(self.arguments, self.ids),
            annotations=ToolAnnotations(
                read_only_hint=reads,
                # About tools that only read, these two say nothing.
                destructive_hint=None if reads else self.offer.destroys,
                idempotent_hint=None if reads else self.offer.repeatable,
                open_world_hint=False,
            ),
        )


@cache
def tools() -> Mapping[str, OfferedTool]:
    """All tools by name, in the order in which the operations are written down."""
    return {each.tool.name: _offered(each, each.tool) for each in operations if each.tool}


def _offered(each: Operation, offer: Tool) -> OfferedTool:
    ids = {offer.names.get(name, name): name for name in each.arguments}
    fields: dict[str, Any] = {called: (each.arguments[name], ...) for called, name in ids.items()}
    base = each.body or each.query or RequestBody
    return OfferedTool(
        operation=each,
        offer=offer,
        arguments=create_model(f"{offer.name}_arguments", __base__=base, **fields),
        ids=ids,
    )
