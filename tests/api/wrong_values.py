"""Schemathesis loads this file: of what it generates, a wrong value of a field is sent once."""

from __future__ import annotations

import json

import schemathesis
from schemathesis import Case, HookContext
from schemathesis.generation.meta import CoveragePhaseData

_sent: set[str] = set()


@schemathesis.hook
def filter_case(_context: HookContext, case: Case) -> bool:
    """Whether it is new to send: no operation was sent this wrong value in a field of this name.

    All operations have their fields read by the same code (`app/operations`), which knows nothing
    of them but the schema. What is right goes to each of them; so does what is wrong with a
    request as a whole: its method, its content type, a field that is missing or unknown.
    """
    if case.meta is None or not isinstance(wrong := case.meta.phase.data, CoveragePhaseData):
        return True
    values = {"query": case.query, "path": case.path_parameters, "body": case.body}
    where = wrong.parameter_location and wrong.parameter_location.value
    # Of a body only the place in its schema is told, such as /properties/labels/items/type.
    place = f"{wrong.location}/".removeprefix("/properties/").partition("/")[0]
    field = place if where == "body" else wrong.parameter
    held = values.get(where or "")
    if case.meta.generation.mode == "positive" or not isinstance(held, dict) or field not in held:
        return True
    value = json.dumps([where, field, held[field]], sort_keys=True, default=repr)
    is_new = value not in _sent
    _sent.add(value)
    return is_new
