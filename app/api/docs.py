"""The OpenAPI document as a page for people."""

from __future__ import annotations

import json
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from app.api.openapi import SCOPES, Json, document
from app.api.problems import KINDS, Kind
from app.values import immutable


@immutable
class Field:
    """A parameter, or a field of a schema. `schema`: the schema that it leads to."""

    name: str
    kind: str
    schema: str | None
    is_required: bool
    text: str


@immutable
class Schema:
    """What is sent or answered."""

    name: str
    text: str
    fields: list[Field]


@immutable
class Entry:
    """One operation."""

    name: str
    method: str
    path: str
    summary: str
    text: str
    scopes: list[str]
    parameters: list[Field]
    body: Schema | None
    answer: str | None
    statuses: list[str]
    example: str


@immutable
class Page:
    """All that the page shows."""

    about: str
    server: str
    scopes: dict[str, str]
    sections: dict[str, list[Entry]]
    schemas: list[Schema]
    problems: list[Kind]


@cache
def page() -> Page:
    """The page's content; it doesn't change while the process lives."""
    drawn = document()
    server = drawn["servers"][0]["url"]
    sections: dict[str, list[Entry]] = defaultdict(list)
    for path, method, described in _operations(drawn["paths"]):
        sections[described["tags"][0]].append(_entry(path, method, described, drawn, server))
    schemas = drawn["components"]["schemas"]
    return Page(
        about=drawn["info"]["description"],
        server=server,
        scopes=SCOPES,
        sections=sections,
        schemas=[_schema(name, schemas[name]) for name in sorted(schemas)],
        problems=list(KINDS.values()),
    )


def _operations(paths: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in paths.items():
        for method, described in methods.items():
            yield path, method.upper(), described


def _entry(path: str, method: str, described: Json, drawn: Json, server: str) -> Entry:
    schemas = drawn["components"]["schemas"]
    content = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = _name_of(content["schema"]) if content else None
    text, _, _ = described["description"].rpartition("Needs a token")
    return Entry(
        name=described["operationId"],
        method=method,
        path=path,
        summary=described["summary"],
        text=text.strip(),
        scopes=described["x-scopes"],
        parameters=[_parameter(each) for each in described["parameters"]],
        body=_schema(body, schemas[body]) if body else None,
        answer=_answer(described["responses"]),
        statuses=list(described["responses"]),
        example=_example(path, method, server, schemas.get(body), described["parameters"]),
    )


def _parameter(described: Json) -> Field:
    kind, schema = _kind(described["schema"])
    where = "" if described["in"] == "query" else f" ({described['in']})"
    return Field(
        described["name"], kind + where, schema, described["required"], described["description"]
    )


def _schema(name: str, described: Json) -> Schema:
    required = described.get("required", [])
    fields = [
        Field(field, *_kind(schema), field in required, schema.get("description", ""))
        for field, schema in described.get("properties", {}).items()
    ]
    return Schema(name, described.get("description", ""), fields)


def _kind(schema: Json) -> tuple[str, str | None]:
    """What kind of value it is, in words, and the schema that it leads to."""
    if "$ref" in schema:
        return _name_of(schema), _name_of(schema)
    if "anyOf" in schema:
        kinds = [_kind(choice) for choice in schema["anyOf"]]
        return " or ".join(kind for kind, _ in kinds), next((ref for _, ref in kinds if ref), None)
    if "enum" in schema:
        return " · ".join(str(choice) for choice in schema["enum"]), None
    if "const" in schema:
        return str(schema["const"]), None
    if schema.get("type") == "array":
        kind, ref = _kind(schema["items"])
        return f"list of {kind}", ref
    return str(schema.get("format") or schema.get("type", "any")) + _limits(schema), None


def _limits(schema: Json) -> str:
    if "maxLength" in schema:
        return f", at most {schema['maxLength']:,} characters"
    if "minimum" in schema and schema.get("maximum", 2**60) < 2**60:
        return f", {schema['minimum']:,} to {schema['maximum']:,}"
    return ""


def _name_of(schema: Json) -> str:
    return str(schema["$ref"]).rsplit("/", 1)[-1]


def _answer(responses: Json) -> str | None:
    for status in ("200", "201"):
        if status in responses:
            return _name_of(responses[status]["content"]["application/json"]["schema"])
    return None


def _example(
    path: str, method: str, server: str, body: Json | None, parameters: Iterable[Json]
) -> str:
    query = "&".join(f"{p['name']}=…" for p in parameters if p["in"] == "query" and p["required"])
    address = shlex.quote(f"{server}{path}" + (f"?{query}" if query else ""))
    parts = [
        "curl" if method == "GET" else f"curl -X {method}",
        '-H "Authorization: Bearer $TOKEN"',
    ]
    if body is not None:
        named = body.get("required") or list(body["properties"])[:1]
        said = {name: _sample(body["properties"][name]) for name in named}
        text = json.dumps(said, ensure_ascii=False)
        parts += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(text)}"]
    return " \\\n  ".join([*parts, f'"$URL"{address}'])


def _sample(schema: Json) -> Any:
    if "examples" in schema:
        return schema["examples"][0]
    if "items" in schema:
        return [_sample(schema["items"])]
    return 1 if schema.get("type") == "integer" else "…"
