"""JSON from strangers, read strictly: nothing is guessed; no text that can't be kept gets in."""

from __future__ import annotations

import json
import re
from typing import Any

from app.schemas.problems import FieldProblem

# PostgreSQL stores no NUL, and half a surrogate pair is no text.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Only an escape can bring such a character through the decoder.
SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
TEXTUAL = (str, list, dict)
# Of these their type, `ProgramText`, replaces what can't be stored.
WRITTEN_BY_PROGRAMS = {"output_tail", "comment", "reason"}
PROBLEMS_MAX = 20


class NotJson(Exception):
    """These bytes aren't JSON; the message is a sentence that says why."""


class Unstorable(Exception):
    """Some text in it can't be stored; `problems` says where."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__("Some text can't be stored.")
        self.problems = problems


def read_json(raw: bytes) -> Any:
    """The value that the bytes say; raises `NotJson`, `Unstorable`."""
    try:
        text = raw.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise NotJson(f"The body isn't valid UTF-8 (at byte {error.start + 1}).") from None
    except RecursionError:
        raise NotJson("The body is nested too deeply.") from None
    except ValueError as error:
        raise NotJson(f"The body isn't JSON: {error}.") from None
    if SUSPECT.search(text) and (problems := _unstorable(value)):
        raise Unstorable(problems)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {name[:100]!a} comes twice in one object")
        found[name] = value
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


def _unstorable(value: Any) -> list[FieldProblem]:
    """The places of texts that no database keeps. Without recursion: it may be nested deeply."""
    problems, left = [], [("", value)]
    while left:
        place, found = left.pop()
        if isinstance(found, str) and (bad := UNSTORABLE.search(found)):
            message = f"This holds U+{ord(bad.group()):04X}, which no text has; please remove it."
            problems.append(FieldProblem(field=_printable(place), message=message))
        elif isinstance(found, list):
            left.extend((f"{place}[{n}]", x) for n, x in enumerate(found) if isinstance(x, TEXTUAL))
        elif isinstance(found, dict):
            left.extend(
                (f"{place}.{name}".lstrip("."), item)
                for name, item in found.items()
                if name not in WRITTEN_BY_PROGRAMS or not isinstance(item, str)
            )
            left.extend((place or name, name) for name in found)
    return problems[:PROBLEMS_MAX]


def _printable(place: str) -> str:
    return UNSTORABLE.sub("�", place)[:200]
