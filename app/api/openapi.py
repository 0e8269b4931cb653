"""The OpenAPI 3.1 document, drawn from the operations and their schemas."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.api.parameters import parameters_of, path_of
from app.api.problems import CONTENT_TYPE, KINDS
from app.operations import Operation, routes
from app.schemas.base import Page, SchemaGenerator
from app.schemas.problems import Problem

Json = dict[str, Any]

ROOT, VERSION = "/api", "/v1"
REF = "#/components/schemas/{model}"

ABOUT = """\
A board for crews of AI agents: tickets move through an ordered plan of stages, each done by a
specialised worker or by a person.

A worker registers (`POST /workers`), claims (`POST /claims`), does the stage while it sends
heartbeats, and reports (`POST /runs/{run_id}/complete` and its siblings). Every report names the
`run_id` of the claim; a report on a run that is over is refused with `run_not_current`. The same
report twice gets the same answer. All times are the server's; a client's clock never matters.

A coordinator makes tickets (`POST /tickets`, `POST /tickets/bulk`), follows `GET /events`, and
steps in: hold, resume, retry, close, reopen, another plan.

Lists are paged: ask again with `next` as `cursor`. Errors are problem details (RFC 9457); `type`
leads to an explanation, `errors` names the fields at fault. Whatever the error, nothing was
changed. Fields that aren't known are errors too.
"""

SCOPES = {
    "read": "look at everything (every token may)",
    "work": "register workers, claim stages and report on them",
    "plan": "make and change projects, worker types and tickets; process events",
    "admin": "all of that, and delete projects and worker types",
}

NEXT_STEPS = {
    "claim_stage": {
        name: {"run_id": "$response.body#/run/run_id"}
        for name in (
            "complete_stage",
            "return_stage",
            "request_attention",
            "fail_stage",
            "release_stage",
            "get_run",
        )
    },
    "register_worker": {
        name: {"worker_id": "$response.body#/worker_id"} for name in ("heartbeat", "worker_stopped")
    },
}
"""What an answer is made for: operations, and what they take from it."""


@cache
def document() -> Json:
    """The whole document; it doesn't change while the process lives."""
    described = routes()
    models = _models(described)
    _, found = models_json_schema(models, ref_template=REF, schema_generator=SchemaGenerator)
    queries = {each.query.__name__ for each in described if each.query}
    schemas = {name: s for name, s in found["$defs"].items() if name not in queries}
    paths: Json = {}
    for each in described:
        paths.setdefault(path_of(each), {})[each.method.lower()] = _operation(each, found["$defs"])
    return {
        "openapi": "3.1.0",
        "info": {"title": "Callboard", "version": "1", "description": _unwrapped(ABOUT)},
        "servers": [{"url": ROOT + VERSION}],
        "security": [{"token": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(each.tag for each in described)],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": _security()},
            "headers": _headers(),
            "responses": {str(status): _problem(status) for status in _problem_statuses()},
        },
    }


def _models(described: list[Operation]) -> list[tuple[type[BaseModel], JsonSchemaMode]]:
    sent = {model for each in described for model in (each.query, each.body) if model}
    answered = {each.response for each in described if each.response} | {Problem}
    return [
        *((model, "validation") for model in sorted(sent, key=_name)),
        *((model, "serialization") for model in sorted(answered, key=_name)),
    ]


def _name(model: type[BaseModel]) -> str:
    return model.__name__


def _operation(each: Operation, schemas: Json) -> Json:
    summary, _, rest = each.about.partition("\n")
    described: Json = {
        "operationId": each.name,
        "tags": [each.tag],
        "summary": summary,
        "description": _description(each, rest),
        "x-scopes": list(each.scopes),
        "parameters": parameters_of(each, schemas),
        "responses": _responses(each),
    }
    if each.body:
        described["requestBody"] = {
            "required": each.needs_body,
            "content": {"application/json": {"schema": _ref(each.body)}},
        }
    return described


def _description(each: Operation, rest: str) -> str:
    scopes = " or ".join(f"`{scope}`" for scope in each.scopes)
    return f"{_unwrapped(rest)}\n\nNeeds a token with the scope {scopes}.".strip()


def _unwrapped(text: str) -> str:
    """One line a paragraph: in Markdown a line's end may become a line break."""
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))


def _responses(each: Operation) -> Json:
    found: Json = {}
    if each.response:
        found[str(each.status)] = _success(each, each.response)
    if each.is_optional:
        found["204"] = {"description": "There is nothing to tell."}
    for status in _refusals(each):
        found[str(status)] = {"$ref": f"#/components/responses/{status}"}
    return found


def _success(each: Operation, answer: type[BaseModel]) -> Json:
    headers: Json = {}
    if each.status == HTTPStatus.CREATED:
        headers["Location"] = {"$ref": "#/components/headers/Location"}
    if "version" in answer.model_fields:
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}
    if issubclass(answer, Page):
        headers["Link"] = {"$ref": "#/components/headers/Link"}
    steps = NEXT_STEPS.get(each.name, {})
    return {
        "description": (answer.__doc__ or "").partition("\n")[0],
        "headers": headers,
        "content": {"application/json": {"schema": _ref(answer)}},
        "links": {n: {"operationId": n, "parameters": taken} for n, taken in steps.items()},
    }


def _refusals(each: Operation) -> list[int]:
    statuses = {400, 401, 403, 422, 500, 503}
    if "<" in each.rule:
        statuses |= {404}
    if each.method != "GET":
        statuses |= {404, 409}
    if each.body:
        statuses |= {413, 415}
    if each.takes_version:
        statuses |= {412}
    return sorted(statuses)


def _problem_statuses() -> list[int]:
    return sorted({kind.status for kind in KINDS.values()})


def _problem(status: int) -> Json:
    kinds = [kind for kind in KINDS.values() if kind.status == status]
    headers = {401: "WWW-Authenticate", 405: "Allow", 503: "Retry-After"}
    described: Json = {
        "description": " ".join(f"`{kind.name}`: {kind.title}. {kind.advice}" for kind in kinds),
        "content": {CONTENT_TYPE: {"schema": _ref(Problem)}},
    }
    if name := headers.get(status):
        described["headers"] = {name: {"$ref": f"#/components/headers/{name}"}}
    return described


def _headers() -> Json:
    texts = {
        "Location": "Where it can be read again, if it can.",
        "ETag": "Its version, for If-Match.",
        "Link": 'The address of the next page, with rel="next"; absent at the end.',
        "WWW-Authenticate": "How to authenticate.",
        "Allow": "The methods that are possible here.",
        "Retry-After": "After how many seconds to send it again.",
    }
    return {
        name: {"description": text, "schema": {"type": "string"}} for name, text in texts.items()
    }


def _security() -> Json:
    scopes = "; ".join(f"`{name}`: {text}" for name, text in SCOPES.items())
    return {
        "type": "http",
        "scheme": "bearer",
        "description": "A token, made by an operator with `callboard token create NAME --scope "
        f"work`. Scopes: {scopes}. A token may be bound to one project; what it can't see is 404.",
    }


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": REF.format(model=model.__name__)}
