"""What the OpenAPI document says of an operation's path, its query and its headers."""

from __future__ import annotations

import re
from typing import Any

from pydantic import TypeAdapter

from app.api.once import REPLAYED
from app.models import IdempotencyKey
from app.operations import Operation

Json = dict[str, Any]

VARIABLE = re.compile(r"<(?:(\w+):)?(\w+)>")


def path_of(each: Operation) -> str:
    """The path as the document writes it: /tickets/{ticket_id}."""
    return VARIABLE.sub(r"{\2}", each.rule)


def parameters_of(each: Operation, schemas: Json) -> list[Json]:
    """All parameters; `schemas` has those that the queries were drawn to."""
    return [
        *_path_parameters(each),
        *_query_parameters(each, schemas),
        *_header_parameters(each),
    ]


def _path_parameters(each: Operation) -> list[Json]:
    return [_path_parameter(name, each.arguments[name]) for _, name in VARIABLE.findall(each.rule)]


def _path_parameter(name: str, kind: Any) -> Json:
    schema = TypeAdapter(kind).json_schema()
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": schema.pop("description"),
        "schema": schema,
    }


def _query_parameters(each: Operation, schemas: Json) -> list[Json]:
    if each.query is None:
        return []
    fields = schemas[each.query.__name__]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in fields.get("required", []),
            "description": schema.get("description", ""),
            "schema": _without_null(schema),
        }
        for name, schema in fields["properties"].items()
    ]


def _without_null(schema: Json) -> Json:
    """A query can't say null: a value that isn't wanted is left out."""
    kept = {k: v for k, v in schema.items() if k != "description" and (k, v) != ("default", None)}
    choices = [choice for choice in kept.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        return {**choices[0], **kept}
    return {**kept, "anyOf": choices} if choices else kept


def _header_parameters(each: Operation) -> list[Json]:
    found: list[Json] = []
    if each.takes_version:
        found.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": False,
                "description": "The version that was read (the ETag). If it is no longer the "
                "newest, the answer is 412 and nothing is changed.",
                "schema": {"type": "string"},
            }
        )
    if each.is_once:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "A name of your own for this request. Sent again with the same key "
                f"within a day, it isn't carried out again: the first answer comes, with "
                f"{REPLAYED}.",
                "schema": {
                    "type": "string",
                    "pattern": f"^[!-~]{{1,{IdempotencyKey.KEY_MAX}}}$",
                },
            }
        )
    return found
