"""The JSON Schema of a tool's arguments, cut down to what a model needs to make a call.

A model reads all listed tools before its first word, and pays for each. What is left out here is
checked all the same: a refusal names the field and what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from app.schemas.base import NUMBER_MAX, SchemaGenerator

OMITTED = frozenset({"title", "examples", "pattern", "minLength"})
EMPTY_DEFAULTS: tuple[Any, ...] = (None, "", [])
"""Defaults that say no more than that a field may be left out."""

Schema = dict[str, Any]


def input_schema(arguments: type[BaseModel], first: Iterable[str]) -> Schema:
    """The schema of these arguments; the fields in `first` come first."""
    whole = arguments.model_json_schema(mode="validation", schema_generator=SchemaGenerator)
    whole.pop("description", None)  # of the model in Python; the tool has a description of its own
    schema = _compact(whole, whole.pop("$defs", {}))
    fields = schema.pop("properties", {})
    return {**schema, "properties": {**{name: fields.pop(name) for name in first}, **fields}}


def _compact(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    found = dict(schema)
    # Not every client follows references, and none of ours is used twice.
    if reference := found.pop("$ref", None):
        found = {**definitions[reference.rpartition("/")[2]], **found}
    found = {name: value for name, value in found.items() if name not in OMITTED}
    if "properties" in found:
        fields = found["properties"].items()
        found["properties"] = {name: _compact(field, definitions) for name, field in fields}
    if "items" in found:
        found["items"] = _compact(found["items"], definitions)
    if "anyOf" in found:
        found["anyOf"] = [_compact(each, definitions) for each in found["anyOf"]]
    if found.get("maximum") == NUMBER_MAX:
        del found["maximum"]
    return _without_empty_default(found)


def _without_empty_default(schema: Schema) -> Schema:
    """A field whose default is null is left out instead of sent as null. One that is null without
    such a default keeps it: there null means to take a value away."""
    if "default" not in schema or schema["default"] not in EMPTY_DEFAULTS:
        return schema
    found = {name: value for name, value in schema.items() if name != "default"}
    if schema["default"] is None and "anyOf" in found:
        kinds = [each for each in found.pop("anyOf") if each != {"type": "null"}]
        found = {**kinds[0], **found} if len(kinds) == 1 else {"anyOf": kinds, **found}
    return found
