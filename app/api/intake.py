"""What a request brings, read and checked before any transaction begins.

The body is read whole first: a slow client costs a thread, but never holds the database's lock.
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from app.api.problems import Refused
from app.bodies import read_body
from app.models import IdempotencyKey
from app.schemas import json_text
from app.schemas.problems import FieldProblem, problems_of

M = TypeVar("M", bound=BaseModel)

KEY: Final = re.compile(rf"[\x21-\x7e]{{1,{IdempotencyKey.KEY_MAX}}}")
ETAG: Final = re.compile(r'"?([0-9]{1,18})"?')
NO_VERSION = -1
"""A version that nothing has: what `If-Match` names when it names none of ours."""


def read_json(*, is_required: bool) -> Any:
    """The body as JSON. One that may be left out is then an empty object."""
    raw = _read_body()
    if not raw and not is_required:
        return {}
    if request.mimetype != "application/json":
        given = f"“{request.mimetype}”" if request.mimetype else "no content type"
        raise Refused(
            "not_json_type", f"This takes application/json; the request came with {given}."
        )
    try:
        return json_text.read_json(raw)
    except json_text.NotJson as error:
        raise Refused("not_json", str(error)) from None
    except json_text.Unstorable as error:
        raise Refused("invalid", str(error), error.problems) from None


def checked(model: type[M], value: Any, what: str) -> M:
    """The value as the model, or a refusal that names each field at fault."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = problems_of(error)
        count = len(problems)
        wrong = "One thing is" if count == 1 else f"{count} things are"
        raise Refused("invalid", f"{wrong} wrong with the {what}.", problems) from None


def read_query() -> dict[str, str]:
    """The part of the address after the question mark; each name may come once."""
    values: dict[str, str] = {}
    for name, given in request.args.lists():
        if len(given) > 1:
            problem = FieldProblem(field=name[:200], message="This may be given only once.")
            raise Refused("invalid", "The address says one thing more than once.", [problem])
        values[name] = given[0]
    return values


def read_if_match() -> int | None:
    """The version that the header `If-Match` names. None: any will do."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    found = ETAG.fullmatch(header.strip())
    return int(found[1]) if found else NO_VERSION


def read_idempotency_key() -> str | None:
    """The header `Idempotency-Key`; None: none was sent."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        message = f"One to {IdempotencyKey.KEY_MAX} visible ASCII characters, without spaces."
        problem = FieldProblem(field="Idempotency-Key", message=message)
        raise Refused("invalid", "The Idempotency-Key can't be used.", [problem])
    return key


def _read_body() -> bytes:
    try:
        return read_body()
    except RequestEntityTooLarge as error:
        raise Refused("too_large", error.description or "") from None
