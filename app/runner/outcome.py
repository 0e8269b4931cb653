"""What an agent's output says about the stage: the last JSON object with an `outcome`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from app.runner.plaintext import plain

Kind = Literal["next_stage", "prev_stage", "attention", "failed"]
KINDS: tuple[str, ...] = get_args(Kind)

_START = re.compile(r'\{\s*"')
_DECODER = json.JSONDecoder(strict=False)

WORK_FACTOR = 20
"""How often the text is read over at most: output can be made so that it takes the square."""

LAST_RESORT = 65_536
"""Characters at the end that are looked at all the same."""

LINES_SHARE = 200
"""So much faster than read are lines counted."""

DEEP = 10_000
"""What an object too deeply nested counts as."""

ENVELOPES = ("result", "structured_output")
"""Members that hold the agent's words in what `claude -p --output-format json` prints."""


class BadOutcome(Exception):
    """There is an object with an outcome, but it can't be understood; the message says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the stage ended, in the agent's words."""

    kind: Kind
    comment: str = ""
    reason: str = ""
    to_stage: int | str | None = None


def find_outcome(output: str) -> Outcome | None:
    """The outcome that the output tells; None when it tells none. Raises `BadOutcome`."""
    last = None
    # What a progress bar overwrote on the screen counts too.
    for found in _objects(plain(output.replace("\r", "\n"))):
        last = _opened(found) or last
    return _read(last) if last else None


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text, outermost ones only, in order."""
    place, left = 0, WORK_FACTOR * len(text)
    while left >= 0 and (start := _START.search(text, place)):
        try:
            found, place = _DECODER.raw_decode(text, start.start())
        except json.JSONDecodeError as error:
            # The error itself counts the lines before it.
            left -= error.pos - start.start() + error.pos // LINES_SHARE
            place = start.start() + 1
        except (RecursionError, ValueError):
            # ValueError: a number of more digits than Python converts.
            left -= DEEP
            place = start.start() + 1
        else:
            yield found
    if left < 0 and len(text) > LAST_RESORT:
        yield from _objects(text[-LAST_RESORT:])


def _opened(found: dict[str, Any]) -> dict[str, Any] | None:
    """The object itself if it has an outcome, or the one in the envelope that it is."""
    if "outcome" in found:
        return found
    for name in ENVELOPES:
        inner = found.get(name)
        if isinstance(inner, dict) and "outcome" in inner:
            return inner
        if isinstance(inner, str):
            within = [each for each in _objects(plain(inner)) if "outcome" in each]
            if within:
                return within[-1]
    return None


def _read(found: dict[str, Any]) -> Outcome:
    kind, to_stage = found["outcome"], found.get("to_stage")
    if kind not in KINDS:
        shown = json.dumps(kind)[:80]
        raise BadOutcome(f"its outcome is {shown}, which is none of {', '.join(KINDS)}")
    if isinstance(to_stage, str) and to_stage.strip().isdecimal() and len(to_stage) < 10:
        to_stage = int(to_stage)
    if isinstance(to_stage, bool) or not isinstance(to_stage, int | str | None):
        raise BadOutcome("its to_stage is neither a stage's number nor its name")
    return Outcome(kind, _text(found.get("comment")), _text(found.get("reason")), to_stage)


def _text(value: Any) -> str:
    """What was said; an agent that answers with a list or an object has said something too."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return plain(text).strip()
