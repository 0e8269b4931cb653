"""What an agent's output says about the stage: the last JSON object with an `outcome`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from app.runner.machine_format import Delta, is_event, message_in
from app.runner.plaintext import plain

Kind = Literal["next_stage", "prev_stage", "attention", "failed"]
KINDS: tuple[str, ...] = get_args(Kind)

_START = re.compile(r'\{\s*"')

EVENT = re.compile(r'^\{"type": ?"', re.MULTILINE)
"""A line of a machine format. If it is broken, what is inside it still isn't the agent's word."""

_DECODER = json.JSONDecoder(strict=False)

WORK_FACTOR = 20
"""How often the text is read over at most: output can be made so that it takes the square."""

LAST_RESORT = 65_536
"""Characters at the end that are looked at all the same."""

LINES_SHARE = 200
"""So much faster than read are lines counted."""

DEEP = 10_000
"""What an object too deeply nested counts as."""


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
    last: dict[str, Any] | None = None
    for said in messages(output):
        objects = _objects(plain(said)) if isinstance(said, str) else [said]
        for each in objects:
            last = each if "outcome" in each else last
    return _read(last) if last else None


def last_message(output: str) -> str:
    """The agent's last words in a machine format; the whole output if it isn't in one."""
    texts = [said for said in messages(output) if isinstance(said, str) and said.strip()]
    return texts[-1] if texts else output


def messages(output: str) -> Iterator[str | dict[str, Any]]:
    """What the agent says, in order: texts out of machine formats, and objects with an outcome.

    Prompts that are echoed and the results of tools are in machine formats too; they are left out.
    """
    parts: list[str] = []
    # What a progress bar overwrote on the screen counts too.
    for found in _objects(plain(output.replace("\r", "\n"))):
        said = message_in(found)
        if isinstance(said, Delta):
            parts.append(said.text)
            continue
        if parts:
            yield "".join(parts)
            parts = []
        if said is not None:
            yield said
        elif "outcome" in found and not (is_event(found) and found["outcome"] not in KINDS):
            yield found
    if parts:
        yield "".join(parts)


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text, outermost ones only, in order."""
    place, left = 0, WORK_FACTOR * len(text)
    while left >= 0 and (start := _START.search(text, place)):
        try:
            found, place = _DECODER.raw_decode(text, start.start())
        except json.JSONDecodeError as error:
            # The error itself counts the lines before it.
            left -= error.pos - start.start() + error.pos // LINES_SHARE
            place = _after_broken(text, start.start())
        except (RecursionError, ValueError):
            # ValueError: a number of more digits than Python converts.
            left -= DEEP
            place = _after_broken(text, start.start())
        else:
            yield found
    if left < 0 and len(text) > LAST_RESORT:
        yield from _objects(text[-LAST_RESORT:])


def _after_broken(text: str, place: int) -> int:
    """Where to look on after what looked like an object, and isn't."""
    if EVENT.match(text, place):
        line_end = text.find("\n", place)
        return line_end if line_end >= 0 else len(text)
    return place + 1


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
